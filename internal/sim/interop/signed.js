// Requests by hand, signed as bitbank's documents say ("Authorization"): nothing but fetch and an HMAC between the test and
// the wire, so that raw answers can be looked at.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';

// signer returns ask, which sends one request to a world's private host and gives back the raw answer: { status, type, text }
// and body, the text read as JSON. A body that is a string is sent as it stands. Headers replace those of the signature.
export function signer(world, { key = 'sim-key', secret = 'sim-secret', window = '5000' } = {}) {
  return async function ask(method, path, body, headers = {}) {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const time = String(Date.now());
    const message = time + window + (method === 'GET' ? path : (text ?? ''));
    const r = await fetch(world.hosts.private + path, {
      method,
      body: text,
      headers: {
        'Content-Type': 'application/json',
        'ACCESS-KEY': key,
        'ACCESS-REQUEST-TIME': time,
        'ACCESS-TIME-WINDOW': window,
        'ACCESS-SIGNATURE': createHmac('sha256', secret).update(message).digest('hex'),
        ...headers,
      },
    });
    return raw(r);
  };
}

// open asks anything that needs no signature.
export const open = async (url) => raw(await fetch(url));

async function raw(r) {
  const text = await r.text();
  return { status: r.status, type: r.headers.get('content-type'), text, body: JSON.parse(text) };
}

// data is what a success answers; anything else fails the test.
export function data(answer) {
  assert.equal(answer.body.success, 1, answer.text);
  return answer.body.data;
}

// code is bitbank's code of a refusal, 0 for a success.
export const code = (answer) => (answer.body.success === 1 ? 0 : answer.body.data.code);
