package bitbank

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// The methods of the private stream's messages (bitbank's documents, "Private stream"). New ones are to be expected.
const (
	MethodAssetUpdate       = "asset_update"
	MethodOrderNew          = "spot_order_new"
	MethodOrder             = "spot_order"
	MethodOrderInvalidation = "spot_order_invalidation"
	MethodTrade             = "spot_trade"
	MethodDealerOrderNew    = "dealer_order_new"
	MethodWithdrawal        = "withdrawal"
	MethodDeposit           = "deposit"
	MethodPositionUpdate    = "margin_position_update"
	MethodPayableUpdate     = "margin_payable_update"
	MethodNoticeUpdate      = "margin_notice_update"
)

// A PrivateKind says what a PrivateEvent is.
type PrivateKind int

// The kinds of events, with the fields that come with them.
const (
	PrivateMessage        PrivateKind = iota + 1 // Method, Raw, Published and one of the lists
	PrivateUnknown                               // Method, Raw and Published: a method that we do not know
	PrivateUnreadable                            // Err, Raw and perhaps Method: not what is documented; a gap follows
	PrivateOpened                                // the first answer after the beginning or after a failure
	PrivateClosed                                // Err and Retry: a poll failed
	PrivatePolled                                // Cursor: an answer was taken, after the events that it held
	PrivateGap                                   // Reason and Since: something may have been missed
	PrivateBackfilled                            // Cursor: the owner's Backfill has closed all gaps so far
	PrivateBackfillFailed                        // Err and Retry
	PrivateRenewed                               // there is a new ticket
	PrivateTicketFailed                          // Err and Retry: there is none, and the old one is used while it lasts
)

var privateKinds = [...]string{
	PrivateMessage: "message", PrivateUnknown: "unknown", PrivateUnreadable: "unreadable", PrivateOpened: "opened",
	PrivateClosed: "closed", PrivatePolled: "polled", PrivateGap: "gap", PrivateBackfilled: "backfilled",
	PrivateBackfillFailed: "backfill failed", PrivateRenewed: "renewed", PrivateTicketFailed: "no ticket",
}

// String is the kind in a word or two.
func (k PrivateKind) String() string {
	if k <= 0 || int(k) >= len(privateKinds) {
		return fmt.Sprintf("PrivateKind(%d)", int(k))
	}
	return privateKinds[k]
}

// A GapReason says why something may have been missed.
type GapReason string

// The reasons.
const (
	GapFirst      GapReason = "first"      // there is no cursor to go on from
	GapOwed       GapReason = "owed"       // the cursor to go on from says that a gap was not closed
	GapLong       GapReason = "long"       // more than 20 minutes since the last answer: PubNub keeps no more
	GapFull       GapReason = "full"       // 100 messages at once: PubNub keeps no more
	GapCursor     GapReason = "cursor"     // the provider takes our timetoken no more, or went back before it
	GapChannel    GapReason = "channel"    // the new ticket is for another channel
	GapUnreadable GapReason = "unreadable" // a message could not be read
)

// A PrivateEvent is one thing that happened on the private stream. It holds an account's data.
type PrivateEvent struct {
	Kind      PrivateKind
	At        time.Time // when it arrived, by our clock
	Published time.Time // when the message was published, by the provider's clock; zero when it does not say
	Method    string
	Raw       json.RawMessage // the message: {"method": …, "params": …}

	// One of these, by Method. A message can carry many rows.
	Orders       []OrderUpdate // MethodOrderNew and MethodOrder
	Invalidated  []OrderID     // MethodOrderInvalidation: the engine dropped them for lack of assets; read them again
	Trades       []Trade
	Assets       []AssetUpdate
	DealerOrders []DealerOrder
	Withdrawals  []Withdrawal
	Deposits     []Deposit
	Positions    []Position
	Payables     []MarginPayable
	Notices      []MarginNotice // all fields absent: nothing is demanded any more

	Cursor Cursor
	Reason GapReason
	Since  time.Time     // of a gap: from when on; zero is from whenever the owner knows nothing
	Err    error         // quotes nothing of the account
	Retry  time.Duration // when it is tried again
}

// An OrderUpdate is an order as the private stream reports it. Only id, pair and status are sure to be known: which
// other fields come differs between the versions of bitbank's documents.
type OrderUpdate struct {
	Order
	ExecutedAt    Millis `json:"executed_at"`
	JustTriggered bool   `json:"is_just_triggered"`
}

func (o *OrderUpdate) check() error {
	if o.ID == 0 || o.Pair == "" || o.Status == "" {
		return errors.New("an order without order_id, pair or status")
	}
	return nil
}

// A DealerOrder is a purchase or sale at bitbank's sales office. No interface lists them.
type DealerOrder struct {
	ID        OrderID `json:"order_id"` // travels as a number or a string
	Asset     string  `json:"asset"`
	Side      Side    `json:"side"`
	Price     Number  `json:"price"`
	Amount    Number  `json:"amount"`
	OrderedAt Millis  `json:"ordered_at"`
}

func (o *DealerOrder) check() error {
	if o.ID == 0 || o.Asset == "" || o.Side == "" || !o.Amount.Known() {
		return errors.New("a dealer order without order_id, asset, side or amount")
	}
	return nil
}

// A MarginPayable is what the account owes; absent when it owes nothing.
type MarginPayable struct {
	Amount Number `json:"amount"`
}

func (p *MarginPayable) check() error { return nil }

func (a *AssetUpdate) check() error {
	if a.Asset == "" || !a.Free.Known() && !a.OnHand.Known() {
		return errors.New("a balance without asset or amount")
	}
	return nil
}

func (n *MarginNotice) check() error { return nil }

// readPrivate reads a message into e. An unknown method is no error.
func readPrivate(raw json.RawMessage, e *PrivateEvent) error {
	message, fields, err := unwrap(raw)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(fields["method"], &e.Method); err != nil || e.Method == "" {
		return errors.New("a message whose method is no text")
	}
	e.Kind, e.Raw = PrivateMessage, message
	params := fields["params"]
	switch e.Method {
	case MethodOrderNew, MethodOrder:
		e.Orders, err = rows[OrderUpdate](params)
	case MethodOrderInvalidation:
		e.Invalidated, err = invalidated(params, 4)
	case MethodTrade:
		e.Trades, err = rows[Trade](params)
	case MethodAssetUpdate:
		e.Assets, err = rows[AssetUpdate](params)
	case MethodDealerOrderNew:
		e.DealerOrders, err = rows[DealerOrder](params)
	case MethodWithdrawal:
		e.Withdrawals, err = rows[Withdrawal](params)
	case MethodDeposit:
		e.Deposits, err = rows[Deposit](params)
	case MethodPositionUpdate:
		e.Positions, err = rows[Position](params)
	case MethodPayableUpdate:
		e.Payables, err = rows[MarginPayable](params)
	case MethodNoticeUpdate:
		e.Notices, err = rows[MarginNotice](params)
	default:
		e.Kind = PrivateUnknown
	}
	if err != nil {
		return fmt.Errorf("%s: %w", e.Method, err)
	}
	return nil
}

// unwrap finds the message: as it is, or within "message" or "data", as clients have met it.
func unwrap(raw json.RawMessage) (json.RawMessage, map[string]json.RawMessage, error) {
	if !json.Valid(raw) {
		return nil, nil, errors.New("a message that is not JSON")
	}
	if err := uniqueKeys(raw); err != nil {
		return nil, nil, err
	}
	for range 3 {
		var fields map[string]json.RawMessage
		if json.Unmarshal(raw, &fields) != nil {
			break
		}
		if fields["method"] != nil {
			return raw, fields, nil
		}
		if raw = fields["message"]; raw == nil {
			raw = fields["data"]
		}
		if raw == nil {
			break
		}
	}
	return nil, nil, errors.New("a message without method")
}

// rows reads a list of objects, or one object.
func rows[T any, P interface {
	*T
	checked
}](params json.RawMessage) ([]T, error) {
	list, err := listOf(params)
	if err != nil {
		return nil, err
	}
	out := make([]T, len(list))
	for i, row := range list {
		if len(row) == 0 || row[0] != '{' {
			return nil, fmt.Errorf("row %d of params is no object", i)
		}
		if err := json.Unmarshal(row, &out[i]); err != nil {
			return nil, fmt.Errorf("row %d of params: %w", i, discreet(err))
		}
		if err := P(&out[i]).check(); err != nil {
			return nil, fmt.Errorf("row %d of params: %w", i, err)
		}
	}
	return out, nil
}

func listOf(params json.RawMessage) ([]json.RawMessage, error) {
	if len(params) > 0 && params[0] == '{' {
		return []json.RawMessage{params}, nil
	}
	var list []json.RawMessage
	if len(params) == 0 || params[0] != '[' {
		return nil, errors.New("params is neither a list nor an object")
	}
	err := json.Unmarshal(params, &list)
	return list, err
}

// invalidated reads ids. The documents' table says a number and their example an object with a list; numbers, lists
// and objects are read, up to depth within each other.
func invalidated(b json.RawMessage, depth int) ([]OrderID, error) {
	if len(b) == 0 || depth == 0 {
		return nil, errors.New("params holds no order_id")
	}
	switch b[0] {
	case '[':
		list, err := listOf(b)
		if err != nil {
			return nil, err
		}
		var ids []OrderID
		for _, x := range list {
			more, err := invalidated(x, depth-1)
			if err != nil {
				return nil, err
			}
			ids = append(ids, more...)
		}
		return ids, nil
	case '{':
		var object map[string]json.RawMessage
		if err := json.Unmarshal(b, &object); err != nil {
			return nil, err
		}
		return invalidated(object["order_id"], depth-1)
	}
	var id OrderID
	if err := json.Unmarshal(b, &id); err != nil || id == 0 {
		return nil, errors.New("an order_id that is none")
	}
	return []OrderID{id}, nil
}

// discreet says which field could not be read, and nothing of what stands in it.
func discreet(err error) error {
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && t.Field != "" {
		return fmt.Errorf("%s has another type", t.Field)
	}
	return errors.New("a number, id or text is none")
}
