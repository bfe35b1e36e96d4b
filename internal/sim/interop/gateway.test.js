// Unmodified clients of others through the gateway, with a naive bot behind each: it repeats its order until it holds an
// id, as bots do. Whatever goes wrong between gateway and exchange, exactly the orders that were wanted exist in the end.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import ccxt from 'ccxt';
import { PrivateApi } from 'node-bitbankcc';
import { eventually, openWorld } from './world.js';

// clients place one limit order and return its id, or throw an error with bitbank's code when one came. Each order of
// node-bitbankcc's comes from a bot of its own: its nonces rise, so one that is behind another is refused.
const clients = {
  ccxt: (gateway) => {
    const c = new ccxt.bitbank({ apiKey: 'bot-key', secret: 'bot-secret', enableRateLimit: false });
    c.urls.api = { public: gateway, private: gateway, markets: gateway };
    return async (amount) => {
      try {
        return (await c.createOrder('BTC/JPY', 'limit', 'buy', Number(amount), 9000000)).id;
      } catch (e) {
        // It has its own words for the codes that it knows.
        throw Object.assign(e, { code: e instanceof ccxt.InsufficientFunds ? '60001' : /"code":(\d+)/.exec(e.message)?.[1] });
      }
    };
  },
  'node-bitbankcc': (gateway) => {
    const bots = {};
    return async (amount, i) => {
      const c = (bots[i] ??= new PrivateApi({ endPoint: gateway + '/v1', apiKey: `bot-${i}`, apiSecret: `bot-${i}` }));
      try {
        return (await c.postOrder({ pair: 'btc_jpy', amount, price: '9000000', side: 'buy', type: 'limit' })).data.order_id;
      } catch (e) {
        throw Object.assign(e, { code: /^(\d{5})$/.exec(e.message)?.[1] });
      }
    };
  },
};

// modes are what goes wrong once between gateway and exchange, for one order.
const modes = [
  { effect: 'reset' },
  { effect: 'blackhole' },
  { effect: 'slow', delay_ms: 1500 },
  { effect: 'slow', delay_ms: 6000 },
  { effect: 'drop_request' },
  { effect: 'drop_response' },
  { effect: 'drop_response', delay_ms: 10 },
  { effect: 'truncate' },
  { effect: 'html' },
  { effect: 'empty' },
  { effect: 'status', status: 307 },
  { effect: 'status', status: 403 },
  { effect: 'status', status: 408 },
  { effect: 'status', status: 409 },
  { effect: 'status', status: 429 },
  { effect: 'status', status: 500 },
  { effect: 'status', status: 502 },
  { effect: 'status', status: 503 },
  { effect: 'status', status: 504 },
  { effect: 'maintenance' },
  { effect: 'api_error', code: 10001 },
  { effect: 'api_error', code: 10003 },
  { effect: 'api_error', code: 10005 },
  { effect: 'api_error', code: 10008 },
  { effect: 'api_error', code: 10009 },
  { effect: 'api_error', code: 60001 },
  { effect: 'api_error', code: 70003 },
  { effect: 'api_error', code: 70011 },
  { effect: 'api_error', code: 99999 },
  { effect: 'api_error_after', code: 10001 },
  { effect: 'api_error_after', code: 10005 },
  { effect: 'api_error_after', code: 70003 },
  { effect: 'queue_delay', delay_ms: 1000 },
  { effect: 'queue_delay', delay_ms: 20000 },
  { effect: 'clock_skew', delay_ms: -3000 },
];

// naive repeats an order until it has an id, or bitbank's own refusal of the order, or its time is over.
async function naive(place, until) {
  for (let n = 1; ; n++) {
    try {
      return { id: await place(), n };
    } catch (e) {
      if (e.code && !['10005', '10009', '20034', '20035', '70004'].includes(e.code)) return { code: e.code, n };
      if (Date.now() > until) return { error: `no answer after ${n} tries: ${e.message}`, n };
      await sleep(300);
    }
  }
}

// counted are the ids of the orders that exist, by amount.
async function counted(world) {
  const { orders } = await world.call('GET', '/truth');
  const count = {};
  for (const o of orders) (count[Number(o.start_amount)] ??= []).push(String(o.order_id));
  return count;
}

// send has a naive bot place one order for each mode, which goes wrong as the mode says.
async function send(world, place, until) {
  const wanted = [];
  for (const [i, mode] of modes.entries()) {
    const amount = (0.01 + i / 10000).toFixed(4);
    await world.fault({ host: 'private', match: { method: 'POST', path: '/v1/user/spot/order' }, count: 1, ...mode });
    wanted.push({ amount, mode, done: naive(() => place(amount, i), until) });
    // The next mode is for the next order, though an earlier one that is sent once more may be quicker.
    await eventually(`${JSON.stringify(mode)} acts`, async () => (await world.call('GET', '/faults')).faults.length === 0);
  }
  for (const w of wanted) w.got = await w.done;
  return wanted;
}

describe('a naive bot through the gateway', { concurrency: true }, () => {
  for (const [name, make] of Object.entries(clients)) {
    test(`${name}: exactly the wanted orders exist, none twice, none lost`, async (t) => {
      const world = await openWorld({ flags: ['--live-limit', '1000'] });
      t.after(() => world.close());
      const wanted = await send(world, make(await world.open(modes.length)), Date.now() + 180_000);
      const exist = await counted(world);
      for (const { amount, mode, got } of wanted) {
        const ids = exist[Number(amount)] ?? [];
        const what = `${JSON.stringify(mode)} after ${got.n} tries`;
        assert.equal(got.error, undefined, what);
        if (got.code) assert.deepEqual(ids, [], `${what}: refused with ${got.code}`);
        else assert.deepEqual(ids, [String(got.id)], what);
      }
      // Only bitbank's own word on an order ends a bot's patience.
      assert.deepEqual(wanted.filter((w) => w.got.code).map((w) => w.got.code), ['60001'], JSON.stringify(wanted.map((w) => [w.mode, w.got])));
      const tries = wanted.reduce((n, w) => n + w.got.n, 0);
      console.log(`figure: ${name} through the gateway, ${modes.length} fault modes: ${tries} tries, 0 doubled, 0 lost`);
    });
  }
});
