// The same orders and cancels, sent through ccxt, through node-bitbankcc and through this project's own client, end in the same
// exchange. The crowd stands still, so nothing but the clients moves the books.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import ccxt from 'ccxt';
import { data, open, signer } from './signed.js';
import { openWorld, root } from './world.js';

const { PrivateApi } = createRequire(import.meta.url)('node-bitbankcc');

// Three fresh simulators of the same seed, one a client.
const worlds = {};
const dir = mkdtempSync(join(tmpdir(), 'hikeshi-tour-'));
before(async () => {
  execFileSync('go', ['build', '-o', join(dir, 'tour'), './internal/sim/interop/tour'], { cwd: root, stdio: 'inherit' });
  await clearOfMidnight();
  for (const name of Object.keys(senders)) {
    worlds[name] = await openWorld({ flags: ['--speed', '0.000001', '--query-limit', '100000', '--update-limit', '100000'] });
  }
});
after(async () => {
  for (const w of Object.values(worlds)) await w.close();
  rmSync(dir, { recursive: true, force: true });
});

// Interest is booked at midnight in Japan; of three runs around it one would pay and another not.
async function clearOfMidnight() {
  const day = 86_400_000;
  const left = day - ((Date.now() + 9 * 3600_000) % day);
  if (left < 40_000) await sleep(left + 1000);
}

const accounts = {
  sim: { key: 'sim-key', secret: 'sim-secret' }, // of every world
  other: { key: 'other-key', secret: 'other-secret' },
};

// steps draws what is sent: orders of every type, far from the market, against the other account between the crowd's best
// prices, and against the crowd; what is refused; cancels of one and of several.
function steps(seed, n) {
  let state = seed;
  const random = () => { // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const pick = (...from) => from[Math.floor(random() * from.length)];
  const coins = () => (Math.ceil(random() * 200) / 10_000).toFixed(4);
  const pair = 'btc_jpy';
  const away = (share) => String(Math.round(15_000_000 * share));
  const placed = { sim: [], other: [] };
  const orders = [
    () => ({ side: 'buy', type: 'limit', amount: coins(), price: away(0.5 + random() * 0.4) }),
    () => ({ side: 'sell', type: 'limit', amount: coins(), price: away(1.1 + random() * 0.8) }),
    // Between 14,999,850 and 15,000,150 only the accounts are.
    () => ({ side: pick('buy', 'sell'), type: 'limit', amount: coins(), price: String(15_000_000 + pick(-20, -10, 0, 10, 20)) }),
    () => ({ side: pick('buy', 'sell'), type: 'limit', amount: coins(), price: String(15_000_000 + pick(-20, -10, 0, 10, 20)) }),
    () => ({ side: pick('buy', 'sell'), type: 'limit', amount: coins(), price: String(15_000_000 + pick(-20, 0, 20)), post_only: true }),
    () => ({ side: pick('buy', 'sell'), type: 'market', amount: coins() }),
    () => ({ side: 'sell', type: 'stop', amount: coins(), trigger_price: away(0.6) }),
    () => ({ side: 'buy', type: 'stop_limit', amount: coins(), trigger_price: away(1.3), price: away(1.4) }),
    () => ({ side: 'buy', type: 'market', amount: coins(), position_side: 'long' }),
    () => ({ side: 'sell', type: 'market', amount: coins(), position_side: 'long' }),
    () => ({ side: 'sell', type: 'limit', amount: coins(), price: String(15_000_000 + pick(-10, 10)), position_side: 'short' }),
    () => ({ side: 'buy', type: 'market', amount: coins(), position_side: 'short' }),
    () => ({ side: 'sell', type: 'take_profit', amount: '0.0010', trigger_price: away(1.5), position_side: 'long' }),
    () => ({ side: 'sell', type: 'limit', amount: '999.0000', price: away(1.2) }), // too little money
    () => ({ side: 'buy', type: 'market', amount: '9.0000' }), // more than the book has
  ];
  const open = { type: 'market', amount: '0.0300' };
  const first = [{ ...open, side: 'buy', position_side: 'long' }, { ...open, side: 'sell', position_side: 'short' }];
  return Array.from({ length: n }, (_, i) => {
    const as = i < 4 ? ['sim', 'other'][i % 2] : pick('sim', 'other'); // both begin with a long and a short position
    const mine = placed[as];
    if (i > 8 && random() < 0.15) return { as, do: 'cancel', pair, of: [pick(...mine)] };
    if (i > 8 && random() < 0.1) return { as, do: 'cancel_many', pair, of: [...new Set([pick(...mine), pick(...mine), mine.at(-1)])] };
    mine.push(i);
    return { as, do: 'place', pair, order: first[i >> 1] ?? pick(...orders)() };
  });
}

// each takes the steps one after the other. place and cancel return an order's id and how many were cancelled.
async function each(all, place, cancel, refused) {
  const [outcomes, ids] = [[], []];
  for (const [i, s] of all.entries()) {
    const of = (s.of ?? []).map((n) => ids[n]).filter(Boolean);
    try {
      if (s.do === 'place') {
        ids[i] = await place(s);
        outcomes.push('done');
      } else if (of.length === 0) {
        outcomes.push('nothing');
      } else {
        outcomes.push((await cancel(s, s.do === 'cancel' ? of.slice(0, 1) : of)) > 0 ? 'done' : 'open');
      }
    } catch (e) {
      outcomes.push(refused(e, s.as));
    }
  }
  return outcomes;
}

const senders = {
  async ccxt({ hosts }, all) {
    const clients = Object.fromEntries(Object.entries(accounts).map(([name, { key, secret }]) => {
      const c = new ccxt.bitbank({ apiKey: key, secret, enableRateLimit: false });
      c.urls.api = { public: hosts.public, private: hosts.private, markets: hosts.private };
      return [name, c];
    }));
    return each(
      all,
      async ({ as, order: { side, type, amount, price, ...params } }) => {
        if (type === 'stop_limit') params.price = price; // ccxt sends a price with limit only
        return (await clients[as].createOrder('BTC/JPY', type, side, Number(amount), price && Number(price), params)).id;
      },
      async ({ as, do: what, pair }, ids) => {
        if (what === 'cancel') return [await clients[as].cancelOrder(ids[0], 'BTC/JPY')].length;
        return (await clients[as].privatePostUserSpotCancelOrders({ pair, order_ids: ids.map(Number) })).data.orders.length;
      },
      (e, as) => {
        if (!(e instanceof ccxt.ExchangeError)) throw e;
        return String(JSON.parse(clients[as].last_http_response).data.code);
      },
    );
  },
  async 'node-bitbankcc'({ hosts }, all) {
    const clients = Object.fromEntries(Object.entries(accounts).map(([name, { key: apiKey, secret: apiSecret }]) =>
      [name, new PrivateApi({ endPoint: hosts.private + '/v1', apiKey, apiSecret })]));
    return each(
      all,
      async ({ as, pair, order }) => (await clients[as].postOrder({ pair, ...order })).data.order_id,
      async ({ as, do: what, pair }, ids) => {
        if (what === 'cancel') return [await clients[as].cancelOrder({ pair, order_id: ids[0] })].length;
        return (await clients[as].cancelOrders({ pair, order_ids: ids })).data.orders.length;
      },
      (e) => {
        if (!/^\d{5}$/.test(e.message)) throw e;
        return e.message;
      },
    );
  },
  async bitbank({ hosts }, all) {
    const flags = ['-public', hosts.public, '-private', hosts.private];
    return JSON.parse(execFileSync(join(dir, 'tour'), flags, { input: JSON.stringify({ accounts, steps: all }), encoding: 'utf8' }));
  },
};

// prepare makes a world anew, with the same book and the same last price whenever it began.
async function prepare(world) {
  await world.call('POST', '/reset');
  const { key, secret } = accounts.other;
  await world.call('POST', '/accounts', { id: 'other', key, secret, balances: { jpy: '300000000', btc: '3' } });
  await world.call('POST', '/accounts/sim/deposits', { asset: 'jpy', amount: '300000000', status: 'DONE' });
  await world.call('POST', '/market', { pair: 'btc_jpy', last: '15000000' });
  const { asks, bids } = data(await open(`${world.hosts.public}/btc_jpy/depth`));
  return { asks, bids };
}

const times = ['ordered_at', 'expire_at', 'triggered_at', 'canceled_at'];

// state is what the exchange holds in the end, without what cannot be the same: ids and times, of which only the presence counts.
async function state(world) {
  const { accounts: holds, orders, trades } = await world.call('GET', '/truth');
  const plain = ({ order_id, ...o }) => ({ ...o, ...Object.fromEntries(times.filter((k) => k in o).map((k) => [k, typeof o[k]])) });
  const { asks, bids } = data(await open(`${world.hosts.public}/btc_jpy/depth`));
  const margin = {};
  for (const [name, key] of Object.entries(accounts)) {
    for (const what of ['status', 'positions']) margin[`${name} ${what}`] = data(await signer(world, key)('GET', `/v1/user/margin/${what}`));
  }
  return {
    accounts: holds, orders: orders.map(plain), book: { asks, bids }, margin,
    trades: trades.slice(1).map(({ pair, side, price, amount }) => ({ pair, side, price, amount })), // the first one made the last price
  };
}

const met = new Set(); // outcomes of steps and statuses of orders, over all seeds
let between = 0; // trades in which an account's order was the one that waited

for (const seed of [1, 2, 3]) {
  test(`40 steps of seed ${seed} come to the same through every client`, async () => {
    const all = steps(seed, 40);
    const [began, outcomes, ended] = [{}, {}, {}];
    for (const [name, send] of Object.entries(senders)) {
      began[name] = await prepare(worlds[name]);
      outcomes[name] = await send(worlds[name], all);
      ended[name] = await state(worlds[name]);
    }
    for (const name of Object.keys(senders)) {
      assert.deepEqual(began[name], began.bitbank, `${name}: the book before`);
      assert.deepEqual(outcomes[name], outcomes.bitbank, `${name}: what became of the steps ${JSON.stringify(all)}`);
      assert.deepEqual(ended[name], ended.bitbank, `${name}: the exchange in the end`);
    }
    all.forEach((s, i) => met.add(`${s.do} ${outcomes.bitbank[i]}`));
    for (const o of ended.bitbank.orders) met.add(o.status).add(o.type);
    between += ended.bitbank.trades.filter((t) => Math.abs(Number(t.price) - 15_000_000) <= 20).length;
  });
}

test('the steps were worth it', () => {
  const wanted = [
    'place done', 'place 60001', 'cancel done', 'cancel_many done', 'INACTIVE', 'UNFILLED', 'PARTIALLY_FILLED', 'FULLY_FILLED', 'CANCELED_UNFILLED',
    'CANCELED_PARTIALLY_FILLED', 'REJECTED', 'limit', 'market', 'stop', 'stop_limit', 'take_profit',
  ];
  assert.deepEqual(wanted.filter((w) => !met.has(w)), []);
  assert.ok(between > 5, `${between} trades between the accounts`);
});
