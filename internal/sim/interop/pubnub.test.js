// PubNub's own SDK on bitbank's private stream, with its event engine, which is its default, and without.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import PubNub from 'pubnub';
import { eventually, openWorld } from './world.js';

const subscribeKey = 'sub-c-ecebae8e-dd60-11e6-b6b1-02ee2ddab7fe';

let world;
before(async () => (world = await openWorld()));
after(() => world.close());

// call asks the private interface as its documents say, with a time window.
async function call(method, path, body) {
  const text = body === undefined ? '' : JSON.stringify(body);
  const time = String(Date.now());
  const signature = createHmac('sha256', 'sim-secret').update(time + '5000' + (method === 'GET' ? path : text)).digest('hex');
  const r = await fetch(world.hosts.private + path, {
    method,
    body: text || undefined,
    headers: {
      'Content-Type': 'application/json',
      'ACCESS-KEY': 'sim-key',
      'ACCESS-REQUEST-TIME': time,
      'ACCESS-TIME-WINDOW': '5000',
      'ACCESS-SIGNATURE': signature,
    },
  });
  const got = await r.json();
  assert.equal(got.success, 1, `${method} ${path}: ${JSON.stringify(got)}`);
  return got.data;
}

// order places one that rests far below the market.
async function order() {
  await sleep(200); // six writes a second are allowed
  const { data } = await (await fetch(`${world.hosts.public}/btc_jpy/ticker`)).json();
  const price = String(Math.floor(Number(data.last) * 0.9));
  const got = await call('POST', '/v1/user/spot/order', { pair: 'btc_jpy', amount: '0.0001', price, side: 'buy', type: 'limit' });
  return got.order_id;
}

// listen subscribes with a new ticket and keeps what the SDK tells. It returns when the SDK says that it is connected.
async function listen(options) {
  const ticket = await call('GET', '/v1/user/subscribe');
  const client = new PubNub({
    subscribeKey, userId: ticket.pubnub_channel, origin: new URL(world.hosts.pubnub).host, ssl: false, heartbeatInterval: 1,
    announceSuccessfulHeartbeats: true, ...options,
  });
  const l = { client, ticket, statuses: [], messages: [] };
  client.addListener({ status: (s) => l.statuses.push(s), message: (m) => l.messages.push(m) });
  l.status = (what, ok) => eventually(what, () => l.statuses.find(ok), 20_000);
  l.news = () => l.messages.filter((m) => m.message.method === 'spot_order_new').map((m) => m.message.params[0].order_id);
  client.setToken(ticket.pubnub_token);
  client.subscribe({ channels: [ticket.pubnub_channel] });
  await l.status('the SDK is connected', (s) => s.category === 'PNConnectedCategory');
  return l;
}

// orders that rest would fill the exchange's limit of thirty a pair.
const drop = async () => {
  const { orders } = await call('GET', '/v1/user/spot/active_orders?pair=btc_jpy');
  if (orders.length > 0) await call('POST', '/v1/user/spot/cancel_orders', { pair: 'btc_jpy', order_ids: orders.map((o) => o.order_id) });
};

for (const [name, options] of [
  ['with the event engine', {}],
  ['without the event engine', { enableEventEngine: false }],
]) {
  describe(name, () => {
    const engine = options.enableEventEngine !== false;
    const denied = (s) => s.category === 'PNAccessDeniedCategory' || s.error === 'PNAccessDeniedCategory';
    let l;
    before(async () => (l = await listen(options)));
    after(async () => {
      l.client.destroy();
      await drop();
    });

    test('an order and the money that it locks are told', async () => {
      const id = await order();
      await eventually('the order is told', () => l.news().includes(id));
      await eventually('the balance is told', () =>
        l.messages.some((m) => m.message.method === 'asset_update' && m.message.params.some((a) => a.asset === 'jpy' && Number(a.lockedAmount) > 0)),
      );
      const m = l.messages[0];
      assert.equal(m.channel, l.ticket.pubnub_channel);
      assert.match(m.timetoken, /^\d{17}$/);
    });

    test('heartbeats are answered', () => l.status('a heartbeat', (s) => s.operation === 'PNHeartbeatOperation' && s.error === false));

    test('many orders between two polls come once and in order', async () => {
      const before = l.news().length;
      const placed = [];
      for (let i = 0; i < 8; i++) placed.push(await order());
      await eventually('all are told', () => l.news().length >= before + placed.length);
      assert.deepEqual(l.news().slice(before), placed);
    });

    test('what happens in an outage of three seconds is told after it', async () => {
      const before = l.news().length;
      await world.fault({ host: 'pubnub', effect: 'refuse', for_ms: 3000 });
      const placed = [await order(), await order(), await order()];
      assert.equal(l.news().length, before, 'told while the host refuses');
      await eventually('all are told', () => l.news().length >= before + placed.length, 20_000);
      assert.deepEqual(l.news().slice(before), placed);
    });

    test('messages come twice, or not at all, when asked', async () => {
      await world.fault({ host: 'pubnub', effect: 'duplicate', match: { path: 'spot_order_new' }, count: 1 });
      const id = await order();
      await eventually('the order is told twice', () => l.news().filter((n) => n === id).length === 2);
      await world.fault({ host: 'pubnub', effect: 'mute_channel', match: { path: 'spot_order_new' }, count: 1 });
      const muted = await order();
      const told = await order();
      await eventually('the next order is told', () => l.news().includes(told));
      assert.ok(!l.news().includes(muted), 'a muted message came');
    });

    test('a revoked token is refused, and a new one goes on from the old place', async () => {
      await world.call('POST', '/accounts/sim', { revoke: true });
      const s = await l.status('access is denied', denied);
      assert.equal(s.category, engine ? 'PNDisconnectedUnexpectedlyCategory' : 'PNAccessDeniedCategory');
      const missed = await order();
      l.client.setToken((await call('GET', '/v1/user/subscribe')).pubnub_token);
      l.client.reconnect();
      await eventually('what was missed is told', () => l.news().includes(missed));
    });

    test('leaving is answered', async () => {
      l.client.unsubscribe({ channels: [l.ticket.pubnub_channel] });
      const s = await l.status('the channel is left', (s) => s.operation === 'PNUnsubscribeOperation');
      assert.ok(!s.error, JSON.stringify(s));
      await eventually('the leave has arrived', async () => {
        const { requests } = await world.call('GET', '/truth');
        return requests.some((r) => r.host === 'pubnub' && r.path.endsWith(`/channel/${l.ticket.pubnub_channel}/leave`));
      });
      const before = l.news().length;
      await order();
      await sleep(300);
      assert.equal(l.news().length, before, 'told to a client that has left');
    });
  });

  test(`a wrong token is refused ${name}`, async () => {
    const { pubnub_channel: channel } = await call('GET', '/v1/user/subscribe');
    const client = new PubNub({ subscribeKey, userId: channel, origin: new URL(world.hosts.pubnub).host, ssl: false, ...options });
    const statuses = [];
    client.addListener({ status: (s) => statuses.push(s) });
    client.setToken('nonsense');
    client.subscribe({ channels: [channel] });
    await eventually('access is denied', () => statuses.some((s) => [s.category, s.error].includes('PNAccessDeniedCategory')));
    client.destroy();
  });
}

test('PubNub tells the time in its own units, and opens nothing without a token', async () => {
  const client = new PubNub({ subscribeKey, userId: 'sim', origin: new URL(world.hosts.pubnub).host, ssl: false });
  const { timetoken } = await client.time();
  assert.ok(Math.abs(Number(timetoken) / 10_000 - Date.now()) < 5000);
  await assert.rejects(client.hereNow({ channels: ['sim'] }), (e) => e.status.statusCode === 403);
  client.destroy();
});
