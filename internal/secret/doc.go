// Package secret holds credentials in a type that no print verb can open.
//
// A [Value] is what a key file held. Logs, errors, JSON and every fmt verb show "[redacted]" instead, also when the
// value is a field of something that is printed whole. [Value.Reveal] is the one way out, so that a search for it
// finds every use.
package secret
