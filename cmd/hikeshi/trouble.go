package main

import (
	"errors"
	"log/slog"
	"time"

	"hikeshi/internal/app"
	"hikeshi/internal/text"
)

// worded turns a trouble of the daemon, which the owner can do something about, into a failure.
func (p *program) worded(err error) error {
	t, ok := errors.AsType[*app.Trouble](err)
	if !ok {
		return err
	}
	args := text.Args{"err": t.Err.Error()}
	for k, v := range t.Args {
		args[k] = v
	}
	return p.fail("error."+t.ID, "hint."+t.ID, args)
}

// log is where the daemon tells what its owner may want to look up later: standard error, warnings only.
func (p *program) log() *slog.Logger {
	return slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// patience is how long somebody looks at a silent program before wondering.
const patience = time.Second
