// node-bitbankcc, bitbank's own client: public getters, and signing by nonce.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { createRequire } from 'node:module';
import { openWorld } from './world.js';

const { PrivateApi, PublicApi } = createRequire(import.meta.url)('node-bitbankcc');

let world, open, signed;
before(async () => {
  world = await openWorld();
  open = new PublicApi({ endPoint: world.hosts.public });
  signed = new PrivateApi({ endPoint: world.hosts.private + '/v1', apiKey: 'sim-key', apiSecret: 'sim-secret' });
});
afterEach(() => world.heal());
after(() => world.close());

test('every public getter is answered', async () => {
  const pair = 'btc_jpy';
  const yesterday = new Date(Date.now() - 24 * 3600_000).toISOString().slice(0, 10).replaceAll('-', '');
  const ticker = await open.getTicker({ pair });
  assert.ok(Number(ticker.data.sell) > Number(ticker.data.buy));
  const depth = await open.getDepth({ pair });
  assert.equal(depth.data.asks.length, 200);
  const trades = await open.getTransactions({ pair });
  assert.equal(trades.data.transactions.length, 60);
  const candles = await open.getCandlestick({ pair, candleType: '1hour', yyyymmdd: yesterday });
  assert.equal(candles.data.candlestick[0].ohlcv.length, 24);
});

test('getAssets is signed with a nonce that rises', async () => {
  for (let i = 0; i < 3; i++) {
    const { data } = await signed.getAssets();
    assert.equal(data.assets.find((a) => a.asset === 'jpy').onhand_amount, '10000000.0000');
  }
});

test('a failure with HTTP 200 shows its code, any other hides it', async () => {
  for (const code of [10007, 20001, 50009]) {
    await world.fault({ host: 'private', effect: 'api_error', code, count: 1 });
    await assert.rejects(signed.getAssets(), { message: String(code) });
  }
  await world.fault({ host: 'private', effect: 'api_error', code: 10009, count: 1 }); // documented with 429
  await assert.rejects(signed.getAssets(), (e) => e.response.status === 429 && e.response.data.data.code === 10009);
  await world.fault({ host: 'public', effect: 'maintenance', status: 503, count: 1 });
  await assert.rejects(open.getDepth({ pair: 'btc_jpy' }), (e) => e.response.status === 503 && e.response.data.data.code === 10007);
});

test('an unknown pair is not found', async () => {
  await assert.rejects(open.getTicker({ pair: 'no_jpy' }), (e) => e.response.status === 404 && e.response.data.data.code === 10000);
});
