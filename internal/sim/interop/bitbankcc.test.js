// node-bitbankcc, bitbank's own client: every method that its type definitions name, signed by nonce.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import { createRequire } from 'node:module';
import { unasked } from './shapes.js';
import { openWorld } from './world.js';

const { PrivateApi, PublicApi } = createRequire(import.meta.url)('node-bitbankcc');

let world, open, signed;
before(async () => {
  world = await openWorld({ flags: ['--query-limit', '10000', '--update-limit', '10000'] });
  open = new PublicApi({ endPoint: world.hosts.public, timeout });
  signed = client();
});
afterEach(() => world.heal());
after(() => world.close());

const timeout = 20_000; // a busy machine is no failure of the client
const client = (config = {}, options) => new PrivateApi({ endPoint: world.hosts.private + '/v1', apiKey: 'sim-key', apiSecret: 'sim-secret', timeout, ...config }, options);

const pair = 'btc_jpy';
const far = { pair, side: 'buy', type: 'limit', amount: '0.001', price: '9000000' };
const day = (ago) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');

// place sends an order and reads it again: the answer is from before the book saw it.
async function place(order) {
  const { data } = await signed.postOrder(order);
  return (await signed.getOrder({ pair: order.pair, order_id: data.order_id })).data;
}

const publicTours = {
  async getTicker() {
    const { data } = await open.getTicker({ pair });
    assert.ok(Number(data.sell) > Number(data.buy));
  },
  async getDepth() {
    const { data } = await open.getDepth({ pair });
    assert.deepEqual([data.asks.length, data.bids.length], [200, 200]);
  },
  async getTransactions() {
    assert.equal((await open.getTransactions({ pair })).data.transactions.length, 60);
    assert.ok((await open.getTransactions({ pair, yyyymmdd: day(2) })).data.transactions.length > 60);
  },
  async getCandlestick() {
    const { data } = await open.getCandlestick({ pair, candleType: '1hour', yyyymmdd: day(1) });
    assert.equal(data.candlestick[0].ohlcv.length, 24);
    const year = await open.getCandlestick({ pair, candleType: '1day', yyyymmdd: day(1).slice(0, 4) });
    assert.ok(year.data.candlestick[0].ohlcv.length > 0);
  },
};

const privateTours = {
  async getAssets() {
    for (let i = 0; i < 3; i++) {
      const { data } = await signed.getAssets(); // each time with a larger nonce
      assert.equal(data.assets.find((a) => a.asset === 'jpy').onhand_amount, '10000000.0000');
    }
  },
  // Every type, with what its own types know and with what they do not.
  async postOrder() {
    const o = (await signed.postOrder({ ...far, post_only: true })).data;
    assert.deepEqual([typeof o.order_id, o.status, o.price, o.post_only, o.start_amount], ['number', 'UNFILLED', '9000000', true, '0.0010']);
    assert.equal((await place({ ...far, price: 9000001 })).price, '9000001'); // a number, as its types allow
    assert.equal((await place({ pair, side: 'buy', type: 'market', amount: '0.01' })).status, 'FULLY_FILLED');
    const stop = await place({ pair, side: 'sell', type: 'stop', amount: '0.01', trigger_price: 9000000 });
    assert.deepEqual([stop.status, stop.trigger_price], ['INACTIVE', '9000000']);
    assert.equal((await place({ pair, side: 'sell', type: 'stop_limit', amount: '0.01', trigger_price: '9000000', price: '9000000' })).status, 'INACTIVE');
    assert.equal((await place({ pair, side: 'buy', type: 'market', amount: '0.01', position_side: 'long' })).position_side, 'long');
    const whole = await place({ pair, side: 'sell', type: 'take_profit', trigger_price: '30000000', position_side: 'long' });
    assert.deepEqual([whole.status, whole.start_amount], ['INACTIVE', null]);
    assert.equal((await place({ pair, side: 'sell', type: 'stop_loss', amount: '0.01', trigger_price: '9000000', position_side: 'long' })).status, 'INACTIVE');
  },
  async getOrder() {
    const o = await place(far);
    assert.deepEqual([o.status, o.remaining_amount, o.average_price, o.executed_amount], ['UNFILLED', '0.0010', '0', '0.0000']);
    await assert.rejects(signed.getOrder({ pair: 'xrp_jpy', order_id: o.order_id }), { message: '50009' });
  },
  async cancelOrder() {
    const { order_id } = await place(far);
    const { data } = await signed.cancelOrder({ pair, order_id });
    assert.deepEqual([data.status, typeof data.canceled_at], ['CANCELED_UNFILLED', 'number']);
    await assert.rejects(signed.cancelOrder({ pair, order_id }), { message: '50026' });
  },
  async cancelOrders() {
    const order_ids = [(await place(far)).order_id, (await place(far)).order_id];
    const { data } = await signed.cancelOrders({ pair, order_ids });
    assert.deepEqual(data.orders.map((o) => [o.order_id, o.status]), order_ids.map((id) => [id, 'CANCELED_UNFILLED']));
  },
  async getOrdersInfo() {
    const order_ids = [(await place(far)).order_id, (await place({ ...far, price: '9000002' })).order_id];
    const { data } = await signed.getOrdersInfo({ pair, order_ids });
    assert.deepEqual(data.orders.map((o) => o.price), ['9000000', '9000002']);
  },
  async getActiveOrders() {
    const all = (await signed.getActiveOrders({})).data.orders;
    assert.ok(all.length > 4 && all.some((o) => o.status === 'INACTIVE'));
    const [first, last] = [all[1].order_id, all.at(-1).order_id];
    const some = (await signed.getActiveOrders({ pair, from_id: first, end_id: last, count: 2, since: all[0].ordered_at, end: Date.now() })).data.orders;
    assert.deepEqual(some.map((o) => o.order_id), all.slice(1, 3).map((o) => o.order_id));
  },
  async getTradeHistory() {
    await place({ pair: 'xrp_jpy', side: 'sell', type: 'market', amount: '10' });
    const down = (await signed.getTradeHistory({})).data.trades;
    const up = (await signed.getTradeHistory({ order: 'asc', since: down.at(-1).executed_at, end: Date.now(), count: 1000 })).data.trades;
    assert.deepEqual(up, [...down].reverse());
    const [newest] = down;
    const of = (await signed.getTradeHistory({ pair: newest.pair, order_id: newest.order_id })).data.trades;
    assert.ok(of.length > 0 && of.every((t) => t.order_id === newest.order_id && t.maker_taker === 'taker'));
  },
  async getDepositHistory() {
    const { uuid } = await world.call('POST', '/accounts/sim/deposits', { asset: 'btc', amount: '0.25', status: 'DONE' });
    const { data } = await signed.getDepositHistory({ asset: 'btc', count: 1 });
    assert.deepEqual([data.deposits[0].uuid, data.deposits[0].amount, data.deposits[0].status], [uuid, '0.25000000', 'DONE']);
  },
  async getWithdrawalAccount() {
    const { data } = await signed.getWithdrawalAccount({ asset: 'eth' });
    assert.deepEqual(data.accounts.map((a) => a.network), ['ethereum', 'arbitrum']);
  },
  async requestWithdrawal() {
    const { uuid } = (await signed.getWithdrawalAccount({ asset: 'btc' })).data.accounts[0];
    await world.call('POST', '/accounts/sim/conditions', { otp_token: '123456' });
    await assert.rejects(signed.requestWithdrawal({ asset: 'btc', amount: '0.1', uuid }), { message: '20023' });
    await assert.rejects(signed.requestWithdrawal({ asset: 'btc', amount: '0.1', uuid, otp_token: '0' }), { message: '20011' });
    const { data } = await signed.requestWithdrawal({ asset: 'btc', amount: '0.1', uuid, otp_token: '123456' });
    await world.call('POST', '/accounts/sim/conditions', {});
    assert.deepEqual([data.account_uuid, data.amount, data.status], [uuid, '0.10000000', 'CONFIRMING']);
  },
  async getWithdrawalHistory() {
    const { uuid } = (await signed.getWithdrawalAccount({ asset: 'xrp' })).data.accounts[0];
    const asked = (await signed.requestWithdrawal({ asset: 'xrp', amount: '100', uuid })).data;
    const { data } = await signed.getWithdrawalHistory({ asset: 'xrp', count: 1, since: asked.requested_at, end: asked.requested_at });
    assert.deepEqual(data.withdrawals, [asked]);
  },
};

for (const [method, tour] of Object.entries({ ...publicTours, ...privateTours })) test(method, tour);

// Below its methods are the two that they are made of: by them it reaches what it has no method for.
test('what has no method: margin, unconfirmed deposits, the stream, status, pairs, circuit break, all tickers', async () => {
  assert.equal((await signed.get('/user/margin/status')).data.status, 'NORMAL');
  assert.equal((await signed.get('/user/margin/positions')).data.positions.length, 10);
  assert.equal((await signed.get('/user/unconfirmed_deposits')).data.deposits.length, 0);
  const originator_uuid = (await signed.get('/user/deposit_originators')).data.originators[0].uuid;
  await signed.post('/user/confirm_deposits_all', { originator_uuid });
  await assert.rejects(signed.post('/user/confirm_deposits', { deposits: [] }), { message: '40028' });
  assert.match((await signed.get('/user/subscribe')).data.pubnub_channel, /^\w+$/);
  assert.equal((await signed.get('/spot/status')).data.statuses.length, 62);
  assert.equal((await signed.get('/spot/pairs')).data.pairs.length, 62);
  assert.equal((await open.get(`/${pair}/circuit_break_info`)).data.mode, 'NONE');
  assert.equal((await open.get('/tickers')).data.length, 62);
  assert.ok((await open.get('/tickers_jpy')).data.length > 40);
});

// What its types name beside the methods.
const apart = { get: 'what the methods are made of, toured above', post: 'likewise', makeHeader: 'private', toSha256: 'private' };

test('nothing that its types name and nothing that is documented was left out', async () => {
  for (const [file, tours] of [['public-api', publicTours], ['private-api', privateTours]]) {
    const types = readFileSync(new URL(`node_modules/node-bitbankcc/dist/lib/${file}.d.ts`, import.meta.url), 'utf8');
    const methods = [...types.matchAll(/^ {4}(?:private static |private )?(\w+)(?:<\w+>)?\(/gm)].map((m) => m[1]).filter((m) => m !== 'constructor');
    assert.deepEqual(methods.filter((m) => !(m in apart)).sort(), Object.keys(tours).sort());
  }
  assert.deepEqual(unasked((await world.call('GET', '/truth')).requests), []);
});

// What it cannot do at all, each with the proof.
const lacks = {
  'sign with a time window': (sent) => 'ACCESS-NONCE' in sent.headers && !('ACCESS-REQUEST-TIME' in sent.headers),
  'name orders by a text: its types and its users send numbers': (sent) => typeof sent.data.order_id === 'number',
  'wait longer than three seconds by itself': (sent) => sent.timeout === 3000,
  'follow a stream': () => ![PublicApi, PrivateApi].some((c) => Object.getOwnPropertyNames(c.prototype).some((m) => /stream|socket|join|subscribe/i.test(m))),
};
for (const [what, proof] of Object.entries(lacks)) {
  test(`it does not ${what}`, async () => {
    const sent = [];
    const c = client({ timeout: undefined }, { optionsCallback: (o) => sent.push(o) });
    await assert.rejects(c.cancelOrder({ pair, order_id: 1 }), { message: '50009' });
    assert.ok(proof(sent[0]));
  });
}

test('a failure with HTTP 200 shows its code, any other hides it', async () => {
  const codes = readFileSync(new URL('../../../bitbank/codes.tsv', import.meta.url), 'utf8').trim().split('\n').slice(1).map((l) => Number(l.split('\t')[0]));
  assert.equal(codes.length, 182);
  for (const code of codes) {
    await world.fault({ host: 'private', effect: 'api_error', code, count: 2 });
    const status = { 10000: 404, 10009: 429 }[code]; // documented
    const hidden = (e) => e.response.status === status && e.response.data.data.code === code;
    for (const call of [() => signed.getAssets(), () => signed.postOrder(far)]) await assert.rejects(call(), status ? hidden : { message: String(code) });
  }
  await world.fault({ host: 'public', effect: 'maintenance', status: 503, count: 1 });
  await assert.rejects(open.getDepth({ pair }), (e) => e.response.status === 503 && e.response.data.data.code === 10007);
});

test('a broken answer is an error that is no refusal', async () => {
  for (const [fault, wanted] of [
    [{ effect: 'html' }, { name: 'TypeError' }], // it looks for a code in a page
    [{ effect: 'empty' }, { name: 'TypeError' }],
    [{ effect: 'status', status: 502 }, (e) => e.response.status === 502],
    [{ effect: 'drop_response' }, { code: 'ECONNABORTED' }],
    [{ effect: 'reset' }, { code: 'ECONNRESET' }],
    [{ effect: 'truncate' }, { message: 'aborted' }],
  ]) {
    await world.fault({ host: 'private', count: 1, ...fault });
    const patience = fault.effect === 'drop_response' ? 300 : timeout;
    await assert.rejects(client({ timeout: patience }).getAssets(), wanted, fault.effect);
  }
});

test('two clients with one key: the one that began earlier is refused', async () => {
  const [first, second] = [client(), client()];
  first.nonce = second.nonce = Date.now() + 10_000; // each counts up from when it was made
  await second.getAssets();
  await assert.rejects(first.getAssets(), { message: '20001' });
});

test('an unknown pair is not found', async () => {
  await assert.rejects(open.getTicker({ pair: 'no_jpy' }), (e) => e.response.status === 404 && e.response.data.data.code === 10000);
});
