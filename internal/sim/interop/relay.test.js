// socket.io-client, unmodified, behind the stream relay: it hears what it would hear from bitbank, stays connected through an outage,
// and may know what it missed.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { io } from 'socket.io-client';
import { MergedBook } from './merge.js';
import { eventually, openWorld, root } from './world.js';

const dir = mkdtempSync(join(tmpdir(), 'hikeshi-relay-'));
let world, relay, address;
const open = [];
before(async () => {
  execFileSync('go', ['build', '-o', join(dir, 'relay'), './internal/sim/interop/relay'], { cwd: root, stdio: 'inherit' });
  world = await openWorld({ flags: ['--query-limit', '10000'] });
  relay = spawn(join(dir, 'relay'), ['-upstream', world.hosts.stream], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  relay.stdout.on('data', (b) => (out += b));
  await eventually('the relay listens', () => out.includes('\n'));
  address = out.trim();
});
afterEach(async () => {
  for (const s of open.splice(0)) s.close();
  await world.heal();
});
after(async () => {
  relay.kill('SIGINT');
  rmSync(dir, { recursive: true, force: true });
  await world.close();
});

// listen joins rooms as bots do, at every connect, and keeps what it hears. A bot that knows marks keeps them, too.
function listen(rooms, { marks = true, ...options } = {}) {
  const socket = io(address, { transports: ['websocket'], reconnectionDelay: 50, ...options });
  const bot = { socket, heard: Object.fromEntries(rooms.map((r) => [r, []])), marks: [], cuts: [] };
  socket.on('connect', () => rooms.forEach((r) => socket.emit('join-room', r)));
  socket.on('message', (m) => bot.heard[m.room_name].push(m.message.data));
  socket.on('disconnect', (reason) => bot.cuts.push(reason));
  if (marks) socket.on('hikeshi', (m) => bot.marks.push(m));
  open.push(socket);
  return bot;
}

test('every room, over both transports', async () => {
  const rooms = ['ticker', 'transactions', 'depth_diff', 'depth_whole', 'circuit_break_info'].map((k) => `${k}_btc_jpy`);
  for (const transports of [['websocket'], ['polling'], ['polling', 'websocket']]) {
    const { socket, heard } = listen(rooms, { transports });
    await eventually(`all rooms over ${transports}`, () => rooms.every((r) => heard[r].length > 0));
    if (transports.length > 1) await eventually('the upgrade', () => socket.io.engine.transport.name === 'websocket');
  }
});

test('an outage of bitbank leaves the connection open, the book true, and marks for those who know them', async () => {
  const rooms = ['depth_whole_btc_jpy', 'depth_diff_btc_jpy'];
  const knowing = listen([...rooms, 'ticker_btc_jpy']);
  const plain = listen(rooms, { marks: false });
  const direct = io(world.hosts.stream, { transports: ['websocket'] });
  open.push(direct);
  let theirs;
  const ours = new MergedBook();
  const feed = (book, m) => (m.room_name === rooms[0] ? book.whole(m.message.data) : book.diff(m.message.data));
  direct.on('connect', () => {
    theirs = new MergedBook(); // who was cut begins anew; behind the relay nobody has to
    rooms.forEach((r) => direct.emit('join-room', r));
  });
  direct.on('message', (m) => feed(theirs, m));
  plain.socket.on('message', (m) => feed(ours, m));
  await eventually('books', () => theirs?.states.length > 20 && ours.states.length > 20);

  const began = Date.now();
  await world.fault({ host: 'stream', effect: 'refuse', for_ms: 3000 });
  await world.fault({ host: 'stream', effect: 'close_stream', for_ms: 500 });
  const of = (kind, room) => knowing.marks.find((m) => m.kind === kind && m.room === room && m.from >= began - 5000);
  await eventually('the losses', () => of('lost', rooms[1]) && of('lost', 'ticker_btc_jpy'));
  const silent = plain.heard[rooms[1]].length;
  await eventually('the gaps', () => of('gap', rooms[0]) && of('gap', rooms[1]) && of('gap', 'ticker_btc_jpy'));
  const gap = of('gap', rooms[1]);
  assert.equal(gap.reason, 'upstream');
  assert.ok(gap.from >= began - 1000 && gap.to > gap.from + 2000 && gap.to <= Date.now(), JSON.stringify(gap));

  // The books meet again, and agree wherever they do: far from the touch a book is as old as its last whole.
  const top = (b) => ({ asks: b.asks.slice(0, 100), bids: b.bids.slice(0, 100) });
  const resumed = ours.states.length;
  await eventually('more', () => ours.states.length > resumed + 30 && plain.heard[rooms[1]].length > silent + 5 && theirs.states.length > 30);
  let compared = 0;
  for (const [sequence, asks, bids] of ours.states.slice(resumed)) {
    const at = theirs.at(sequence);
    if (!at || theirs.states.every((s) => s[0] !== sequence)) continue;
    assert.deepEqual(top({ asks, bids }), top(at), `at ${sequence}`);
    compared++;
  }
  assert.ok(compared > 10, `${compared} states were compared`);
  assert.deepEqual([knowing.cuts, plain.cuts], [[], []]);
  assert.ok(plain.socket.connected);
});

test('a room that bitbank does not have is silent, and a knowing bot is told', async () => {
  const bot = listen(['ticker_btc', 'depth_whole_btc_jpy']);
  await eventually('the other room', () => bot.heard.depth_whole_btc_jpy.length > 0);
  assert.deepEqual(bot.marks.filter((m) => m.kind === 'refused'), [{ kind: 'refused', room: 'ticker_btc', reason: 'no_room' }]);
  assert.equal(bot.heard.ticker_btc.length, 0);
});

test('a web page is refused', async () => {
  const bot = listen([], { extraHeaders: { Origin: 'https://evil.example' }, reconnection: false });
  const error = await new Promise((resolve) => bot.socket.once('connect_error', resolve));
  assert.match(String(error.description?.message ?? error.message), /403|websocket error/);
  assert.ok(!bot.socket.connected);
});
