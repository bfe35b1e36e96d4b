package relay

import (
	"encoding/json"
	"fmt"
	"time"

	"hikeshi/internal/socketio"
)

// A Reason says why a room was not passed on.
type Reason string

// The reasons of a gap. The package comment explains them.
const (
	Upstream   Reason = "upstream"
	Unreadable Reason = "unreadable"
	Sequence   Reason = "sequence"
	Slow       Reason = "slow"
)

// The reasons why a room is refused.
const (
	NoRoom       Reason = "no_room"        // it is none of bitbank's
	TooManyRooms Reason = "too_many_rooms" // of this bot, or of all
)

// The kinds of marks.
const (
	lost    = "lost"
	gapped  = "gap"
	refused = "refused"
)

// A mark is what the event hikeshi carries.
type mark struct {
	Kind    string `json:"kind"`
	Room    string `json:"room"`
	From    int64  `json:"from,omitempty"` // milliseconds
	To      int64  `json:"to,omitempty"`
	Reason  Reason `json:"reason"`
	Dropped int    `json:"dropped,omitempty"`
}

func (m mark) packet() socketio.Packet {
	b, err := json.Marshal([2]any{"hikeshi", m})
	if err != nil {
		panic(fmt.Sprintf("encode a mark of %q: %v", m.Room, err)) // strings and numbers always encode
	}
	return socketio.NewPacket(b)
}

// A gap is a time in which a room is not passed on.
type gap struct {
	from    time.Time
	why     Reason
	dropped int
}

// begun tells that a room is not passed on at present.
func (g *gap) begun(room string) socketio.Packet {
	return mark{Kind: lost, Room: room, From: g.from.UnixMilli(), Reason: g.why}.packet()
}

// over tells that it is again.
func (g *gap) over(room string, now time.Time) socketio.Packet {
	return mark{Kind: gapped, Room: room, From: g.from.UnixMilli(), To: now.UnixMilli(), Reason: g.why, Dropped: g.dropped}.packet()
}

// refusal tells that a room is not joined. Its name is what a bot said, which may be anything.
func refusal(room string, why Reason) socketio.Packet {
	return mark{Kind: refused, Room: room[:min(len(room), maxName)], Reason: why}.packet()
}
