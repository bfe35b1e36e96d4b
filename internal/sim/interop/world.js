// A simulated world for one test file: `hikeshi sim` as a process of its own, as a user starts it.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

// program is what `make build` has built; where nobody has, it is built aside.
function program(dir) {
  const built = join(root, 'bin', 'hikeshi');
  if (process.env.HIKESHI) return process.env.HIKESHI;
  if (existsSync(built)) return built;
  const own = join(dir, 'hikeshi');
  execFileSync('go', ['build', '-o', own, './cmd/hikeshi'], { cwd: root, stdio: 'inherit' });
  return own;
}

const free = (port) =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

// freeBase finds a hundred ports of which the first and the last are free. Two files that run at once begin apart.
async function freeBase() {
  for (let base = 21100 + (process.pid % 200) * 100; base < 60000; base += 100) {
    if ((await free(base)) && (await free(base + 99))) return base;
  }
  throw new Error('no hundred ports are free');
}

// openWorld starts a simulator and returns its hosts, its control interface, and close.
export async function openWorld({ seed = 7 } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'hikeshi-interop-'));
  const base = await freeBase();
  const args = ['sim', '--port-base', String(base), '--seed', String(seed), '--write-config', join(dir, 'sim.yaml')];
  const child = spawn(program(dir), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const out of [child.stdout, child.stderr]) out.on('data', (b) => (said += b));
  const ended = new Promise((resolve) => child.once('exit', resolve));

  const control = `http://127.0.0.1:${base + 99}`;
  const call = async (method, path, body) => {
    const r = await fetch(control + path, { method, body: body && JSON.stringify(body) });
    const got = await r.json();
    if (!r.ok) throw new Error(`${method} ${path}: ${got.error}`);
    return got;
  };
  const until = Date.now() + 10_000;
  let hosts;
  while (!hosts) {
    if (child.exitCode !== null || Date.now() > until) throw new Error(`hikeshi sim does not answer: ${said}`);
    hosts = await call('GET', '/hosts').catch(() => sleep(20));
  }
  return {
    hosts,
    call,
    fault: (f) => call('POST', '/faults', f),
    heal: () => call('DELETE', '/faults'),
    close: async () => {
      child.kill('SIGTERM');
      const code = await ended;
      rmSync(dir, { recursive: true, force: true });
      if (code !== 0) throw new Error(`hikeshi sim ended with ${code}: ${said}`);
    },
  };
}

// eventually waits for something that sockets decide about.
export async function eventually(what, ok, within = 5000) {
  const until = Date.now() + within;
  for (;;) {
    const got = await ok();
    if (got) return got;
    if (Date.now() > until) throw new Error(`did not happen within ${within} ms: ${what}`);
    await sleep(20);
  }
}
