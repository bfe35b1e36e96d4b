// A world for the tests: the program's own simulator, and its own daemon watching it.
import { execFileSync, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const program = process.env.HIKESHI ?? resolve(import.meta.dirname, "../../../bin/hikeshi");

// The simulator's hosts take ports from the base on, its private host the second; the configuration that it writes puts
// the gateway at base + 50 and the dashboard at base + 60, and its control interface is at base + 99. Below 32768, where Linux begins to hand out ports of its own.
const exchange = 1;
const gateway = 50;
const dashboard = 60;
const control = 99;

export class World {
  #sim;
  #daemon;
  #dir = mkdtempSync(join(tmpdir(), "hikeshi-browser-"));

  static async begin() {
    const w = new World();
    w.base = await freePorts();
    w.url = `http://127.0.0.1:${w.base + dashboard}`;
    w.#sim = run({}, "sim", "--port-base", String(w.base), "--write-config", w.#config);
    await until("the simulator answers", () => w.control("GET", "/hosts"));
    return w;
  }

  get #config() {
    return join(this.#dir, "hikeshi.yaml");
  }

  // watch starts the daemon and returns as soon as it listens, which is before its first looks are over.
  async watch() {
    this.#daemon = run({}, "run", "--config", this.#config);
    await until("the dashboard answers", () => fetch(`${this.url}/healthz`));
  }

  // kill ends the daemon as a crash would.
  async kill() {
    const over = once(this.#daemon, "exit");
    this.#daemon.kill("SIGKILL");
    await over;
  }

  // freeze makes the daemon hang until what it returns is called.
  freeze() {
    this.#daemon.kill("SIGSTOP");
    return () => this.#daemon.kill("SIGCONT");
  }

  async control(method, path, body) {
    const answer = await fetch(`http://127.0.0.1:${this.base + control}${path}`, { method, body: body && JSON.stringify(body) });
    if (!answer.ok) {
      throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    }
    return answer.json();
  }

  // fails makes hosts fail and returns what ends that.
  async fails(effect, ...hosts) {
    const faults = [];
    for (const host of hosts) {
      faults.push((await this.control("POST", "/faults", { host, effect })).id);
    }
    return async () => {
      for (const id of faults) {
        await this.control("DELETE", `/faults/${id}`);
      }
    };
  }

  // fault lets something happen to the next requests to the private host.
  fault(what) {
    return this.control("POST", "/faults", { host: "private", ...what });
  }

  // link is what opens the pages about money.
  link() {
    return execFileSync(program, ["link", "--config", this.#config], { encoding: "utf8" }).trim();
  }

  // order has a bot place an order through the gateway, and byHand its owner at the exchange itself.
  order(what) {
    return place(this.base + gateway, "bot-key", "bot-secret", what);
  }

  byHand(what) {
    return place(this.base + exchange, "sim-key", "sim-secret", what);
  }

  // truth are the ids of the orders of an amount, as the exchange knows them.
  async truth(amount) {
    const { orders } = await this.control("GET", "/truth");
    return orders.filter((o) => Number(o.start_amount) === Number(amount)).map((o) => o.order_id);
  }

  // calm ends what a failed test left behind.
  async calm() {
    for (const fault of (await this.control("GET", "/faults")).faults) {
      await this.control("DELETE", `/faults/${fault.id}`);
    }
    await this.control("POST", "/pairs/btc_jpy", { status: "NORMAL" });
  }

  async verdict(lang = "ja") {
    const answer = await fetch(`${this.url}/api/v1/verdict?lang=${lang}`);
    return answer.ok ? answer.json() : {};
  }

  async scope(want) {
    await until(`the verdict is ${want}`, async () => {
      if ((await this.verdict()).scope !== want) {
        throw new Error(JSON.stringify(await this.verdict()));
      }
    });
  }

  async end() {
    await stop(this.#daemon);
    await stop(this.#sim);
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

// A Demo is what `hikeshi demo` shows, in Japanese.
export class Demo {
  said = ""; // on its standard output

  static async begin() {
    const d = new Demo();
    d.base = await freePorts();
    d.child = run({ stdout: "pipe" }, "demo", "--lang", "ja", "--port-base", String(d.base));
    d.child.stdout.setEncoding("utf8").on("data", (text) => { d.said += text; });
    await until("the demo prints its link", async () => { [d.link] = d.said.match(/http\S+login\?token=\w+/); });
    d.url = new URL(d.link).origin;
    return d;
  }

  // truth are the orders of the simulated bitbank.
  async truth() {
    return (await (await fetch(`http://127.0.0.1:${this.base + control}/truth`)).json()).orders;
  }

  end() {
    return stop(this.child);
  }
}

async function stop(child) {
  if (child && child.exitCode === null && child.signalCode === null) {
    const over = once(child, "exit");
    child.kill("SIGINT");
    await over;
  }
}

// limit is a small order far from the market.
export const limit = (amount) => ({ pair: "btc_jpy", side: "buy", type: "limit", price: "9000000", amount });

async function place(port, key, secret, what) {
  const [body, time, window] = [JSON.stringify(what), String(Date.now()), "5000"];
  const answer = await fetch(`http://127.0.0.1:${port}/v1/user/spot/order`, {
    method: "POST",
    body,
    headers: {
      "Content-Type": "application/json",
      "ACCESS-KEY": key,
      "ACCESS-REQUEST-TIME": time,
      "ACCESS-TIME-WINDOW": window,
      "ACCESS-SIGNATURE": createHmac("sha256", secret).update(time + window + body).digest("hex"),
    },
  });
  return answer.json();
}

function run({ stdout = "ignore" }, ...args) {
  const child = spawn(program, args, { stdio: ["ignore", stdout, "pipe"] });
  child.stderr.setEncoding("utf8").on("data", (text) => process.stderr.write(`hikeshi ${args[0]}: ${text}`));
  child.on("error", (err) => {
    throw new Error(`${program}: ${err.message}; \`make build\` makes it`);
  });
  return child;
}

// until tries something again until it does not throw, for as long as the slowest verdict may take.
export async function until(what, attempt, limit = 30_000) {
  const end = Date.now() + limit;
  for (;;) {
    try {
      return await attempt();
    } catch (err) {
      if (Date.now() > end) {
        throw new Error(`after ${limit} ms: not ${what}: ${err.message}`);
      }
      await pause(50);
    }
  }
}

// freePorts begins far from where the test files that run beside this one do.
async function freePorts() {
  for (let base = 20_000 + ((process.pid * 37) % 100) * 100; base < 32_000; base += 100) {
    const ports = [...Array(30).keys(), gateway, dashboard, control].map((n) => base + n);
    if ((await Promise.all(ports.map(free))).every(Boolean)) {
      return base;
    }
  }
  throw new Error("no hundred ports are free");
}

function free(port) {
  return new Promise((settle) => {
    const server = createServer();
    server.once("error", () => settle(false));
    server.listen(port, "127.0.0.1", () => server.close(() => settle(true)));
  });
}
