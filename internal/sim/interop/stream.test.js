// socket.io-client, the library that bitbank's documents name, on the public stream.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { io } from 'socket.io-client';
import { eventually, openWorld } from './world.js';

let world;
const open = [];
before(async () => (world = await openWorld()));
afterEach(async () => {
  for (const s of open.splice(0)) s.close();
  await world.heal();
});
after(() => world.close());

// listen joins rooms, again after every connect, and keeps what they say.
function listen(rooms, options = {}) {
  const socket = io(world.hosts.stream, { transports: ['websocket'], reconnectionDelay: 50, ...options });
  const heard = Object.fromEntries(rooms.map((r) => [r, []]));
  socket.on('connect', () => rooms.forEach((r) => socket.emit('join-room', r)));
  socket.on('message', (m) => heard[m.room_name].push(m.message.data));
  open.push(socket);
  return { socket, heard };
}

const decimal = /^\d+(\.\d+)?$/;
const isLevel = (l) => Array.isArray(l) && l.length === 2 && l.every((x) => decimal.test(x));

test('every room says what the documents say', async () => {
  const kinds = ['ticker', 'transactions', 'depth_diff', 'depth_whole', 'circuit_break_info'];
  const rooms = kinds.map((k) => `${k}_btc_jpy`);
  const { heard } = listen(rooms);
  await eventually('a message in every room', () => rooms.every((r) => heard[r].length > 0), 10_000);
  const [ticker, transactions, diff, whole, circuit] = rooms.map((r) => heard[r][0]);

  assert.deepEqual(Object.keys(ticker).sort(), ['buy', 'high', 'last', 'low', 'open', 'sell', 'timestamp', 'vol']);
  for (const k of ['buy', 'high', 'last', 'low', 'open', 'sell', 'vol']) assert.match(ticker[k], decimal, k);
  assert.ok(Math.abs(Date.now() - ticker.timestamp) < 30_000);

  for (const t of transactions.transactions) {
    assert.equal(typeof t.transaction_id, 'number');
    assert.match(t.side, /^(buy|sell)$/);
    assert.match(t.price, decimal);
    assert.match(t.amount, decimal);
    assert.equal(typeof t.executed_at, 'number');
  }

  assert.ok(diff.a.every(isLevel) && diff.b.every(isLevel));
  assert.equal(typeof diff.t, 'number');
  assert.equal(typeof diff.s, 'string');

  assert.ok(whole.asks.length > 100 && whole.asks.length <= 200 && whole.asks.every(isLevel));
  assert.ok(whole.bids.length > 100 && whole.bids.length <= 200 && whole.bids.every(isLevel));
  assert.equal(typeof whole.sequenceId, 'string');

  assert.equal(circuit.mode, 'NONE');
  assert.equal(circuit.reopen_timestamp, null);
  assert.equal(circuit.fee_type, 'NORMAL');
});

test('what the stream says is what REST says', async () => {
  const rooms = ['depth_diff_btc_jpy', 'depth_whole_btc_jpy', 'transactions_btc_jpy', 'ticker_btc_jpy'];
  const { heard } = listen(rooms);
  const [diffs, wholes, trades, tickers] = rooms.map((r) => heard[r]);
  const rest = async (what) => (await (await fetch(`${world.hosts.public}/btc_jpy/${what}`)).json()).data;
  await eventually('a whole and some diffs', () => wholes.length > 1 && diffs.length > 10 && trades.length > 1, 20_000);

  // A book from the first whole and all later diffs, as the documents tell, up to where a REST reader stands.
  const depth = await rest('depth');
  const at = BigInt(depth.sequenceId);
  await eventually('the stream to get as far', () => BigInt(diffs.at(-1).s) >= at);
  const book = { asks: new Map(wholes[0].asks), bids: new Map(wholes[0].bids) };
  for (const d of diffs) {
    if (BigInt(d.s) <= BigInt(wholes[0].sequenceId) || BigInt(d.s) > at) continue;
    for (const [side, levels] of [['asks', d.a], ['bids', d.b]]) {
      for (const [price, amount] of levels) Number(amount) === 0 ? book[side].delete(price) : book[side].set(price, amount);
    }
  }
  assert.deepEqual(Object.fromEntries(book.asks), Object.fromEntries(depth.asks));
  assert.deepEqual(Object.fromEntries(book.bids), Object.fromEntries(depth.bids));

  // The trades of the stream are in REST's list, each once.
  const told = trades.flatMap((m) => m.transactions);
  const listed = new Map((await rest('transactions')).transactions.map((t) => [t.transaction_id, t]));
  assert.equal(new Set(told.map((t) => t.transaction_id)).size, told.length);
  for (const t of told) assert.deepEqual(listed.get(t.transaction_id), t);

  // And so is the last price: nothing trades without a ticker.
  const newest = told.reduce((a, b) => (a.transaction_id > b.transaction_id ? a : b));
  await eventually('its ticker', () => tickers.some((t) => t.last === newest.price));
});

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
