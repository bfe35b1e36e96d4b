package keys

import "fmt"

// An Alive says what counts as a sign of life of a bot with a dead man's switch.
type Alive string

// What counts. Heartbeats is the zero value.
const (
	AliveByHeartbeats Alive = ""      // POST /hikeshi/v1/heartbeat alone
	AliveByCalls      Alive = "calls" // every call that the bot signs
)

// A Lapse says what is cancelled when a bot's dead man's switch lapses.
type Lapse string

// What is cancelled. The zero value spares what protects.
const (
	LapseSpares Lapse = ""    // all but stops, take profits and what closes margin positions
	LapseAll    Lapse = "all" // everything of the bot
)

// ParseAlive reads heartbeats or calls; "" is heartbeats. ErrAlive for anything else.
func ParseAlive(s string) (Alive, error) {
	switch s {
	case "", "heartbeats":
		return AliveByHeartbeats, nil
	case string(AliveByCalls):
		return AliveByCalls, nil
	}
	return "", fmt.Errorf("alive %.40q: %w", s, ErrAlive)
}

func (a Alive) String() string {
	if a == AliveByHeartbeats {
		return "heartbeats"
	}
	return string(a)
}

// ParseLapse reads protect or all; "" is protect. ErrLapse for anything else.
func ParseLapse(s string) (Lapse, error) {
	switch s {
	case "", "protect":
		return LapseSpares, nil
	case string(LapseAll):
		return LapseAll, nil
	}
	return "", fmt.Errorf("lapse %.40q: %w", s, ErrLapse)
}

func (l Lapse) String() string {
	if l == LapseSpares {
		return "protect"
	}
	return string(l)
}
