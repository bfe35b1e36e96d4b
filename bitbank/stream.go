package bitbank

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// Why a stream ended or did not begin, for errors.Is. Anything else is the connection's own error, or an HTTP answer
// in place of the stream: a *StatusError or *BodyError.
var (
	ErrHandshake = errors.New("the other side does not speak Socket.IO 4")
	ErrDeadLink  = errors.New("the stream fell silent, without even the server's pings")
	ErrClosed    = errors.New("the server closed the stream")
)

// maxFrame bounds one message. The largest, a whole depth in an auction, is about 50 kB.
const maxFrame = 2 << 20

// An EventKind says what an Event is.
type EventKind int

// The kinds of events.
const (
	EventMessage    EventKind = iota + 1 // data of a room
	EventPing                            // the server asked for a sign of life, and got it
	EventUnreadable                      // a frame or message that is not what is documented; the stream goes on
	EventOpened                          // from Follow: connected, rooms asked for
	EventClosed                          // from Follow: the connection ended, or could not be made
)

// An Event is one thing that happened on a stream.
type Event struct {
	Kind    EventKind
	At      time.Time // when it arrived, by our clock
	Room    string    // with EventMessage
	Channel Channel   // of Room; "" when it is none that we know
	Pair    string    // of Room
	Raw     json.RawMessage
	// Packet is, with EventMessage, all of the event as it came: a JSON array of its name and its content, of which Raw
	// is a part. It is for those who pass it on.
	Packet  []byte
	Session Session       // with EventOpened
	Stream  *Stream       // with EventOpened: to Join and Leave rooms while it lasts
	Err     error         // with EventUnreadable and EventClosed
	Retry   time.Duration // with EventClosed: when Follow connects again
}

// Ticker reads the data of a ticker room.
func (e Event) Ticker() (Ticker, error) { return payload[Ticker](e) }

// Transactions reads the data of a transactions room: newest first, and a trade can come twice.
func (e Event) Transactions() ([]Transaction, error) {
	t, err := payload[transactions](e)
	return t.Transactions, err
}

// Depth reads the data of a depth_whole room.
func (e Event) Depth() (d Depth, err error) {
	if d.scan(e.Raw) && d.check() == nil {
		return d, nil
	}
	return payload[Depth](e)
}

// DepthDiff reads the data of a depth_diff room.
func (e Event) DepthDiff() (d DepthDiff, err error) {
	if d.scan(e.Raw) && d.check() == nil {
		return d, nil
	}
	return payload[DepthDiff](e)
}

// CircuitBreakInfo reads the data of a circuit_break_info room.
func (e Event) CircuitBreakInfo() (CircuitBreakInfo, error) { return payload[CircuitBreakInfo](e) }

func payload[T any](e Event) (T, error) {
	var out, none T
	if err := into(e.Room, 0, e.Raw, &out); err != nil {
		return none, err
	}
	if err := uniqueKeys(e.Raw); err != nil {
		return none, &BodyError{Op: e.Room, Defect: Shape, Body: head(e.Raw), Err: err}
	}
	return out, nil
}

// StreamOptions say how to connect.
type StreamOptions struct {
	HTTP  *http.Client // opens the connection; nil is a client with limits. Redirects are not followed.
	URL   string       // default DefaultStreamURL; ws, wss, http or https, without path
	Rooms []string     // see Room; they are asked for again with every connection
	// Handshake bounds connecting, up to the requests for rooms. Default 10 s.
	Handshake time.Duration
}

// address is where the stream is, or what is wrong with the options.
func (o StreamOptions) address() (string, error) {
	if o.URL == "" {
		o.URL = DefaultStreamURL
	}
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || strings.Trim(u.Path, "/") != "" {
		return "", fmt.Errorf("%q is not an address such as %s", o.URL, DefaultStreamURL)
	}
	switch u.Scheme {
	case "ws", "wss", "http", "https":
	default:
		return "", fmt.Errorf("%q is not an address such as %s", o.URL, DefaultStreamURL)
	}
	for _, room := range o.Rooms {
		if err := checkRoom(room); err != nil {
			return "", err
		}
	}
	u.Path, u.RawQuery = "/socket.io/", "EIO=4&transport=websocket"
	return u.String(), nil
}

// A Stream is one connection to the public stream. It holds no queue and starts no goroutine of its own: what is not
// read waits at the server, which cuts a reader that is too slow to answer its pings. Next is for one goroutine;
// Join, Leave and Close may be called from others.
type Stream struct {
	conn    *websocket.Conn
	session Session
}

// Dial connects, shakes hands and asks for the rooms. ctx bounds the dialing only. bitbank confirms no room, so
// whether data comes shows only when it comes.
func Dial(ctx context.Context, o StreamOptions) (*Stream, error) {
	address, err := o.address()
	if err != nil {
		return nil, fmt.Errorf("dial the stream: %w", err)
	}
	if o.Handshake <= 0 {
		o.Handshake = 10 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, o.Handshake)
	defer cancel()
	conn, res, err := websocket.Dial(ctx, address, &websocket.DialOptions{HTTPClient: sender(o.HTTP, 5*time.Second)})
	if err != nil {
		return nil, notUpgraded(res, err)
	}
	conn.SetReadLimit(maxFrame)
	s := &Stream{conn: conn}
	if err := s.open(ctx, o.Rooms); err != nil {
		conn.CloseNow()
		return nil, fmt.Errorf("dial the stream: %w", err)
	}
	return s, nil
}

// notUpgraded says why there is no WebSocket: an HTTP answer says more than the library's error.
func notUpgraded(res *http.Response, err error) error {
	const op = "dial the stream"
	if res == nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err
		}
		return fmt.Errorf("%s: %w", op, err)
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		return fmt.Errorf("%s: %w: %w", op, ErrHandshake, err)
	}
	body, bodyErr := read(op, res)
	if bodyErr != nil {
		return bodyErr
	}
	if _, err := open(op, res.StatusCode, res.Header.Get("Content-Type"), body); err != nil {
		return err
	}
	return &BodyError{Op: op, Status: res.StatusCode, Defect: Shape, Body: head(body), Err: errors.New("data in place of a stream")}
}

// open waits for the session, opens the default namespace, waits for its confirmation and asks for the rooms.
func (s *Stream) open(ctx context.Context, rooms []string) error {
	f, err := s.await(ctx, frameOpen)
	if err != nil {
		return err
	}
	if s.session, err = parseSession(f.data); err != nil {
		return fmt.Errorf("%w: %w", ErrHandshake, err)
	}
	if err := s.write(ctx, "40"); err != nil {
		return err
	}
	if _, err := s.await(ctx, frameConnect); err != nil {
		return err
	}
	for _, room := range rooms {
		if err := s.Join(ctx, room); err != nil {
			return err
		}
	}
	return nil
}

// await reads up to the frame that the handshake needs next.
func (s *Stream) await(ctx context.Context, want frameKind) (frame, error) {
	for {
		f, b, err := s.read(ctx)
		if broken, ok := errors.AsType[*frameError](err); ok {
			return frame{}, fmt.Errorf("%w: %w: %.80q", ErrHandshake, broken, b)
		}
		if err != nil {
			return frame{}, err
		}
		switch f.kind {
		case want:
			return f, nil
		case framePing, frameOther:
		default:
			return frame{}, fmt.Errorf("%w: %.80q came in the handshake", ErrHandshake, b)
		}
	}
}

// A frameError is a frame that cannot be read; the connection is not hurt by it.
type frameError struct{ err error }

func (e *frameError) Error() string { return e.err.Error() }
func (e *frameError) Unwrap() error { return e.err }

// read takes one frame and answers a ping.
func (s *Stream) read(ctx context.Context) (frame, []byte, error) {
	kind, b, err := s.conn.Read(ctx)
	if err != nil {
		return frame{}, nil, s.ended(ctx, err)
	}
	if kind != websocket.MessageText {
		return frame{}, b, &frameError{errors.New("a binary frame")}
	}
	f, err := parseFrame(b)
	if err != nil {
		return frame{}, b, &frameError{err}
	}
	switch f.kind {
	case framePing:
		if err := s.write(ctx, "3"); err != nil {
			return frame{}, nil, err
		}
	case frameClose, frameDisconnect:
		return frame{}, nil, fmt.Errorf("%w with %q", ErrClosed, b)
	case frameRefused:
		return frame{}, nil, fmt.Errorf("%w: the namespace is refused: %.80q", ErrClosed, f.data)
	}
	return f, b, nil
}

// ended says why a read failed.
func (s *Stream) ended(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if code := websocket.CloseStatus(err); code != -1 {
		return fmt.Errorf("%w: %w", ErrClosed, err)
	}
	return err
}

// write sends one frame. Five seconds: frames are a few bytes, so only a dead connection takes longer.
func (s *Stream) write(ctx context.Context, text string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 5*time.Second, ErrDeadLink)
	defer cancel()
	if err := s.conn.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
		return fmt.Errorf("write to the stream: %w", s.ended(ctx, err))
	}
	return nil
}

// Session is what the server said of this connection.
func (s *Stream) Session() Session { return s.session }

// Next waits for the next message, ping or unreadable frame. Pings are answered already. An error ends the stream:
// ErrDeadLink when nothing came for longer than the server's own ping interval and timeout, ErrClosed, the
// connection's error, or that of ctx, whose end closes the connection too.
func (s *Stream) Next(ctx context.Context) (Event, error) {
	for {
		e, err := s.next(ctx)
		if err != nil {
			s.conn.CloseNow()
			return Event{}, fmt.Errorf("read the stream: %w", err)
		}
		if e.Kind != 0 {
			return e, nil
		}
	}
}

// next reads one frame; an Event without a kind is nothing to report.
func (s *Stream) next(ctx context.Context) (Event, error) {
	bounded, cancel := context.WithTimeoutCause(ctx, s.session.Silence(), ErrDeadLink)
	f, b, err := s.read(bounded)
	cancel()
	if broken, ok := errors.AsType[*frameError](err); ok {
		return unreadable(b, "", broken), nil
	}
	if err != nil {
		return Event{}, err
	}
	return eventOf(f, b), nil
}

// eventOf is what a frame, which is b, has to report; an Event without a kind is nothing.
func eventOf(f frame, b []byte) Event {
	switch f.kind {
	case framePing:
		return Event{Kind: EventPing, At: time.Now()}
	case frameEvent:
		room, data, ok, err := parseMessage(f.data)
		if err != nil {
			return unreadable(b, room, err)
		}
		if ok {
			e := Event{Kind: EventMessage, At: time.Now(), Room: room, Raw: data, Packet: f.data}
			e.Channel, e.Pair = SplitRoom(room)
			return e
		}
	}
	return Event{}
}

func unreadable(b []byte, room string, err error) Event {
	op := "stream"
	if room != "" {
		op = room
	}
	return Event{
		Kind: EventUnreadable, At: time.Now(), Room: room,
		Err: &BodyError{Op: op, Defect: Shape, Body: head(b), Err: err},
	}
}

// Join asks for a room. A misspelt channel or pair is refused here, because the server would just say nothing.
func (s *Stream) Join(ctx context.Context, room string) error { return s.ask(ctx, "join-room", room) }

// Leave ends a room. bitbank does not document it; its own people's clients use it.
func (s *Stream) Leave(ctx context.Context, room string) error { return s.ask(ctx, "leave-room", room) }

func (s *Stream) ask(ctx context.Context, what, room string) error {
	if err := checkRoom(room); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return s.write(ctx, `42["`+what+`","`+room+`"]`) // a room's name holds nothing to escape
}

// Close ends the stream at once. Next returns with an error.
func (s *Stream) Close() error { return s.conn.CloseNow() }
