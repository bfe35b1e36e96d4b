// What ccxt makes of bitbank's refusals and of broken answers, which is what every bot on it sees, and what its users stumble
// over. Nothing here is to be repaired in the simulator: these are the client's own ways.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import ccxt from 'ccxt';
import { code, data, open, signer } from './signed.js';
import { eventually, openWorld } from './world.js';

let world, ask;
before(async () => {
  world = await openWorld({ flags: ['--query-limit', '10000', '--update-limit', '10000'] });
  ask = signer(world);
});
afterEach(() => world.heal());
after(() => world.close());

function client(options = {}) {
  const c = new ccxt.bitbank({ apiKey: 'sim-key', secret: 'sim-secret', enableRateLimit: false, timeout: 20_000, ...options });
  c.urls.api = { public: world.hosts.public, private: world.hosts.private, markets: world.hosts.private };
  return c;
}

// loaded is a client that knows its markets already, and waits so many milliseconds for an answer from then on.
async function loaded({ timeout = 20_000, ...options } = {}) {
  const c = client(options);
  await c.loadMarkets();
  c.timeout = timeout;
  return c;
}

const far = (c) => c.createOrder('BTC/JPY', 'limit', 'buy', 0.001, 9_000_000);
const live = async () => data(await ask('GET', '/v1/user/spot/active_orders?pair=btc_jpy')).orders;
const drop = async () => {
  const order_ids = (await live()).map((o) => o.order_id);
  if (order_ids.length > 0) data(await ask('POST', '/v1/user/spot/cancel_orders', { pair: 'btc_jpy', order_ids }));
};

// is wants exactly this class, not one below it.
const is = (wanted) => (e) => {
  assert.equal(e.constructor.name, wanted.name, e.message);
  return true;
};

// Every code that is not here is an ExchangeError: maintenance, overload, halts and limits too. That is no NetworkError, so a
// bot that retries those only gives its order up.
const classes = {
  20001: ccxt.AuthenticationError, 20002: ccxt.AuthenticationError, 20003: ccxt.AuthenticationError, 20005: ccxt.AuthenticationError,
  20004: ccxt.InvalidNonce, 40020: ccxt.InvalidOrder, 40021: ccxt.InvalidOrder, 60005: ccxt.InvalidOrder, 40013: ccxt.OrderNotFound,
  40014: ccxt.OrderNotFound, 50009: ccxt.OrderNotFound, 50010: ccxt.OrderNotFound, 50008: ccxt.PermissionDenied, 60001: ccxt.InsufficientFunds,
};

test('each of the 182 codes has its class, for reads and for orders', async () => {
  const c = await loaded();
  const codes = readFileSync(new URL('../../../bitbank/codes.tsv', import.meta.url), 'utf8').trim().split('\n').slice(1).map((l) => Number(l.split('\t')[0]));
  assert.equal(codes.length, 182);
  for (const n of codes) {
    const { id } = await world.fault({ host: 'private', effect: 'api_error', code: n });
    const wanted = is(classes[n] ?? ccxt.ExchangeError);
    await assert.rejects(c.fetchBalance(), wanted, `${n}`);
    await assert.rejects(far(c), wanted, `${n}`);
    await world.call('DELETE', `/faults/${id}`);
  }
  assert.equal((await live()).length, 0);
});

// The same from the exchange itself instead of a fault: the state that has the code, and the call that meets it.
for (const [n, name, cause, call, wanted] of [
  [20001, 'the nonce of a second call is not larger', (c) => (c.options.authMethod = 'nonce', c.nonce = () => 1), async (c) => { await c.fetchBalance(); await c.fetchBalance(); }, ccxt.AuthenticationError],
  [20002, 'an unknown key', (c) => (c.apiKey = 'wrong'), (c) => c.fetchBalance(), ccxt.AuthenticationError],
  [20005, 'a wrong secret', (c) => (c.secret = 'wrong'), (c) => c.fetchBalance(), ccxt.AuthenticationError],
  [20034, 'a clock ahead', (c) => (c.milliseconds = () => Date.now() + 5000), (c) => c.fetchBalance(), ccxt.ExchangeError],
  [20035, 'a clock behind', (c) => (c.milliseconds = () => Date.now() - 9000), (c) => c.fetchBalance(), ccxt.ExchangeError],
  [40017, 'an unknown pair', () => {}, (c) => c.fetchMyTrades('BTC/JPY', undefined, undefined, { pair: 'no_jpy' }), ccxt.ExchangeError],
  [40013, 'an id that is none', () => {}, (c) => c.fetchOrder('x', 'BTC/JPY'), ccxt.OrderNotFound],
  [50009, 'an unknown order', () => {}, (c) => c.fetchOrder('1', 'BTC/JPY'), ccxt.OrderNotFound],
  [50009, 'an order of another pair', () => {}, async (c) => c.fetchOrder((await far(c)).id, 'XRP/JPY'), ccxt.OrderNotFound],
  [50026, 'a second cancel', () => {}, async (c) => { const { id } = await far(c); await c.cancelOrder(id, 'BTC/JPY'); await c.cancelOrder(id, 'BTC/JPY'); }, ccxt.ExchangeError],
  [50027, 'a cancel of what is filled', () => {}, async (c) => c.cancelOrder((await c.createOrder('BTC/JPY', 'market', 'sell', 0.0001)).id, 'BTC/JPY'), ccxt.ExchangeError],
  [60001, 'too little money', () => {}, (c) => c.createOrder('BTC/JPY', 'limit', 'buy', 900, 9_000_000), ccxt.InsufficientFunds],
  [60003, 'too much at once', () => {}, (c) => c.createOrder('BTC/JPY', 'limit', 'buy', 1001, 9_000_000), ccxt.ExchangeError],
  [60005, 'too dear', () => {}, (c) => c.createOrder('BTC/JPY', 'limit', 'buy', 0.001, 999_999_999), ccxt.InvalidOrder],
  [60006, 'too cheap', () => {}, (c) => c.createOrder('BTC/JPY', 'limit', 'buy', 0.001, 1), ccxt.ExchangeError],
  [60011, 'a thirty-first order', () => {}, async (c) => { for (let i = 0; i < 31; i++) await far(c); }, ccxt.ExchangeError],
  [60018, 'a trigger that would go at once', () => {}, (c) => c.createOrder('BTC/JPY', 'stop', 'buy', 0.001, undefined, { trigger_price: '9000000' }), ccxt.ExchangeError],
  [70004, 'a halt', () => world.call('POST', '/pairs/btc_jpy', { status: 'HALT' }), far, ccxt.ExchangeError],
  [70011, 'a queue that is full', () => world.call('POST', '/accounts/sim', { refuse: { order: 70011 } }), far, ccxt.ExchangeError],
  [70013, 'a cancel in a halt', () => world.call('POST', '/pairs/btc_jpy', { status: 'HALT' }), (c) => c.cancelOrder('1', 'BTC/JPY'), ccxt.ExchangeError],
  [70017, 'a pair that is stopped', () => {}, (c) => c.createOrder('XRP/BTC', 'limit', 'buy', 1, 0.00002), ccxt.ExchangeError],
  [70018, 'a pair that takes no cancels either', () => world.call('POST', '/pairs/btc_jpy', { flags: { stop_order_and_cancel: true } }), (c) => c.cancelOrder('1', 'BTC/JPY'), ccxt.ExchangeError],
  [70020, 'a market order in an auction', () => world.call('POST', '/pairs/btc_jpy', { circuit_break: 'CIRCUIT_BREAK' }), (c) => c.createOrder('BTC/JPY', 'market', 'buy', 0.001), ccxt.ExchangeError],
  [50062, 'more closed than is open', () => {}, (c) => c.createOrder('BTC/JPY', 'market', 'sell', 0.001, undefined, { position_side: 'long' }), ccxt.ExchangeError],
  [10009, 'too many requests', () => world.call('POST', '/accounts/sim', { query: 1 }), async (c) => { for (let i = 0; i < 50; i++) await c.fetchBalance(); }, ccxt.ExchangeError],
]) {
  test(`${n}, ${name}: ${wanted.name}`, async () => {
    const c = await loaded();
    try {
      await cause(c);
      await assert.rejects(call(c), is(wanted));
      assert.equal(JSON.parse(c.last_http_response).data.code, n);
    } finally {
      await world.call('POST', '/pairs/btc_jpy', { status: 'NORMAL', circuit_break: 'NONE', flags: { stop_order_and_cancel: false } });
      await world.call('POST', '/accounts/sim', { query: 10000, refuse: { order: 0 } });
      await drop();
    }
  });
}

for (const [name, fault, wanted] of [
  ['maintenance', { effect: 'maintenance' }, ccxt.ExchangeError], // not OnMaintenance
  ['maintenance with 503', { effect: 'maintenance', status: 503 }, ccxt.ExchangeError], // it looks at the body first
  ['429 with the documented envelope', { effect: 'api_error', code: 10009 }, ccxt.ExchangeError], // not RateLimitExceeded
  ['429 of something in between', { effect: 'status', status: 429 }, ccxt.RateLimitExceeded],
  ['404 of something in between', { effect: 'status', status: 404 }, ccxt.ExchangeNotAvailable],
  ['502', { effect: 'status', status: 502 }, ccxt.ExchangeNotAvailable],
  ['504', { effect: 'status', status: 504 }, ccxt.RequestTimeout],
  ['a page with 503', { effect: 'html', status: 503 }, ccxt.ExchangeNotAvailable],
  ['a lost answer', { effect: 'drop_response' }, ccxt.RequestTimeout],
  ['a black hole', { effect: 'blackhole' }, ccxt.RequestTimeout],
  ['a slow host', { effect: 'slow', delay_ms: 5000 }, ccxt.RequestTimeout],
  ['a refused connection', { effect: 'refuse' }, ccxt.NetworkError],
  ['a reset connection', { effect: 'reset' }, ccxt.NetworkError],
]) {
  test(`${name}: ${wanted.name}`, async () => {
    const c = await loaded({ timeout: wanted === ccxt.RequestTimeout ? 400 : 20_000 });
    await world.fault({ host: 'private', ...fault });
    await assert.rejects(c.fetchBalance(), is(wanted));
    const retried = new wanted() instanceof ccxt.NetworkError; // by bots, and by ccxt itself when told to
    assert.equal(retried, wanted !== ccxt.ExchangeError);
    await world.heal();
    await eventually('the host is back', () => open(`${world.hosts.private}/spot/status`).catch(() => false));
  });
}

test('a page with HTTP 200 passes for an answer: no money, an order without an id', async () => {
  const c = await loaded();
  await world.fault({ host: 'private', effect: 'html' });
  assert.deepEqual((await c.fetchBalance()).total, {});
  assert.equal((await far(c)).id, undefined);
});

test('half a body is no error of ccxt at all', async () => {
  const c = await loaded();
  await world.fault({ host: 'private', effect: 'truncate' });
  await assert.rejects(c.fetchBalance(), (e) => e.constructor.name === 'SocketError' && !(e instanceof ccxt.BaseError));
});

test('it starts with /spot/pairs, without /v1, which says the same', async () => {
  await loaded();
  const { requests } = await world.call('GET', '/truth');
  assert.ok(requests.some((r) => r.host === 'private' && r.path === '/spot/pairs' && r.key === ''));
  assert.equal((await open(`${world.hosts.private}/spot/pairs`)).text, (await open(`${world.hosts.private}/v1/spot/pairs`)).text);
});

test('told to retry it sends a lost order again, signed anew, and there are two', async () => {
  const c = await loaded({ timeout: 1000, options: { maxRetriesOnFailure: 2 } });
  await world.fault({ host: 'private', effect: 'drop_response', match: { method: 'POST' }, count: 1 });
  await far(c);
  assert.equal((await live()).length, 2);
  await drop();
  await world.fault({ host: 'private', effect: 'status', status: 502, match: { method: 'POST' }, count: 2 });
  await far(c); // a page that came before the exchange does no harm
  assert.equal((await live()).length, 1);
  await drop();
});

test('two calls at once with nonces: the later one is refused', async () => {
  const c = await loaded({ options: { authMethod: 'nonce' } });
  c.nonce = () => 7_000_000_000_000; // the same millisecond
  const got = await Promise.allSettled([c.fetchBalance(), c.fetchBalance()]);
  assert.deepEqual(got.map((g) => g.status).sort(), ['fulfilled', 'rejected']);
});

test('it waits ten seconds for an answer', () => assert.equal(new ccxt.bitbank().timeout, 10_000));

test('what is signed are the bytes as they are sent', async () => {
  assert.equal(code(await ask('GET', '/v1/user/spot/trade_history?order=asc&count=1&pair=btc_jpy')), 0);
  assert.equal(code(await ask('GET', '/v1/user/spot/trade_history?pair=btc%5Fjpy')), 0);
  const spaced = '{"pair": "btc_jpy",\n "order_ids": [1]}';
  assert.equal(code(await ask('POST', '/v1/user/spot/orders_info', spaced)), 0);
  assert.equal(code(await ask('GET', '/v1/user/assets', undefined, { 'ACCESS-SIGNATURE': '0'.repeat(64) })), 20005);
  assert.equal(code(await ask('GET', '/v1/user/assets', undefined, { 'ACCESS-TIME-WINDOW': '4000' })), 20005);
});
