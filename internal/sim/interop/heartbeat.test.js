// Engine.IO 4: the server asks with "2" every 25 s, and a client that does not answer is cut 20 s later. In a file of its
// own, because it takes as long as it takes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { io } from 'socket.io-client';
import { openWorld } from './world.js';

let world;
before(async () => (world = await openWorld()));
after(() => world.close());

test('the server pings every 25 s and keeps a client that answers', async () => {
  const socket = io(world.hosts.stream, { transports: ['websocket'], reconnection: false });
  const opened = await new Promise((resolve, reject) => {
    socket.io.engine.once('open', () => resolve(Date.now()));
    socket.once('connect_error', reject);
  });
  await new Promise((resolve, reject) => {
    socket.io.engine.once('ping', resolve);
    socket.once('disconnect', reject);
  });
  const waited = (Date.now() - opened) / 1000;
  assert.ok(waited > 24 && waited < 27, `pinged after ${waited} s`);
  assert.ok(socket.connected);
  socket.close();
});
