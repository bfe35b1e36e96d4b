// The checker of shapes itself: what is wrong is found.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Checker, documented } from './shapes.js';

const trade = {
  trade_id: 1, pair: 'btc_jpy', order_id: 2, side: 'buy', type: 'limit', amount: '0.1', price: '9', maker_taker: 'taker',
  fee_amount_base: '0', fee_amount_quote: '-0.1', fee_occurred_amount_quote: '-0.1', executed_at: 3,
};
const { price, ...unpriced } = trade;
const row = { '/x': ['#level'] };

for (const [name, value, type, situations, wrong] of [
  ['a good one', trade, '#trade', ['spot'], []],
  ['one key too many', { ...trade, more: 1 }, '#trade', [], ['trade has an unknown key more']],
  ['one key too few', unpriced, '#trade', [], ['trade lacks price']],
  ['a number for a string', { ...trade, amount: 0.1 }, '#trade', [], ['trade.amount is 0.1, not decimal']],
  ['a string for a number', { ...trade, trade_id: '1' }, '#trade', [], ['trade.trade_id is "1", not integer']],
  ['an exponent', { ...trade, amount: '1e-7' }, '#trade', [], ['trade.amount is "1e-7", not decimal']],
  ['a word that is not in the list', { ...trade, side: 'up' }, '#trade', [], ["trade.side is \"up\", not 'buy'|'sell'"]],
  ['null where nothing says so', { ...trade, interest: null }, '#trade', [], ['trade.interest? is null, not decimal']],
  ['a key that its situation does not have', { ...trade, interest: '0' }, '#trade', ['spot'], ['trade (spot) has interest of what may be absent, not nothing']],
  ['a key that its situation has is absent', trade, '#trade', ['margin'], ['trade (margin) has nothing of what may be absent, not interest, position_side, profit_loss']],
  ['a list in place of an object', [], '#trade', [], ['trade is no object']],
  ['an object in place of a list', {}, row['/x'], [], ['it is no list']],
  ['three in place of two', [['1', '2', '3']], row['/x'], [], ['level has 3 elements, not 2']],
]) {
  test(name, () => {
    const check = () => new Checker().shape('it', value, type, ...situations);
    wrong.length === 0 ? check() : assert.throws(check, (e) => assert.deepEqual(e.actual, wrong) ?? true);
  });
}

test('every shape that is named exists, and every one that exists is used', () => {
  const { about, ...all } = documented;
  const text = JSON.stringify(all);
  const named = new Set([...text.matchAll(/#([a-z][a-z ,]*[a-z]|[a-z]+)/g)].map((m) => m[1]));
  const apart = ['success', 'failure', 'room message', 'circuit break in NONE', 'circuit break with a range', 'circuit break without a range']; // which tests ask for
  assert.deepEqual([...named].sort(), Object.keys(documented.shapes).filter((s) => !apart.includes(s)).sort());
});
