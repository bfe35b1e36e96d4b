// Package web shows what the watch knows: the dashboard's pages, the HTTP API, a stream of events and metrics.
//
// [New] turns a [Source] into an http.Handler. It decides nothing: verdicts come from diagnose, words from say, and
// a page is the same facts as the API, laid out for a person who is worried. The sentence stands in the first bytes
// of the page and needs no script; a small script then keeps the page alive by server-sent events, moves the
// freshness clocks, and says so when the daemon is gone. A service worker keeps the last state readable.
//
// # Safety
//
// Everything answers GET and HEAD alone, and nothing changes any state but three cookies about how the page looks.
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
