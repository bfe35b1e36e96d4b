// Package web shows what the watch knows: the dashboard's pages, the HTTP API, a stream of events and metrics.
//
// [New] turns a [Source] into an http.Handler. It decides nothing: verdicts come from diagnose, words from say, and
// a page is the same facts as the API, laid out for a person who is worried. The sentence stands in the first bytes
// of the page and needs no script; a small script then keeps the page alive by server-sent events, moves the
// freshness clocks, and says so when the daemon is gone. A service worker keeps the last state readable.
//
// # Safety
//
// Verdicts are open to whoever is on this machine. What concerns money, orders, balances, transfers and every act, needs the
// token of the data folder: programs send it as a bearer, a browser opens a link with it once and has a cookie for 12 hours
// then. Browsers give cookies of 127.0.0.1 to every port of it, so a program of another user that the owner's browser visits
// could read that cookie: that is why a session is short and its name holds the port.
//
// Only POST changes anything: a bot is stopped or let go, an ambiguous order is decided, a session is left. It must come from a
// form of the same session and the same origin, or show the token. GET sets three cookies about how pages look, and the
// session's.
// The Host header must name this machine: a page from elsewhere that rebinds its own name to 127.0.0.1 is refused.
// The content security policy allows no inline script or style, and Trusted Types close the ways in which text
// becomes markup. Event streams are bounded in number, and a client that does not read is cut off; it never holds
// up the watch.
//
// # Liveness
//
// Every panel carries the time of what it shows and a limit. Past the limit the numbers stay, woven over and with
// their age in words, whether the daemon renders the page or the page has lost the daemon.
package web
