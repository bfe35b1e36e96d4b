// socket.io-client, the library that bitbank's documents name, on the public stream.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { io } from 'socket.io-client';
import { eventually, openWorld } from './world.js';

let world, calm, beats;
const open = [];
before(async () => {
  world = await openWorld();
  calm = await openWorld(); // without faults, for what takes as long as it takes
  beats = heartbeat();
  beats.catch(() => {}); // the last test looks at it
});
afterEach(async () => {
  for (const s of open.splice(0)) s.close();
  await world.heal();
});
after(async () => {
  await world.close();
  await calm.close();
});

// heartbeat waits for the server's first question, Engine.IO's "2", and returns how many seconds it took.
async function heartbeat() {
  const socket = io(calm.hosts.stream, { transports: ['websocket'], reconnection: false });
  const opened = await new Promise((resolve, reject) => {
    socket.io.engine.once('open', () => resolve(Date.now()));
    socket.once('connect_error', reject);
  });
  await new Promise((resolve, reject) => {
    socket.io.engine.once('ping', resolve);
    socket.once('disconnect', reject);
  });
  const waited = (Date.now() - opened) / 1000;
  assert.ok(socket.connected);
  socket.close();
  return waited;
}


// listen joins rooms, again after every connect, and keeps what they say.
function listen(rooms, options = {}) {
  const socket = io(world.hosts.stream, { transports: ['websocket'], reconnectionDelay: 50, ...options });
  const heard = Object.fromEntries(rooms.map((r) => [r, []]));
  socket.on('connect', () => rooms.forEach((r) => socket.emit('join-room', r)));
  socket.on('message', (m) => heard[m.room_name].push(m.message.data));
  open.push(socket);
  return { socket, heard };
}

test('long polling and the upgrade from it work too', async () => {
  for (const transports of [['polling'], ['polling', 'websocket']]) {
    const { socket, heard } = listen(['depth_whole_xrp_jpy'], { transports });
    await eventually(`a message over ${transports}`, () => heard.depth_whole_xrp_jpy.length > 0);
    if (transports.length > 1) await eventually('the upgrade', () => socket.io.engine.transport.name === 'websocket');
  }
});

test('a client that leaves a room hears no more of it', async () => {
  const { socket, heard } = listen(['depth_whole_btc_jpy', 'depth_diff_btc_jpy']);
  await eventually('both rooms', () => heard.depth_whole_btc_jpy.length > 0 && heard.depth_diff_btc_jpy.length > 0);
  socket.emit('leave-room', 'depth_diff_btc_jpy');
  const [wholes, diffs] = [heard.depth_whole_btc_jpy.length, heard.depth_diff_btc_jpy.length];
  await eventually('the other room to go on', () => heard.depth_whole_btc_jpy.length > wholes + 1);
  // What was on its way when the client left still arrives.
  assert.ok(heard.depth_diff_btc_jpy.length - diffs <= 3);
});

test('a cut client comes back by itself, and its rooms are forgotten', async () => {
  const { socket, heard } = listen(['depth_whole_btc_jpy']);
  await eventually('the first message', () => heard.depth_whole_btc_jpy.length > 0);
  const reasons = [];
  socket.on('disconnect', (reason) => reasons.push(reason));
  let rejoin = false;
  socket.off('connect').on('connect', () => rejoin && socket.emit('join-room', 'depth_whole_btc_jpy'));
  await world.fault({ host: 'stream', effect: 'close_stream', count: 1 });
  await eventually('the reconnect', () => reasons.length > 0 && socket.connected);
  assert.deepEqual(reasons, ['transport close']);
  const known = heard.depth_whole_btc_jpy.length;
  await new Promise((r) => setTimeout(r, 1500)); // a silence cannot be awaited otherwise
  assert.equal(heard.depth_whole_btc_jpy.length, known);

  rejoin = true;
  await world.fault({ host: 'stream', effect: 'close_stream', count: 1, body: '1' });
  await eventually('the second reconnect', () => heard.depth_whole_btc_jpy.length > known);
});

test('a namespace that the server closed stays closed', async () => {
  const { socket, heard } = listen(['depth_whole_btc_jpy']);
  await eventually('the first message', () => heard.depth_whole_btc_jpy.length > 0);
  const reason = new Promise((resolve) => socket.once('disconnect', resolve));
  await world.fault({ host: 'stream', effect: 'close_stream', count: 1, body: '41' });
  assert.equal(await reason, 'io server disconnect');
  assert.equal(socket.active, false); // this client does not come back by itself
});

test('a stalled stream stays open and says nothing', async () => {
  const { socket, heard } = listen(['depth_whole_btc_jpy', 'depth_diff_btc_jpy']);
  await eventually('the first message', () => heard.depth_whole_btc_jpy.length > 0);
  await world.fault({ host: 'stream', effect: 'stall_stream' });
  await new Promise((r) => setTimeout(r, 300)); // what was on its way
  const known = heard.depth_diff_btc_jpy.length + heard.depth_whole_btc_jpy.length;
  await new Promise((r) => setTimeout(r, 1500));
  assert.equal(heard.depth_diff_btc_jpy.length + heard.depth_whole_btc_jpy.length, known);
  assert.ok(socket.connected);
  await world.heal();
  await eventually('more', () => heard.depth_diff_btc_jpy.length + heard.depth_whole_btc_jpy.length > known);
});

test('one muted room leaves the others alone', async () => {
  const { heard } = listen(['depth_whole_btc_jpy', 'depth_whole_eth_jpy']);
  await eventually('both', () => heard.depth_whole_btc_jpy.length > 0 && heard.depth_whole_eth_jpy.length > 0);
  await world.fault({ host: 'stream', effect: 'mute_channel', match: { path: 'depth_whole_btc_jpy' } });
  const [muted, other] = [heard.depth_whole_btc_jpy.length, heard.depth_whole_eth_jpy.length];
  await eventually('the other room', () => heard.depth_whole_eth_jpy.length > other + 1);
  assert.ok(heard.depth_whole_btc_jpy.length - muted <= 1);
});

test('duplicated messages arrive twice, frozen ones never change', async () => {
  const { heard } = listen(['depth_whole_btc_jpy']);
  const wholes = heard.depth_whole_btc_jpy;
  await eventually('the first message', () => wholes.length > 0);
  await world.fault({ host: 'stream', effect: 'duplicate', count: 1 });
  await eventually('a repetition', () => wholes.some((w, i) => i > 0 && w.sequenceId === wholes[i - 1].sequenceId));
  await world.fault({ host: 'stream', effect: 'freeze_sequence' });
  const known = wholes.length;
  await eventually('frozen messages', () => wholes.length > known + 2);
  assert.equal(new Set(wholes.slice(-2).map((w) => JSON.stringify(w))).size, 1);
});

// Engine.IO 4: the server asks every 25 s, and a client that does not answer is cut 20 s later.
test('the server pings every 25 s and keeps a client that answers', async () => {
  const waited = await beats;
  assert.ok(waited > 24 && waited < 27, `pinged after ${waited} s`);
});
