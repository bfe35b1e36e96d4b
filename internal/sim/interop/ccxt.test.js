// ccxt 4 as its users write it; only the addresses are others. Every method that it says it has for bitbank, and every
// address that it knows, is asked for.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import ccxt from 'ccxt';
import { unasked } from './shapes.js';
import { openWorld } from './world.js';

let world, x;
before(async () => {
  world = await openWorld({ flags: ['--query-limit', '10000', '--update-limit', '10000'] });
  x = client();
});
after(() => world.close());

function client(options = {}) {
  const c = new ccxt.bitbank({ apiKey: 'sim-key', secret: 'sim-secret', enableRateLimit: false, ...options });
  // {hostname} stands in ccxt's own addresses; the private one gets its /v1 from ccxt.
  c.urls.api = { public: world.hosts.public, private: world.hosts.private, markets: world.hosts.private };
  return c;
}

// far is a limit order that nobody meets.
const far = (params = {}) => x.createOrder('BTC/JPY', 'limit', 'buy', 0.001, 9_000_000, params);
const id = (o) => Number(o.id);
const truth = async (o) => (await world.call('GET', '/truth')).orders.find((t) => t.order_id === id(o));
const yesterday = () => Math.floor(Date.now() / 86_400_000 - 1) * 86_400_000; // days are UTC days

const tours = {
  async fetchMarkets() {
    const markets = await x.fetchMarkets();
    assert.equal(markets.length, 62);
    const btc = markets.find((m) => m.id === 'btc_jpy');
    assert.deepEqual([btc.symbol, btc.precision.price, btc.precision.amount, btc.taker, btc.limits.amount.min], ['BTC/JPY', 1, 0.0001, 0.001, 0.0001]);
  },
  async fetchTradingFees() {
    const fees = await x.fetchTradingFees();
    assert.equal(Object.keys(fees).length, 62);
    assert.deepEqual([fees['XRP/JPY'].maker, fees['XRP/JPY'].taker], [-0.0002, 0.0012]);
  },
  async fetchTicker() {
    const t = await x.fetchTicker('BTC/JPY');
    assert.ok(t.bid < t.ask && t.low <= t.last && t.last <= t.high && t.baseVolume > 0);
    assert.ok(Math.abs(Date.now() - t.timestamp) < 60_000);
    assert.equal((await x.fetchTicker('XRP/BTC')).bid, undefined); // delisted, without a book
  },
  async fetchOrderBook() {
    const [ticker, book] = await Promise.all([x.fetchTicker('BTC/JPY'), x.fetchOrderBook('BTC/JPY')]);
    assert.ok(book.asks.length > 100 && book.bids.length > 100 && book.bids[0][0] < book.asks[0][0]);
    assert.ok(Math.abs(book.asks[0][0] / ticker.ask - 1) < 0.01);
  },
  async fetchL2OrderBook() {
    const book = await x.fetchL2OrderBook('BTC/JPY');
    assert.ok(book.bids[0][0] < book.asks[0][0]);
  },
  async fetchTrades() {
    const trades = await x.fetchTrades('BTC/JPY');
    assert.equal(trades.length, 60);
    assert.ok(trades.every((t) => t.price > 0 && t.amount > 0 && ['buy', 'sell'].includes(t.side)));
  },
  async fetchOHLCV() {
    const rows = await x.fetchOHLCV('BTC/JPY', '1m', yesterday());
    assert.equal(rows.length, 1440);
    for (const [i, [at, open, high, low, close, volume]] of rows.entries()) {
      assert.ok(low <= Math.min(open, close) && Math.max(open, close) <= high && volume >= 0);
      assert.equal(at, yesterday() + i * 60_000);
    }
    const hours = await x.fetchOHLCV('BTC/JPY', '1h', yesterday());
    assert.equal(hours.length, 24);
    for (const [at, open, high, low, close, volume] of hours) {
      const within = rows.filter((r) => r[0] >= at && r[0] < at + 3600_000);
      assert.deepEqual([within[0][1], Math.max(...within.map((r) => r[2])), Math.min(...within.map((r) => r[3])), within.at(-1)[4]], [open, high, low, close]);
      assert.ok(Math.abs(within.reduce((sum, r) => sum + r[5], 0) - volume) < 1e-6);
    }
    for (const [frame, n] of [['5m', 288], ['15m', 96], ['30m', 48]]) assert.equal((await x.fetchOHLCV('BTC/JPY', frame, yesterday())).length, n);
    // For the types that bitbank keys by year ccxt sends a day, so it cannot have them.
    for (const frame of ['4h', '8h', '12h', '1d', '1w']) await assert.rejects(x.fetchOHLCV('BTC/JPY', frame, yesterday()), ccxt.ExchangeError);
  },
  async fetchBalance() {
    for (const options of [{}, { options: { authMethod: 'nonce' } }]) {
      const balance = await client(options).fetchBalance();
      assert.deepEqual([balance.total.JPY, balance.free.BTC, balance.total.XRP], [10_000_000, 10, 100_000]);
    }
    const order = await far();
    const { JPY } = await x.fetchBalance();
    assert.deepEqual([JPY.used, JPY.free], [9009, 9_990_991]); // with the taker's fee
    await x.cancelOrder(order.id, 'BTC/JPY');
  },
  // Every type that it can send. Of those that it does not know it passes on what it is told.
  async createOrder() {
    const sent = async (type, side, amount, price, params) => {
      const o = await x.createOrder('BTC/JPY', type, side, amount, price, params);
      assert.deepEqual([o.symbol, o.type, o.side, o.amount], ['BTC/JPY', type, side, amount]);
      return truth(o);
    };
    let o = await sent('limit', 'buy', 0.001, 9_000_000, { post_only: true });
    assert.deepEqual([o.price, o.post_only, o.status], ['9000000', true, 'UNFILLED']);
    o = await sent('limit', 'buy', 0.0123, 9_000_001.4);
    assert.deepEqual([o.price, o.start_amount, o.post_only], ['9000001', '0.0123', false]);
    assert.equal((await sent('market', 'buy', 0.01)).status, 'FULLY_FILLED');
    assert.equal((await sent('market', 'sell', 0.01)).status, 'FULLY_FILLED');
    assert.equal((await sent('stop', 'sell', 0.01, undefined, { trigger_price: '9000000' })).trigger_price, '9000000');
    o = await sent('stop_limit', 'buy', 0.01, undefined, { trigger_price: '20000000', price: '20000000' });
    assert.deepEqual([o.status, o.trigger_price, o.price], ['INACTIVE', '20000000', '20000000']);
    // Margin: open, protect, close.
    assert.equal((await sent('market', 'buy', 0.01, undefined, { position_side: 'long' })).status, 'FULLY_FILLED');
    o = await sent('take_profit', 'sell', 0.005, undefined, { position_side: 'long', trigger_price: '30000000' });
    assert.deepEqual([o.position_side, o.status], ['long', 'INACTIVE']);
    assert.equal((await sent('stop_loss', 'sell', 0.004, undefined, { position_side: 'long', trigger_price: '9000000' })).status, 'INACTIVE');
    assert.equal((await sent('limit', 'sell', 0.001, 20_000_000, { position_side: 'long' })).status, 'UNFILLED');
    assert.equal((await sent('limit', 'sell', 0.001, 20_000_000, { position_side: 'short' })).position_side, 'short');
  },
  async createLimitOrder() {
    const o = await x.createLimitOrder('XRP/JPY', 'sell', 100, 900.123);
    assert.deepEqual([o.status, o.price, (await truth(o)).price], ['open', 900.123, '900.123']);
  },
  async createMarketOrder() {
    const o = await x.createMarketOrder('XRP/JPY', 'sell', 100);
    assert.equal(o.status, 'open'); // as it was when it was taken
    assert.equal((await x.fetchOrder(o.id, 'XRP/JPY')).status, 'closed');
  },
  async editOrder() {
    const old = await far();
    const o = await x.editOrder(old.id, 'BTC/JPY', 'limit', 'buy', 0.002, 9_100_000);
    assert.deepEqual([(await truth(old)).status, (await truth(o)).status, o.price], ['CANCELED_UNFILLED', 'UNFILLED', 9_100_000]);
  },
  async fetchOrder() {
    const limit = await far();
    const o = await x.fetchOrder(limit.id, 'BTC/JPY');
    assert.deepEqual([o.id, o.status, o.price, o.amount, o.filled, o.remaining], [limit.id, 'open', 9_000_000, 0.001, 0, 0.001]);
    assert.match(o.id, /^596\d{8}$/); // beyond 32 bits, and exact
    const market = await x.createOrder('BTC/JPY', 'market', 'sell', 0.01);
    const filled = await x.fetchOrder(market.id, 'BTC/JPY');
    assert.deepEqual([filled.status, filled.filled, filled.remaining], ['closed', 0.01, 0]);
    assert.ok(filled.average > 0 && Math.abs(filled.cost - filled.average * 0.01) < 1e-6);
    // Two statuses are unknown to it, so they come as bitbank writes them.
    const stop = await x.createOrder('BTC/JPY', 'stop', 'sell', 0.01, undefined, { trigger_price: '9000000' });
    assert.equal(stop.status, 'INACTIVE');
    await world.call('POST', '/accounts', { id: 'whale', key: 'whale-key', secret: 'whale-secret', balances: { jpy: '1000000000' } });
    const whale = client({ apiKey: 'whale-key', secret: 'whale-secret' });
    const rejected = await whale.createOrder('BTC/JPY', 'market', 'buy', 10); // more than the book has
    assert.equal((await whale.fetchOrder(rejected.id, 'BTC/JPY')).status, 'REJECTED');
  },
  async fetchOpenOrders() {
    const o = await far();
    const open = await x.fetchOpenOrders('BTC/JPY');
    assert.ok(open.some((p) => p.id === o.id) && open.some((p) => p.status === 'INACTIVE'));
    assert.equal((await x.fetchOpenOrders('BTC/JPY', undefined, 2)).length, 2);
    assert.ok((await x.fetchOpenOrders('XRP/JPY')).every((p) => p.symbol === 'XRP/JPY'));
    await assert.rejects(x.fetchOpenOrders(), ccxt.ArgumentsRequired); // all pairs at once it cannot ask for
  },
  async cancelOrder() {
    const o = await far();
    const gone = await x.cancelOrder(o.id, 'BTC/JPY');
    assert.deepEqual([gone.id, gone.status], [o.id, 'canceled']);
    assert.ok(x.last_request_body.includes(`"order_id":"${o.id}"`)); // as a string
    await assert.rejects(x.cancelOrder(o.id, 'BTC/JPY'), /50026/);
  },
  async fetchMyTrades() {
    const trades = await x.fetchMyTrades('BTC/JPY');
    assert.ok(trades.length >= 3 && trades.every((t) => t.takerOrMaker === 'taker' && t.symbol === 'BTC/JPY' && t.order));
    const spot = trades.find((t) => !t.info.position_side);
    assert.ok(Math.abs(spot.fee.cost - spot.cost * 0.001) < 0.0002 && spot.fee.currency === 'JPY');
    assert.ok(trades.some((t) => t.info.position_side === 'long'));
    assert.equal((await x.fetchMyTrades('BTC/JPY', undefined, 2)).length, 2);
    assert.equal((await x.fetchMyTrades('BTC/JPY', trades.at(-1).timestamp)).at(-1).id, trades.at(-1).id);
    const all = await x.fetchMyTrades();
    assert.ok(all.length > trades.length);
  },
  async fetchDepositAddress() { // whatever its name says, it reads where to withdraw to
    const { currency, address, info } = await x.fetchDepositAddress('BTC');
    assert.deepEqual([currency, address], ['BTC', info.data.accounts[0].address]);
  },
  async withdraw() {
    const { info } = await x.fetchDepositAddress('BTC');
    const { uuid, address } = info.data.accounts[0];
    const w = await x.withdraw('BTC', 0.1, address, undefined, { uuid });
    assert.ok(x.last_request_body.includes('"amount":0.1')); // as a number
    assert.deepEqual([w.info.status, w.info.amount, w.info.account_uuid], ['CONFIRMING', '0.10000000', uuid]);
    await assert.rejects(x.withdraw('BTC', 0.1, address), ccxt.ExchangeError); // it wants a uuid
    await assert.rejects(x.withdraw('BTC', 1000, address, undefined, { uuid }), ccxt.InsufficientFunds);
  },
};

for (const [method, tour] of Object.entries(tours)) test(method, tour);

// What ccxt has no method of its own for, it can still send by bitbank's own names.
test('what has no unified method: cancel many, several orders, margin, transfers, status, circuit break', async () => {
  const many = [await far(), await far()];
  const ids = many.map((o) => o.id);
  const { orders } = (await x.privatePostUserSpotOrdersInfo({ pair: 'btc_jpy', order_ids: ids })).data;
  assert.deepEqual(orders.map((o) => String(o.order_id)), ids);
  const gone = (await x.privatePostUserSpotCancelOrders({ pair: 'btc_jpy', order_ids: ids })).data.orders;
  assert.ok(gone.every((o) => o.status === 'CANCELED_UNFILLED'));

  assert.equal((await x.privateGetUserMarginStatus()).data.status, 'NORMAL');
  const { positions } = (await x.privateGetUserMarginPositions()).data;
  assert.equal(positions.find((p) => p.pair === 'btc_jpy' && p.position_side === 'long').open_amount, '0.0100');

  const arrive = (unconfirmed) => world.call('POST', '/accounts/sim/deposits', { asset: 'eth', amount: '1', unconfirmed });
  const [first] = [await arrive(true), await arrive(true), await arrive(false)];
  assert.equal((await x.privateGetUserUnconfirmedDeposits()).data.deposits.length, 2);
  const originator_uuid = (await x.privateGetUserDepositOriginators()).data.originators[0].uuid;
  await x.privatePostUserConfirmDeposits({ deposits: [{ uuid: first.uuid, originator_uuid }] });
  await x.privatePostUserConfirmDepositsAll({ originator_uuid });
  assert.equal((await x.privateGetUserUnconfirmedDeposits()).data.deposits.length, 0);
  assert.equal((await x.privateGetUserDepositHistory({ asset: 'eth' })).data.deposits.length, 3);
  assert.equal((await x.privateGetUserWithdrawalHistory({ asset: 'btc', count: 1 })).data.withdrawals[0].status, 'CONFIRMING');

  assert.equal((await x.publicGetPairCircuitBreakInfo({ pair: 'btc_jpy' })).data.mode, 'NONE');
  const day = new Date(yesterday() - 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
  assert.ok((await x.publicGetPairTransactionsYyyymmdd({ pair: 'btc_jpy', yyyymmdd: day })).data.transactions.length > 60);
  const all = (await x.publicGetTickers()).data;
  assert.deepEqual([all.length, all.filter((t) => t.sell === null).length], [62, 18]); // 18 delisted, without a book
  assert.deepEqual((await x.publicGetTickersJpy()).data.map((t) => t.pair), all.map((t) => t.pair).filter((p) => p.endsWith('_jpy')));
  // Two that anybody may ask it signs as well.
  assert.equal((await x.privateGetSpotStatus()).data.statuses.length, 62);
  assert.equal((await x.privateGetSpotPairs()).data.pairs.length, 62);
});

test('everything by nonce instead of a time window', async () => {
  const n = client({ options: { authMethod: 'nonce' } });
  const next = () => sleep(2); // its nonce is the clock in milliseconds, and loopback is quicker
  const o = await n.createOrder('BTC/JPY', 'limit', 'buy', 0.001, 9_000_000);
  assert.equal(n.last_request_headers['ACCESS-REQUEST-TIME'], undefined);
  await next();
  assert.equal((await n.fetchOrder(o.id, 'BTC/JPY')).status, 'open');
  await next();
  assert.equal((await n.cancelOrder(o.id, 'BTC/JPY')).status, 'canceled');
  await next();
  assert.ok((await n.fetchMyTrades('BTC/JPY', undefined, 5)).length > 0);
});

// What it says it has and has not, with the reason.
const pro = 'needs ccxt pro, in which there is no bitbank';
const lacks = { createMarketOrderWs: pro, fetchCurrenciesWs: pro };
const unknown = { 'GET /v1/user/subscribe': 'it follows no stream of bitbank, so it needs no ticket' };

test('nothing that it has and nothing that is documented was left out', async () => {
  const has = Object.entries(x.has).filter(([, v]) => v).map(([k]) => k).filter((k) => typeof x[k] === 'function');
  assert.deepEqual(has.sort(), [...Object.keys(tours), ...Object.keys(lacks)].sort());

  const { requests } = await world.call('GET', '/truth');
  assert.deepEqual(unasked(requests), Object.keys(unknown));
  const asked = new Set();
  const templates = [];
  for (const [section, methods] of Object.entries(x.describe().api)) {
    for (const [method, paths] of Object.entries(methods)) {
      for (const path of Object.keys(paths)) templates.push({ section, method: method.toUpperCase(), path });
    }
  }
  assert.ok(templates.length >= 29);
  for (const t of templates) {
    const [host, prefix] = { public: ['public', '/'], private: ['private', '/v1/'], markets: ['private', '/'] }[t.section];
    const pattern = new RegExp(`^${prefix}${t.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
    if (requests.some((r) => r.host === host && r.method === t.method && pattern.test(r.path))) asked.add(t);
  }
  assert.deepEqual(templates.filter((t) => !asked.has(t)), []);
});
