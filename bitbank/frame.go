package bitbank

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// A frameKind is what one text frame of Engine.IO 4, with the Socket.IO packet in it, means to us.
type frameKind int

const (
	frameOther      frameKind = iota // nothing to do: upgrades, acknowledgements, other namespaces
	frameOpen                        // 0{...}: the session
	frameClose                       // 1
	framePing                        // 2: the server asks, unlike in Engine.IO 3
	frameConnect                     // 40{...}: the namespace is open
	frameDisconnect                  // 41: the namespace is closed
	frameEvent                       // 42[...]
	frameRefused                     // 44{...}: the namespace is refused
)

// A frame is a parsed text frame.
type frame struct {
	kind frameKind
	data []byte
}

// parseFrame splits a text frame. Only an empty frame and one of an unknown type are errors; what a server may
// rightly send and we have no use for is frameOther.
func parseFrame(b []byte) (frame, error) {
	if len(b) == 0 {
		return frame{}, errors.New("an empty frame")
	}
	switch b[0] {
	case '0':
		return frame{frameOpen, b[1:]}, nil
	case '1':
		return frame{kind: frameClose}, nil
	case '2':
		return frame{kind: framePing}, nil
	case '3', '5', '6', 'b': // pong, upgrade, no operation, binary
		return frame{}, nil
	case '4':
		return parsePacket(b[1:])
	}
	return frame{}, fmt.Errorf("a frame of unknown type %q", b[0])
}

func parsePacket(b []byte) (frame, error) {
	if len(b) == 0 {
		return frame{}, errors.New("a message frame without a packet")
	}
	kind, data := b[0], b[1:]
	if len(data) > 0 && data[0] == '/' { // a namespace stands before the data; "/" is ours
		name, rest, _ := bytes.Cut(data, []byte(","))
		if string(name) != "/" {
			return frame{}, nil
		}
		data = rest
	}
	switch kind {
	case '0':
		return frame{frameConnect, data}, nil
	case '1':
		return frame{kind: frameDisconnect}, nil
	case '2':
		return frame{frameEvent, bytes.TrimLeft(data, "0123456789")}, nil // digits would ask for an acknowledgement
	case '3', '5', '6': // acknowledgement, binary event, binary acknowledgement
		return frame{}, nil
	case '4':
		return frame{frameRefused, data}, nil
	}
	return frame{}, fmt.Errorf("a packet of unknown type %q", kind)
}

// parseMessage takes room and data, which is a part of event, out of an event. ok is false for events that are not
// messages. The pid of older messages is ignored.
func parseMessage(event []byte) (room string, data json.RawMessage, ok bool, err error) {
	if room, data, ok := plainMessage(event); ok {
		return room, data, true, nil
	}
	var parts []json.RawMessage
	if err := json.Unmarshal(event, &parts); err != nil {
		return "", nil, false, fmt.Errorf("an event that is not a list: %w", err)
	}
	if err := uniqueKeys(event); err != nil {
		return "", nil, false, err
	}
	var name string
	if len(parts) == 0 || json.Unmarshal(parts[0], &name) != nil {
		return "", nil, false, errors.New("an event without a name")
	}
	if name != "message" {
		return "", nil, false, nil
	}
	if len(parts) < 2 {
		return "", nil, false, errors.New("a message without content")
	}
	var m struct {
		Room    string `json:"room_name"`
		Message struct {
			Data json.RawMessage `json:"data"`
		} `json:"message"`
	}
	if err := json.Unmarshal(parts[1], &m); err != nil {
		return "", nil, false, fmt.Errorf("a message of another shape: %w", err)
	}
	if m.Room == "" || len(m.Message.Data) == 0 {
		return m.Room, nil, false, errors.New("a message without room or data")
	}
	return m.Room, m.Message.Data, true, nil
}

// plainMessage reads a message in the one form that bitbank's server writes, which spares package json three looks at
// all of it. ok is false for one in another form.
func plainMessage(event []byte) (room string, data json.RawMessage, ok bool) {
	const before, between, after = `["message",{"room_name":"`, `","message":{"data":`, `}}]`
	rest, begins := bytes.CutPrefix(event, []byte(before))
	rest, ends := bytes.CutSuffix(rest, []byte(after))
	name, data, found := bytes.Cut(rest, []byte(between))
	if !begins || !ends || !found || len(name) == 0 || bytes.ContainsFunc(name, notPlain) {
		return "", nil, false
	}
	// What is valid JSON from brace to brace is one object, so nothing else can stand between before and after.
	if len(data) == 0 || data[0] != '{' || data[len(data)-1] != '}' || !json.Valid(data) {
		return "", nil, false
	}
	return string(name), data, true
}

// notPlain reports whether a character has no place in the name of a room.
func notPlain(r rune) bool { return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9') }

// A Session is what the server said of a connection when it opened.
type Session struct {
	ID       string
	Interval time.Duration // the server asks for a sign of life so often
	Timeout  time.Duration // and waits so long for it
}

// Silence is how long the server may say nothing at all: after that the connection is dead, however open it looks.
func (s Session) Silence() time.Duration { return s.Interval + s.Timeout }

// parseSession reads the open packet. The documents' sample and the live server name different times, so ours come
// from the server; beyond ten minutes they could not be meant.
func parseSession(b []byte) (Session, error) {
	var w struct {
		SID      string `json:"sid"`
		Interval int64  `json:"pingInterval"`
		Timeout  int64  `json:"pingTimeout"`
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return Session{}, fmt.Errorf("the session is not readable: %w", err)
	}
	const most = int64(10 * time.Minute / time.Millisecond)
	if w.SID == "" || w.Interval <= 0 || w.Interval > most || w.Timeout <= 0 || w.Timeout > most {
		return Session{}, fmt.Errorf("a session with pingInterval %d and pingTimeout %d", w.Interval, w.Timeout)
	}
	return Session{w.SID, time.Duration(w.Interval) * time.Millisecond, time.Duration(w.Timeout) * time.Millisecond}, nil
}
