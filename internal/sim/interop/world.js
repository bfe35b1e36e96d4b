// A simulated world for one test file: `hikeshi sim` as a process of its own, as a user starts it.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
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

const ports = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 20, 21, 22, 99];

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
    if (sim) return world(sim, base, dir);
  }
}

async function world({ child, ended, ...sim }, base, dir) {
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
    close: async () => {
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
