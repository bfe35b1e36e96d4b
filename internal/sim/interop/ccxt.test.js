// ccxt 4 as its users write it; only the addresses are others.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import ccxt from 'ccxt';
import { openWorld } from './world.js';

let world, exchange;
before(async () => {
  world = await openWorld();
  exchange = client();
});
afterEach(() => world.heal());
after(() => world.close());

function client(options = {}) {
  const x = new ccxt.bitbank({ apiKey: 'sim-key', secret: 'sim-secret', enableRateLimit: false, timeout: 2000, ...options });
  // {hostname} stands in ccxt's own addresses; the private one gets its /v1 from ccxt.
  x.urls.api = { public: world.hosts.public, private: world.hosts.private, markets: world.hosts.private };
  return x;
}

test('markets come from /spot/pairs', async () => {
  const markets = await exchange.fetchMarkets();
  assert.equal(markets.length, 62);
  const btc = markets.find((m) => m.id === 'btc_jpy');
  assert.equal(btc.symbol, 'BTC/JPY');
  assert.equal(btc.precision.price, 1);
  assert.equal(btc.precision.amount, 0.0001);
  assert.equal(btc.taker, 0.001);
  assert.equal(btc.limits.amount.min, 0.0001);
});

test('ticker, book and trades agree', async () => {
  const [ticker, book, trades] = await Promise.all([
    exchange.fetchTicker('BTC/JPY'), exchange.fetchOrderBook('BTC/JPY'), exchange.fetchTrades('BTC/JPY'),
  ]);
  assert.ok(ticker.bid < ticker.ask && ticker.low <= ticker.last && ticker.last <= ticker.high && ticker.baseVolume > 0);
  assert.ok(Math.abs(Date.now() - ticker.timestamp) < 60_000);
  assert.ok(book.asks.length > 100 && book.bids.length > 100);
  assert.ok(book.bids[0][0] < book.asks[0][0]);
  assert.ok(Math.abs(book.asks[0][0] / ticker.ask - 1) < 0.01);
  assert.equal(trades.length, 60);
  assert.ok(trades.every((t) => t.price > 0 && t.amount > 0 && ['buy', 'sell'].includes(t.side)));
  assert.ok(Math.abs(trades.at(-1).price / ticker.last - 1) < 0.01);
});

test('the lists of all tickers hold the pairs', async () => {
  const all = (await exchange.publicGetTickers()).data;
  assert.equal(all.length, 62);
  assert.equal(all.filter((t) => t.sell === undefined || t.sell === null).length, 18); // delisted, without a book
  const inYen = (await exchange.publicGetTickersJpy()).data;
  assert.deepEqual(inYen.map((t) => t.pair), all.map((t) => t.pair).filter((p) => p.endsWith('_jpy')));
});

test('the hours of yesterday are the sums of its minutes', async () => {
  const since = Math.floor(Date.now() / 86_400_000 - 1) * 86_400_000; // days are UTC days
  const rows = await exchange.fetchOHLCV('BTC/JPY', '1m', since);
  assert.equal(rows.length, 1440);
  for (const [i, [at, open, high, low, close, volume]] of rows.entries()) {
    assert.ok(low <= Math.min(open, close) && Math.max(open, close) <= high && volume >= 0);
    assert.equal(at, since + i * 60_000);
  }
  const hours = await exchange.fetchOHLCV('BTC/JPY', '1h', since);
  assert.equal(hours.length, 24);
  for (const [at, open, high, low, close, volume] of hours) {
    const within = rows.filter((r) => r[0] >= at && r[0] < at + 3600_000);
    assert.deepEqual([within[0][1], Math.max(...within.map((r) => r[2])), Math.min(...within.map((r) => r[3])), within.at(-1)[4]], [open, high, low, close]);
    assert.ok(Math.abs(within.reduce((sum, r) => sum + r[5], 0) - volume) < 1e-6);
  }
});

test('balances are read with both methods of signing', async () => {
  for (const options of [{}, { options: { authMethod: 'nonce' } }]) {
    const balance = await client(options).fetchBalance();
    assert.equal(balance.total.JPY, 10_000_000);
    assert.equal(balance.free.BTC, 10);
    assert.equal(balance.total.XRP, 100_000);
  }
  const { requests } = await world.call('GET', '/truth');
  assert.equal(requests.filter((r) => r.key === 'sim-key' && r.path === '/v1/user/assets' && r.host === 'private').length, 2);
});

test('a wrong secret is an authentication error', async () => {
  await assert.rejects(client({ secret: 'wrong' }).fetchBalance(), ccxt.AuthenticationError);
  await assert.rejects(client({ apiKey: 'wrong' }).fetchBalance(), ccxt.AuthenticationError);
});

// What ccxt makes of each fault is what every bot on it sees. 10007 and 10009 are no more to it than "ExchangeError".
for (const [name, fault, error] of [
  ['too many requests', { effect: 'api_error', code: 10009 }, ccxt.ExchangeError],
  ['maintenance', { effect: 'maintenance' }, ccxt.ExchangeError],
  ['an authorization failure', { effect: 'api_error', code: 20001 }, ccxt.AuthenticationError],
  ['a bad gateway', { effect: 'status', status: 502 }, ccxt.NetworkError],
  ['a page instead of JSON', { effect: 'html', status: 503 }, ccxt.NetworkError],
  ['a lost answer', { effect: 'drop_response' }, ccxt.RequestTimeout],
  ['a black hole', { effect: 'blackhole' }, ccxt.RequestTimeout],
  ['a slow host', { effect: 'slow', delay_ms: 5000 }, ccxt.RequestTimeout],
  ['a refused connection', { effect: 'refuse' }, ccxt.NetworkError],
  ['a reset connection', { effect: 'reset' }, ccxt.NetworkError],
]) {
  test(`${name} is ${error.name} to ccxt`, async () => {
    const x = client({ timeout: 700 });
    await world.fault({ host: 'private', ...fault });
    await assert.rejects(x.fetchBalance(), (e) => e instanceof error || assert.fail(`${e.constructor.name}: ${e.message}`));
    await world.heal();
  });
}
