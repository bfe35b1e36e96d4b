// PubNub's own SDK. The private stream comes with the complete exchange; until then the host tells the time and refuses.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import PubNub from 'pubnub';
import { openWorld } from './world.js';

let world, client;
before(async () => {
  world = await openWorld();
  client = new PubNub({ subscribeKey: 'sub-c-sim', userId: 'sim', origin: new URL(world.hosts.pubnub).host, ssl: false });
});
after(async () => {
  client?.destroy();
  await world.close();
});

test('PubNub tells the time in its own units', async () => {
  const { timetoken } = await client.time();
  assert.ok(Math.abs(Number(timetoken) / 10_000 - Date.now()) < 5000);
});

test('whoever has no token is refused', async () => {
  await assert.rejects(client.hereNow({ channels: ['sim'] }), (e) => e.status.statusCode === 403);
});
