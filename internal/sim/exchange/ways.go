package exchange

import (
	"fmt"
	"slices"
)

// A Way is a point on which bitbank's documents are silent, contradict each other or were seen to differ from the live
// service. The first of its readings is the one that is played until another is asked for.
type Way struct {
	Name     string   `json:"name"`
	Readings []string `json:"readings"`
	About    string   `json:"about"`
	Playing  string   `json:"playing"`
}

// The names of the ways.
const (
	RestLimit      = "active_orders_limit"
	MixedCancel    = "cancel_orders_mixed"
	ManyIDs        = "too_many_ids"
	InfoOrder      = "orders_info_order"
	UnknownInfo    = "orders_info_unknown"
	TooManyDigits  = "too_many_digits"
	StoppedPair    = "stopped_pair"
	RaisedMinimum  = "raised_minimum"
	StopLocks      = "stop_orders_lock"
	StopInBreak    = "stop_in_break"
	CanceledAt     = "canceled_at_on_fetch"
	AssetKeys      = "asset_update_keys"
	PositionKeys   = "margin_position_update_keys"
	InvalidShape   = "spot_order_invalidation_shape"
	SpotTradeKeys  = "spot_trade_margin_keys"
	WholePosition  = "close_without_amount"
	HistoryDefault = "trade_history_default"
	CancelCounts   = "cancel_orders_counts"
	ConfirmClass   = "confirm_deposits_class"
	LimiterWindow  = "rate_limit_window"
	LimiterRefused = "rate_limit_refused_counts"
	RetryAfter     = "rate_limit_retry_after"
	Replay         = "replayed_signature"
	NoWindow       = "signing_without_window"
	TimeOff        = "time_out_of_range"
	OldToken       = "old_stream_token"
	DealerID       = "dealer_order_id"
)

// ways is every point with its readings, the default first.
var ways = []Way{
	{RestLimit, []string{"pair", "user"}, "whose 30 live orders 60011 counts: the announcement of 2018 says a pair's, the error text just 30", ""},
	{MixedCancel, []string{"partial", "refuse"}, "cancel_orders with good and bad ids: the good ones are cancelled and listed, or the first bad one's code and nothing happens", ""},
	{ManyIDs, []string{"40015", "allow"}, "more than 30 ids in one call", ""},
	{InfoOrder, []string{"asked", "id"}, "the order of the rows of orders_info", ""},
	{UnknownInfo, []string{"omit", "50009"}, "orders_info with an id that does not exist", ""},
	{TooManyDigits, []string{"invalid", "cut"}, "more decimals than the pair has: 40001 and 40020, or they are cut off", ""},
	{StoppedPair, []string{"70017", "70004"}, "the code under stop_order", ""},
	{RaisedMinimum, []string{"60004", "70010"}, "the code for an amount below a minimum that load has raised", ""},
	{StopLocks, []string{"yes", "no"}, "whether a stop order locks funds when it is placed, or when it is triggered", ""},
	{StopInBreak, []string{"reject", "wait"}, "a stop that is triggered while the mode is not NONE: rejected, or executed when trading is back", ""},
	{CanceledAt, []string{"yes", "no"}, "whether canceled_at is in orders that are read later", ""},
	{AssetKeys, []string{"camel", "snake"}, "the keys of the stream's asset_update: the documents' example, or their table", ""},
	{PositionKeys, []string{"long", "short"}, "the keys of the stream's margin_position_update: documented, or as seen in 2026", ""},
	{InvalidShape, []string{"object", "number"}, "the params of the stream's spot_order_invalidation: an object with an array, or one number in an array", ""},
	{SpotTradeKeys, []string{"absent", "null"}, "position_side, profit_loss and interest of the stream's spot trades", ""},
	{WholePosition, []string{"whole", "30001"}, "take_profit and stop_loss without an amount", ""},
	{HistoryDefault, []string{"500", "1000"}, "rows of trade_history when no count is given", ""},
	{CancelCounts, []string{"one", "each"}, "what cancel_orders takes of the limit: one call, or one for each id", ""},
	{ConfirmClass, []string{"query", "update"}, "which limit confirm_deposits counts against", ""},
	{LimiterWindow, []string{"sliding", "second"}, "the rate limit's window: the last second, or the clock's", ""},
	{LimiterRefused, []string{"no", "yes"}, "whether refused calls count against the rate limit", ""},
	{RetryAfter, []string{"absent", "present"}, "the header Retry-After of a 429", ""},
	{Replay, []string{"accept", "refuse"}, "the same signed time-window request a second time", ""},
	{NoWindow, []string{"either", "empty", "default"}, "what is signed when ACCESS-TIME-WINDOW is left out: either, nothing, or 5000", ""},
	{TimeOff, []string{"two", "one"}, "20034 for ahead and 20035 for behind, or 20034 for both", ""},
	{OldToken, []string{"valid", "revoked"}, "the stream's token after a new one was asked for", ""},
	{DealerID, []string{"number", "string"}, "order_id of the stream's dealer_order_new: the documents' example, or their table", ""},
}

// Ways lists every point and what is played.
func (x *Exchange) Ways() []Way {
	out := slices.Clone(ways)
	for i := range out {
		out[i].Playing = x.way(out[i].Name)
	}
	return out
}

// CheckWay says what is wrong with a point and a reading of it.
func CheckWay(name, reading string) error {
	i := slices.IndexFunc(ways, func(w Way) bool { return w.Name == name })
	switch {
	case i < 0:
		return fmt.Errorf("%s: there is no way of that name", name)
	case !slices.Contains(ways[i].Readings, reading):
		return fmt.Errorf("%s: %q is none of %q", name, reading, ways[i].Readings)
	}
	return nil
}

// Choose plays another reading of a point from now on. Both must have passed CheckWay.
func (x *Exchange) Choose(name, reading string) { x.chosen[name] = reading }

// Plays reports whether a reading is the one that is played.
func (x *Exchange) Plays(name, reading string) bool { return x.way(name) == reading }

func (x *Exchange) way(name string) string {
	if r, ok := x.chosen[name]; ok {
		return r
	}
	i := slices.IndexFunc(ways, func(w Way) bool { return w.Name == name })
	return ways[i].Readings[0]
}
