// A simulated world for one test file: `hikeshi sim` as a process of its own, as a user starts it.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

// root is the folder of the whole project.
export const root = fileURLToPath(new URL('../../..', import.meta.url));

// program is what `make build` has built; where nobody has, it is built aside.
function program(dir) {
  const built = join(root, 'bin', 'hikeshi');
  if (process.env.HIKESHI) return process.env.HIKESHI;
  if (existsSync(built)) return built;
  const own = join(dir, 'hikeshi');
  execFileSync('go', ['build', '-o', own, './cmd/hikeshi'], { cwd: root, stdio: 'inherit' });
  return own;
}

const ports = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 20, 21, 22, 50, 60, 99];

const free = (port) =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

// bases are hundreds of ports below those that systems give to clients. Two files that run at once begin apart.
async function* bases() {
  for (let i = 0; i < 110; i++) {
    const base = 21000 + ((process.pid + i) % 110) * 100;
    if ((await Promise.all(ports.map((p) => free(base + p)))).every(Boolean)) yield base;
  }
  throw new Error('no hundred ports are free');
}

// start returns a simulator that has its ports, or undefined when somebody else was quicker to take one.
async function start(path, base, seed, config, flags) {
  const child = spawn(path, ['sim', '--port-base', String(base), '--seed', String(seed), '--write-config', config, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const s = { child, out: '', err: '', ended: new Promise((resolve) => child.once('exit', resolve)) };
  child.stdout.on('data', (b) => (s.out += b));
  child.stderr.on('data', (b) => (s.err += b));
  const until = Date.now() + 10_000;
  // It prints its addresses when all of them are its own.
  while (!s.out.includes(`http://127.0.0.1:${base + 99}`)) {
    if (child.exitCode !== null && s.err.includes(String(base))) return undefined;
    if (child.exitCode !== null || Date.now() > until) throw new Error(`hikeshi sim does not start: ${s.out}${s.err}`);
    await sleep(20);
  }
  return s;
}

// openWorld starts a simulator and returns its hosts, its control interface, and close. Flags are further ones of
// `hikeshi sim`, such as ['--update-limit', '1000'].
export async function openWorld({ seed = 7, flags = [] } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'hikeshi-interop-'));
  const path = program(dir);
  for await (const base of bases()) {
    const sim = await start(path, base, seed, join(dir, 'sim.yaml'), flags);
    if (sim) return world(sim, base, dir, path);
  }
}

// addBots gives the configuration bots whose keys are bot-0, bot-1 and so on, and whose secrets are the same.
function addBots(dir, n) {
  const file = join(dir, 'sim.yaml');
  let entries = '';
  for (let i = 0; i < n; i++) {
    writeFileSync(join(dir, `bot-${i}`), `bot-${i}\n`, { mode: 0o600 });
    entries += `  - {name: bot-${i}, id_file: bot-${i}, secret_file: bot-${i}, answer_ms: 2500, types: [limit], largest: {btc_jpy: "1"}}\n`;
  }
  writeFileSync(file, readFileSync(file, 'utf8').replace('  bots:\n', `  bots:\n${entries}`));
}

// begin starts the daemon on a simulator's configuration, and waits until its gateway has read the account.
async function begin(path, config, gateway) {
  const child = spawn(path, ['run', '--config', config, '--lang', 'en'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const d = { child, err: '', ended: new Promise((resolve) => child.once('exit', resolve)) };
  child.stdout.resume();
  child.stderr.on('data', (b) => (d.err += b));
  await eventually('the gateway opens', async () => {
    if (child.exitCode !== null) throw new Error(`hikeshi run ended with ${child.exitCode}: ${d.err}`);
    return fetch(`${gateway}/btc_jpy/ticker`).then((r) => r.ok, () => false);
  });
  await sleep(2000);
  return d;
}

async function world({ child, ended, ...sim }, base, dir, path) {
  const gateway = `http://127.0.0.1:${base + 50}`;
  let daemon;
  const call = async (method, path, body) => {
    const r = await fetch(`http://127.0.0.1:${base + 99}${path}`, { method, body: body && JSON.stringify(body) });
    const got = await r.json();
    if (!r.ok) throw new Error(`${method} ${path}: ${got.error}`);
    return got;
  };
  return {
    hosts: await call('GET', '/hosts'),
    call,
    fault: (f) => call('POST', '/faults', f),
    heal: () => call('DELETE', '/faults'),
    // open starts the daemon, with so many bots that node-bitbankcc's patience fits, and returns the address of its gateway.
    open: async (bots = 0) => {
      addBots(dir, bots);
      daemon = await begin(path, join(dir, 'sim.yaml'), gateway);
      return gateway;
    },
    close: async () => {
      daemon?.child.kill('SIGKILL');
      child.kill('SIGTERM');
      const code = await ended;
      rmSync(dir, { recursive: true, force: true });
      if (code !== 0) throw new Error(`hikeshi sim ended with ${code}: ${sim.err}`);
    },
  };
}

// eventually waits for something that sockets decide about.
export async function eventually(what, ok, within = 20_000) {
  const until = Date.now() + within;
  for (;;) {
    const got = await ok();
    if (got) return got;
    if (Date.now() > until) throw new Error(`did not happen within ${within} ms: ${what}`);
    await sleep(20);
  }
}
