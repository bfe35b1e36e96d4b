// The private interface and the private stream, answer by answer and message by message, against the documented shapes. The
// crowd stands still in this world, so that every state can be brought about.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Checker } from './shapes.js';
import { code, data, open, signer } from './signed.js';
import { eventually, openWorld } from './world.js';

const subscribeKey = 'sub-c-ecebae8e-dd60-11e6-b6b1-02ee2ddab7fe';
const checker = new Checker();

let world, sim, rich, trader;
const heard = []; // what the private streams say
const polls = new AbortController();

before(async () => {
  world = await openWorld({ flags: ['--speed', '0.000001', '--query-limit', '10000', '--update-limit', '10000'] });
  const balances = { jpy: '1000000000', btc: '1000', eth: '1000', xrp: '1000000', xlm: '1000' };
  await world.call('POST', '/accounts', { id: 'rich', key: 'rich-key', secret: 'rich-secret', balances });
  await world.call('POST', '/accounts', { id: 'trader', key: 'trader-key', secret: 'trader-secret', balances: { jpy: '1000000' } });
  sim = signer(world);
  [rich, trader] = ['rich', 'trader'].map((id) => signer(world, { key: `${id}-key`, secret: `${id}-secret` }));
  await listen(rich);
  await listen(trader);
});
after(async () => {
  polls.abort();
  await world.close();
});

// listen follows an account's private stream over PubNub's plain HTTP interface and keeps what it says.
async function listen(ask) {
  const { pubnub_channel: channel, pubnub_token: token } = checker.answer('private', 'GET /v1/user/subscribe', await ask('GET', '/v1/user/subscribe'));
  const url = `${world.hosts.pubnub}/v2/subscribe/${subscribeKey}/${channel}/0?uuid=${channel}&auth=${encodeURIComponent(token)}`;
  const poll = async (at) => (await fetch(`${url}&tt=${at.t}&tr=${at.r}`, { signal: polls.signal })).json();
  let at = (await poll({ t: '0', r: 0 })).t;
  (async () => {
    for (;;) {
      const { t, m } = await poll(at);
      at = t;
      heard.push(...m.map((x) => x.d.message ?? x.d));
    }
  })().catch((e) => polls.signal.aborted || heard.push(e)); // it ends with the tests
}

const told = (what, ok) => eventually(what, () => heard.find(ok));
const market = async (path) => data(await open(`${world.hosts.public}${path}`));

// rows of an order in each way that it can be read, in a situation.
async function read(ask, { pair, order_id: id }, ...situations) {
  const one = checker.answer('private', 'GET /v1/user/spot/order', await ask('GET', `/v1/user/spot/order?pair=${pair}&order_id=${id}`), ...situations);
  const { orders } = checker.answer('private', 'POST /v1/user/spot/orders_info', await ask('POST', '/v1/user/spot/orders_info', { pair, order_ids: [id] }), ...situations);
  assert.deepEqual(orders, [one]);
  const active = checker.answer('private', 'GET /v1/user/spot/active_orders', await ask('GET', `/v1/user/spot/active_orders?pair=${pair}&from_id=${id}&end_id=${id}`), ...situations);
  assert.deepEqual(active.orders, ['INACTIVE', 'UNFILLED', 'PARTIALLY_FILLED'].includes(one.status) ? [one] : []);
  return one;
}

async function place(ask, order, ...situations) {
  return checker.answer('private', 'POST /v1/user/spot/order', await ask('POST', '/v1/user/spot/order', order), ...situations);
}

async function cancel(ask, { pair, order_id: id }, ...situations) {
  return checker.answer('private', 'POST /v1/user/spot/cancel_order', await ask('POST', '/v1/user/spot/cancel_order', { pair, order_id: id }), ...situations);
}

test('status and pairs', async () => {
  checker.answer('private', 'GET /v1/spot/status', await open(`${world.hosts.private}/v1/spot/status`));
  for (const status of ['BUSY', 'VERY_BUSY', 'HALT', 'NORMAL']) {
    await world.call('POST', '/pairs/eth_jpy', { status });
    const { statuses } = checker.answer('private', 'GET /v1/spot/status', await open(`${world.hosts.private}/v1/spot/status`));
    assert.equal(statuses.find((s) => s.pair === 'eth_jpy').status, status);
  }
  const { pairs } = checker.answer('private', 'GET /v1/spot/pairs', await open(`${world.hosts.private}/v1/spot/pairs`));
  for (const p of pairs) {
    const margin = ['btc_jpy', 'xrp_jpy', 'eth_jpy', 'sol_jpy', 'doge_jpy'].includes(p.name);
    for (const [k, v] of Object.entries(p)) {
      if (/^margin_(open|close|long|short|current)/.test(k)) assert.equal(v !== null, margin, `${p.name} ${k}`);
    }
  }
});

test('assets', async () => {
  const { assets } = checker.answer('private', 'GET /v1/user/assets', await sim('GET', '/v1/user/assets'));
  for (const a of assets) checker.shape(a.asset, a, '#asset', a.asset === 'jpy' ? 'yen' : 'coin');
  await world.call('POST', '/accounts/sim/stops', { asset: 'btc', stop_deposit: true });
  const stopped = checker.answer('private', 'GET /v1/user/assets', await sim('GET', '/v1/user/assets')).assets.find((a) => a.asset === 'btc');
  assert.deepEqual([stopped.stop_deposit, stopped.stop_withdrawal], [true, false]);
  assert.ok(stopped.network_list.every((n) => n.stop_deposit && !n.stop_withdrawal));
  await world.call('POST', '/accounts/sim/stops', { asset: 'btc', stop_deposit: false });
});

test('spot orders in every state', async () => {
  const far = { pair: 'btc_jpy', side: 'buy', type: 'limit', amount: '0.001', price: '9000000' };
  let o = await place(rich, { ...far, post_only: true }, 'limit');
  assert.deepEqual([o.status, o.post_only, o.average_price], ['UNFILLED', true, '0']);
  await read(rich, o, 'limit');
  o = await cancel(rich, o, 'limit', 'cancelled');
  assert.equal(o.status, 'CANCELED_UNFILLED');
  await read(rich, o, 'limit', 'cancelled');

  // One that takes the best price and waits there for more.
  const { asks } = await market('/btc_jpy/depth');
  o = await place(rich, { ...far, amount: (Number(asks[0][1]) + 0.01).toFixed(4), price: asks[0][0] }, 'limit');
  assert.equal(o.status, 'UNFILLED'); // the answer is from before the book saw it
  o = await read(rich, o, 'limit');
  assert.deepEqual([o.status, o.remaining_amount, o.average_price], ['PARTIALLY_FILLED', '0.0100', asks[0][0]]);
  assert.equal((await cancel(rich, o, 'limit', 'cancelled')).status, 'CANCELED_PARTIALLY_FILLED');
  await read(rich, o, 'limit', 'cancelled');

  o = await place(rich, { pair: 'btc_jpy', side: 'sell', type: 'market', amount: '0.01' }, 'market');
  assert.equal((await read(rich, o, 'market')).status, 'FULLY_FILLED');
  o = await place(rich, { pair: 'btc_jpy', side: 'buy', type: 'market', amount: '10' }, 'market'); // more than the book has
  assert.equal((await read(rich, o, 'market')).status, 'REJECTED');

  // One between the crowd's best prices, which waits for the other account.
  await world.call('POST', '/market', { pair: 'btc_jpy', last: '15000000' });
  o = await place(rich, { ...far, price: '15000000' }, 'limit');
  await place(sim, { pair: 'btc_jpy', side: 'sell', type: 'market', amount: '0.001' }, 'market');
  assert.equal((await read(rich, o, 'limit')).status, 'FULLY_FILLED');

  const many = [await place(rich, far, 'limit'), await place(rich, { ...far, price: 9000001 }, 'limit')];
  const ids = many.map((m) => m.order_id);
  const gone = checker.answer('private', 'POST /v1/user/spot/cancel_orders', await rich('POST', '/v1/user/spot/cancel_orders', { pair: 'btc_jpy', order_ids: ids }), 'limit', 'cancelled');
  assert.deepEqual(gone.orders.map((x) => x.order_id), ids);
});

test('stops before and after their trigger', async () => {
  await world.call('POST', '/market', { pair: 'eth_jpy', last: '500000' });
  const stop = { pair: 'eth_jpy', side: 'buy', type: 'stop', amount: '0.1', trigger_price: '600000' };
  const limit = { ...stop, type: 'stop_limit', trigger_price: '610000', price: '600000' };
  const [a, b, c] = [await place(rich, stop, 'stop'), await place(rich, limit, 'stop_limit'), await place(rich, { ...stop, trigger_price: '900000' }, 'stop')];
  await place(rich, { ...limit, price: '700000' }, 'stop_limit'); // one that will find somebody
  for (const [o, kind] of [[a, 'stop'], [b, 'stop_limit'], [c, 'stop']]) assert.equal((await read(rich, o, kind)).status, 'INACTIVE');
  await cancel(rich, c, 'stop', 'cancelled');
  await read(rich, c, 'stop', 'cancelled');
  await world.call('POST', '/market', { pair: 'eth_jpy', last: '650000' });
  assert.equal((await read(rich, a, 'stop', 'triggered')).status, 'FULLY_FILLED');
  assert.equal((await read(rich, b, 'stop_limit', 'triggered')).status, 'UNFILLED');
  await cancel(rich, b, 'stop_limit', 'triggered', 'cancelled');

});

test('trades', async () => {
  const { trades } = checker.answer('private', 'GET /v1/user/spot/trade_history', await rich('GET', '/v1/user/spot/trade_history'), 'spot');
  assert.ok(trades.length > 2);
});

const marginStatus = async () => checker.answer('private', 'GET /v1/user/margin/status', await trader('GET', '/v1/user/margin/status'));
const positions = async () => checker.answer('private', 'GET /v1/user/margin/positions', await trader('GET', '/v1/user/margin/positions'));
const jump = (last) => world.call('POST', '/market', { pair: 'btc_jpy', last });

test('margin, from the first position to the debt that a crash leaves', async () => {
  assert.deepEqual([(await marginStatus()).status, (await marginStatus()).total_margin_balance_percentage], ['NORMAL', null]);
  assert.deepEqual((await positions()).notice, { what: null, occurred_at: null, amount: null, due_date_at: null });
  await jump('15000000');
  const long = { pair: 'btc_jpy', position_side: 'long', side: 'buy', type: 'market', amount: '0.1' };
  const o = await place(trader, long, 'market', 'margin');
  assert.equal((await read(trader, o, 'market', 'margin')).status, 'FULLY_FILLED');
  const held = await positions();
  assert.equal(held.positions.length, 10);
  assert.equal(held.positions.find((p) => p.pair === 'btc_jpy' && p.position_side === 'long').open_amount, '0.1000');
  assert.notEqual((await marginStatus()).margin_call_percentage, null);

  // Closing orders, one of the whole position, whose amounts are null.
  const closing = { pair: 'btc_jpy', position_side: 'long', side: 'sell' };
  let c = await place(trader, { ...closing, type: 'take_profit', trigger_price: '30000000' }, 'take_profit', 'margin');
  assert.deepEqual([c.start_amount, c.remaining_amount], [null, null]);
  await cancel(trader, await read(trader, c, 'take_profit', 'margin'), 'take_profit', 'margin', 'cancelled');
  c = await place(trader, { ...closing, type: 'stop_loss', amount: '0.01', trigger_price: '14000000' }, 'stop_loss', 'margin');
  await read(trader, c, 'stop_loss', 'margin');

  // A position on the other side, opened and closed again.
  const short = { ...long, position_side: 'short', side: 'sell', amount: '0.001' };
  const rests = await place(trader, { ...short, type: 'limit', price: '17000000' }, 'limit', 'margin');
  await cancel(trader, rests, 'limit', 'margin', 'cancelled');
  for (const side of ['sell', 'buy']) await place(trader, { ...short, side }, 'market', 'margin');
  const taken = await place(trader, { ...closing, type: 'take_profit', amount: '0.01', trigger_price: '15200000' }, 'take_profit', 'margin');
  await jump('15300000');
  await read(trader, taken, 'take_profit', 'margin', 'triggered');

  await jump('10200000'); // the stop loss goes, and the rest is called for
  await read(trader, c, 'stop_loss', 'margin', 'triggered');
  await eventually('a margin call', async () => (await marginStatus()).status === 'CALL');
  assert.equal((await positions()).notice.what, 'margin_call');
  await told('the call', (m) => m.method === 'margin_notice_update' && m.params[0].what === 'marginCall');
  await jump('15000000');
  await eventually('the call is off', async () => (await positions()).notice.what === null);

  // While trading is stopped nothing is liquidated.
  await world.call('POST', '/pairs/btc_jpy', { circuit_break: 'FULL_RANGE_CIRCUIT_BREAK' });
  await jump('2000000');
  assert.equal((await marginStatus()).status, 'LOSSCUT');
  await world.call('POST', '/pairs/btc_jpy', { circuit_break: 'NONE' });
  await eventually('a liquidation', async () => (await marginStatus()).status === 'DEBT');
  const { trades } = checker.answer('private', 'GET /v1/user/spot/trade_history', await trader('GET', '/v1/user/spot/trade_history'), 'margin');
  const cut = trades.find((t) => t.type === 'losscut');
  assert.equal((await read(trader, cut, 'losscut', 'margin')).user_cancelable, false);
  await eventually('the debt', async () => (await positions()).notice.what === 'debt');
  assert.ok(Number((await positions()).payables.amount) > 0);

  await world.call('POST', '/accounts/trader/deposits', { asset: 'jpy', amount: '2000000', status: 'DONE' });
  await eventually('the settlement', async () => (await positions()).notice.what === 'settled');
  assert.deepEqual([(await marginStatus()).status, (await positions()).payables.amount], ['SETTLED', '0.0000']);
});

const deposits = async (query = '') => checker.answer('private', 'GET /v1/user/deposit_history', await rich('GET', `/v1/user/deposit_history${query}`)).deposits;
const arrive = async (a) => (await world.call('POST', '/accounts/rich/deposits', a)).uuid;
const move = (uuid, status) => world.call('POST', '/accounts/rich/transfers', { uuid, status });

test('deposits in every state', async () => {
  const [coin, yen, grant] = [await arrive({ asset: 'btc', amount: '0.5' }), await arrive({ asset: 'jpy', amount: '5000' }), await arrive({ asset: 'xrp', amount: '1', internal: true })];
  for (const [status, ...situations] of [['FOUND'], ['CONFIRMED', 'confirmed'], ['DONE', 'confirmed']]) {
    for (const [uuid, kind, query] of [[coin, 'coin', ''], [yen, 'yen', '?asset=jpy'], [grant, 'coin', '?asset=xrp']]) {
      if (status !== 'FOUND') await move(uuid, status);
      const row = (await deposits(query)).find((d) => d.uuid === uuid);
      assert.equal(row.status, status);
      checker.shape('a deposit', row, '#deposit', kind, ...situations);
      if (uuid === grant) assert.equal(row.txid, null);
    }
  }
  assert.ok((await deposits()).every((d) => d.asset !== 'jpy')); // yen must be asked for
});

test('deposits that wait for their sender', async () => {
  const { originators } = checker.answer('private', 'GET /v1/user/deposit_originators', await rich('GET', '/v1/user/deposit_originators'));
  const [mine, company] = originators;
  for (const originator_status of ['REJECTED', 'DEPRECATED', 'SCREENING']) {
    await world.call('POST', '/accounts/rich/originators', { uuid: company.uuid, originator_status });
    checker.answer('private', 'GET /v1/user/deposit_originators', await rich('GET', '/v1/user/deposit_originators'));
  }
  const person = { label: 'a friend', deposit_type: 'WALLET', originator_status: 'CONFIRMED', originator_type: 'PERSON' };
  await world.call('POST', '/accounts/rich/originators', { ...person, originator_last_name: '山田', originator_first_name: '花子' });
  const holder = { ...person, label: 'abroad', originator_type: 'COMPANY', originator_substantial_controllers: [{ name: 'A Holder', country: 'US', prefecture: null }] };
  await world.call('POST', '/accounts/rich/originators', holder);
  checker.answer('private', 'GET /v1/user/deposit_originators', await rich('GET', '/v1/user/deposit_originators'));

  const one = await arrive({ asset: 'btc', amount: '0.1', unconfirmed: true });
  await arrive({ asset: 'eth', amount: '0.1', unconfirmed: true });
  const waiting = async () => checker.answer('private', 'GET /v1/user/unconfirmed_deposits', await rich('GET', '/v1/user/unconfirmed_deposits')).deposits;
  assert.equal((await waiting()).length, 2);
  const name = (originator_uuid) => rich('POST', '/v1/user/confirm_deposits', { deposits: [{ uuid: one, originator_uuid }] });
  checker.refusal('a sender under review', await name(company.uuid), 200, 50051);
  checker.answer('private', 'POST /v1/user/confirm_deposits', await name(mine.uuid));
  assert.equal((await waiting()).length, 1);
  checker.answer('private', 'POST /v1/user/confirm_deposits_all', await rich('POST', '/v1/user/confirm_deposits_all', { originator_uuid: mine.uuid }));
  assert.equal((await waiting()).length, 0);
});

test('withdrawals in every state', async () => {
  const account = async (asset) => {
    const rows = checker.answer('private', 'GET /v1/user/withdrawal_account', await rich('GET', `/v1/user/withdrawal_account?asset=${asset}`), asset === 'jpy' ? 'yen' : 'coin').accounts;
    return rows[0].uuid;
  };
  const ways = [['DONE', 'EXAMINING', 'SENDING', 'DONE'], ['REJECTED', 'EXAMINING', 'REJECTED'], ['CANCELED', 'CANCELED'], ['CONFIRM_TIMEOUT', 'CONFIRM_TIMEOUT']];
  const kinds = { btc: ['coin'], xrp: ['coin', 'tagged'], xlm: ['coin', 'tagged'], jpy: ['yen'] };
  for (const [i, [asset, situations]] of Object.entries(kinds).entries()) {
    const request = { asset, uuid: await account(asset), amount: asset === 'jpy' ? '10000' : '1' };
    const w = checker.answer('private', 'POST /v1/user/request_withdrawal', await rich('POST', '/v1/user/request_withdrawal', request), ...situations);
    assert.equal(w.status, 'CONFIRMING');
    for (const status of ways[i].slice(1)) {
      await move(w.uuid, status);
      const { withdrawals } = checker.answer('private', 'GET /v1/user/withdrawal_history', await rich('GET', `/v1/user/withdrawal_history?asset=${asset}`), ...situations);
      assert.equal(withdrawals[0].status, status);
    }
  }
});

test('the private stream has told all that, and what the documents contradict themselves about', async () => {
  const far = { pair: 'btc_jpy', side: 'buy', type: 'limit', amount: '0.001', price: '1000000' };
  for (const [way, reading] of Object.entries({
    asset_update_keys: 'snake', margin_position_update_keys: 'short', spot_order_invalidation_shape: 'number', spot_trade_margin_keys: 'null',
  })) {
    const known = heard.length;
    await world.call('POST', '/accounts/rich', { invalidate: [(await place(rich, far)).order_id] });
    await world.call('POST', '/ways', { [way]: reading });
    await world.call('POST', '/accounts/rich', { invalidate: [(await place(rich, far)).order_id] });
    await place(rich, { pair: 'btc_jpy', side: 'sell', type: 'market', amount: '0.001' });
    const opens = { long: 'buy', short: 'sell' };
    for (const [position_side, side] of Object.entries(opens)) await place(rich, { pair: 'btc_jpy', side, type: 'market', amount: '0.001', position_side });
    for (const side of Object.keys(opens)) {
      await eventually('all of it is told', () => heard.slice(known).some((m) => m.method === 'margin_position_update' && m.params[0].position_side === side));
    }
  }
  for (const [side, reading] of [['buy', 'number'], ['sell', 'string']]) {
    await world.call('POST', '/ways', { dealer_order_id: reading });
    await world.call('POST', '/accounts/rich/deals', { asset: 'btc', side, price: '15100000', amount: '0.01' });
    await told('the deal', (m) => m.method === 'dealer_order_new' && m.params[0].side === side);
  }
  for (const m of heard) checker.message(m);
  const orders = heard.filter((m) => m.method.startsWith('spot_order') && Array.isArray(m.params)).map((m) => m.params[0]);
  assert.ok(orders.some((o) => o.is_just_triggered) && orders.some((o) => o.executed_at !== null));
});

test('refusals are HTTP 200 and an envelope with a code, too many requests are 429', async () => {
  checker.refusal('no key', await open(`${world.hosts.private}/v1/user/assets`), 200, 20003);
  checker.refusal('an unknown private path', await sim('GET', '/v1/user/nothing'), 200, 20001);
  checker.refusal('an unknown path', await sim('GET', '/v1/nothing'), 404, 10000);
  checker.refusal('an unknown order', await sim('GET', '/v1/user/spot/order?pair=btc_jpy&order_id=1'), 200, 50009);
  checker.refusal('no pair', await sim('POST', '/v1/user/spot/order', {}), 200, 30009);
  checker.refusal('half a body', await sim('POST', '/v1/user/spot/order', '{"pair":'), 200, 10002);
  await world.call('POST', '/accounts', { id: 'hasty', key: 'hasty-key', secret: 'hasty-secret' });
  await world.call('POST', '/accounts/hasty', { query: 1 });
  const hasty = signer(world, { key: 'hasty-key', secret: 'hasty-secret' });
  const refused = await eventually('one too many', async () => {
    const answer = await hasty('GET', '/v1/user/assets');
    return code(answer) !== 0 && answer;
  });
  checker.refusal('too many requests', refused, 429, 10009);
});

// What is not met here, and why.
const announced = 'the next margin ratios are null until bitbank announces some, and this one never does';
const beyond = {
  'deposit.amount: integer': "only the documents' table says so; their example and the live service say string",
  'pair.margin_next_company_ratio: decimal': announced,
  'pair.margin_next_company_until: integer': announced,
  'pair.margin_next_individual_ratio: decimal': announced,
  'pair.margin_next_individual_until: integer': announced,
};

test('every documented answer, message, key and alternative was met', () => {
  assert.deepEqual(checker.unmet('private', 'messages'), Object.keys(beyond).sort());
});
