// The book that a stranger merges out of the stream is the book that REST shows, at every sequence id at which they meet, also
// while orders of one's own come and go in it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { io } from 'socket.io-client';
import { MergedBook } from './merge.js';
import { code, data, open, signer } from './signed.js';
import { eventually, openWorld } from './world.js';

let world, ask, socket;
const heard = {}; // by room
const takers = {}; // of a room's messages as they come
before(async () => {
  world = await openWorld({ flags: ['--query-limit', '10000', '--update-limit', '10000'] });
  ask = signer(world);
  const rooms = ['btc_jpy', 'xrp_jpy'].flatMap((p) => ['depth_diff', 'depth_whole', 'transactions', 'ticker', 'circuit_break_info'].map((k) => `${k}_${p}`));
  for (const r of rooms) heard[r] = [];
  socket = io(world.hosts.stream, { transports: ['websocket'] });
  socket.on('connect', () => rooms.forEach((r) => socket.emit('join-room', r)));
  socket.on('message', ({ room_name: room, message }) => {
    heard[room].push(message.data);
    takers[room]?.(message.data);
  });
  await eventually('a book of each pair', () => heard.depth_whole_btc_jpy.length > 0 && heard.depth_whole_xrp_jpy.length > 0);
});
after(async () => {
  socket.close();
  await world.close();
});

const depth = async (pair) => data(await open(`${world.hosts.public}/${pair}/depth`));
const place = async (order) => data(await ask('POST', '/v1/user/spot/order', order));

// cancel takes an order back, unless somebody of the crowd was quicker to take it.
async function cancel({ pair, order_id }) {
  const gone = await ask('POST', '/v1/user/spot/cancel_order', { pair, order_id });
  assert.ok([0, 50027].includes(code(gone)), gone.text);
}

// merge feeds a book with all that the stream says of a pair, in the order in which it came.
function merge(pair) {
  const book = new MergedBook();
  for (const [room, take] of [[`depth_whole_${pair}`, (w) => book.whole(w)], [`depth_diff_${pair}`, (d) => book.diff(d)]]) {
    heard[room].forEach(take);
    takers[room] = take;
  }
  return book;
}

for (const [pair, digits, amount] of [['btc_jpy', 0, '0.0123'], ['xrp_jpy', 3, '123.4567']]) {
  test(`${pair}: merged and asked for are the same`, async () => {
    const book = merge(pair);
    const samples = [];
    const mine = [];
    const wholes = heard[`depth_whole_${pair}`];
    for (let i = 0; i < 60 || wholes.length < 4; i++) {
      // Inside the 200 levels, so that each of them changes the book; now and then one that takes what is there.
      const d = await depth(pair);
      samples.push(d);
      const away = (1 + (i % 5)) * 0.0003;
      const price = (Number(d.bids[0][0]) * (1 - away)).toFixed(digits);
      mine.push(await place({ pair, side: 'buy', type: 'limit', amount, price }));
      if (i % 7 === 0) await place({ pair, side: 'sell', type: 'market', amount });
      if (i % 2 === 1) await cancel(mine.splice(i % mine.length, 1)[0]);
      samples.push(await depth(pair));
      if (mine.length > 20) for (const o of mine.splice(0, 10)) await cancel(o);
      await sleep(20);
    }
    let compared = 0;
    for (const d of samples) {
      const merged = await eventually(`the stream reaches ${d.sequenceId}`, () => book.at(d.sequenceId) ?? book.states[0]?.[0] > BigInt(d.sequenceId));
      if (merged === true) continue; // from before the first whole
      assert.deepEqual({ asks: d.asks, bids: d.bids }, merged, d.sequenceId);
      compared++;
    }
    assert.ok(compared >= 100 && new Set(samples.map((d) => d.sequenceId)).size > 60, `${compared} compared`);
    for (const o of mine) await cancel(o);
  });
}

test('an own order stands in the public book at its price, and goes', async () => {
  const pair = 'btc_jpy';
  const { bids } = await depth(pair);
  const price = String(Number(bids[100][0]) - 1); // far enough from the crowd's trades
  const standing = async () => (await depth(pair)).bids.find((l) => l[0] === price)?.[1];
  const before_ = Number((await standing()) ?? 0);
  const known = { diffs: heard.depth_diff_btc_jpy.length };
  const o = await place({ pair, side: 'buy', type: 'limit', amount: '0.2345', price });
  const amount = (before_ + 0.2345).toFixed(4);
  assert.equal(await standing(), amount);
  await eventually('the diffs tell it', () => heard.depth_diff_btc_jpy.slice(known.diffs).some((d) => d.b.some((l) => l[0] === price && l[1] === amount)));
  await eventually('a whole shows it', () => heard.depth_whole_btc_jpy.at(-1).bids.some((l) => l[0] === price && l[1] === amount));
  await cancel(o);
  const left = before_ === 0 ? undefined : before_.toFixed(4);
  assert.equal(await standing(), left);
  await eventually('the diffs take it back', () => heard.depth_diff_btc_jpy.some((d) => d.b.some((l) => l[0] === price && Number(l[1]) === before_)));
});

test('an own trade is told in the rooms of trades and tickers, and a break in that of circuit breaks', async () => {
  // A ticker is told a few times a second, so that the crowd's next trade can hide the price of ours: then there is another one.
  for (let left = 5, seen = false; !seen; left -= 1) {
    const o = await place({ pair: 'xrp_jpy', side: 'sell', type: 'market', amount: '7.7777' });
    const mine = data(await ask('GET', `/v1/user/spot/trade_history?pair=xrp_jpy&order_id=${o.order_id}`)).trades;
    assert.equal(mine.reduce((sum, t) => sum + Number(t.amount), 0).toFixed(4), '7.7777');
    for (const t of mine) {
      const same = await eventually('the trade is told', () => heard.transactions_xrp_jpy.flatMap((m) => m.transactions).find((x) => x.transaction_id === t.trade_id));
      assert.deepEqual(same, { transaction_id: t.trade_id, side: 'sell', price: t.price, amount: t.amount, executed_at: t.executed_at });
    }
    const last = mine.reduce((a, b) => (a.trade_id > b.trade_id ? a : b));
    const told = eventually('its price is the last one', () => heard.ticker_xrp_jpy.some((t) => t.last === last.price), left > 1 ? 3000 : undefined);
    seen = await told.then(() => true, (err) => { if (left === 1) throw err; return false; });
  }
  await world.call('POST', '/pairs/xrp_jpy', { circuit_break: 'CIRCUIT_BREAK' });
  await eventually('the break is told', () => heard.circuit_break_info_xrp_jpy.some((c) => c.mode === 'CIRCUIT_BREAK'));
});
