// Command hikeshi watches bitbank and says whose trouble it is.
//
// The commands stand in files of their own, each a function from [program] to a cobra command, and are listed in
// commands.go: adding one is one line there. A command decides nothing; it reads flags, calls a package, and words
// what came back.
//
// What people read goes to standard output in Japanese or English (--lang, else the locale), what programs read goes
// there as JSON (--json). Errors are "hikeshi: what happened" on standard error, then "hikeshi: hint: what to try".
// Exit codes: 0 done, 1 failed, 2 misused; `check` has more.
package main
