// Package config reads what the owner has set, and says exactly what is wrong with it.
//
// [Default] watches bitbank with nothing written down; [Load] lays one YAML file over it. Everything that is not in
// the file keeps its default, so an empty file is a good one. What is in the file must be right: an unknown field, a
// wrong type or a value out of bounds is a [Mistake] that names file, line, field and what was expected, in the
// owner's language. Load finds all of them that it can, not only the first.
//
// # Secrets
//
// No secret stands in the configuration: keys are named by files that only their owner can read. People do paste
// secrets into the wrong place, so a mistake never quotes the line it is about, nothing under "key" is ever repeated,
// and a field name is repeated only if it looks like one. The parser's own messages quote source, and are not used.
//
// # One key, one origin
//
// A key signs for one origin: bitbank's real one, or a loopback address, where only the simulator lives, and only when
// that address is written out. [Config.Validate] refuses every other pairing of key and host, so that no override of an
// address, for a test or by mistake, makes a real key sign for a stranger.
package config
