// Package socketio serves Socket.IO 5 over Engine.IO 4, the protocol of bitbank's public stream: a handshake that names the
// ping times, text packets, and the server asking "2" for a "3".
//
// [Server] speaks both transports, WebSocket and HTTP long polling, and the upgrade from one to the other, because npm's
// client starts with polling unless it is told otherwise. A [Session] is one client; its rooms are the business of whoever
// handles its events.
//
// Sends never block: a session has a bounded queue, and a client that does not keep up is cut by Send, as an exchange would, or
// left to the caller by Offer.
// A paused session stays open and says nothing at all, not even a ping: the stall that Hikeshi must notice.
//
// Every session's goroutines end when it closes, and [Server.Close] waits for them. It uses package time plainly, so it
// runs in a synctest bubble. Protocol: socket.io's own engine.io-protocol and socket.io-protocol documents, revision 4
// and 5. Binary packets, acknowledgements and other namespaces are not part of bitbank's stream and are refused or ignored.
package socketio
