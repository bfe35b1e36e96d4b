package exchange

import "slices"

// An Event is a message of the private stream to one account.
type Event struct {
	Account string `json:"-"`
	Method  string `json:"method"`
	Params  any    `json:"params"`
}

// A touch is a balance that has changed and has not been told yet.
type touch struct {
	account *Account
	asset   string
}

func (x *Exchange) touch(a *Account, asset string) {
	a.version++
	if t := (touch{a, asset}); !slices.Contains(x.touched, t) {
		x.touched = append(x.touched, t)
	}
}

// flush tells the balances that have changed.
func (x *Exchange) flush() {
	for _, t := range x.touched {
		x.tell(t.account, "asset_update", []any{x.assetUpdate(t.account.balance(t.asset))})
	}
	x.touched = x.touched[:0]
}

func (x *Exchange) tell(a *Account, method string, params any) {
	x.events = append(x.events, Event{a.ID, method, params})
}

// assetUpdate has the keys of the documents' example, or of their table.
func (x *Exchange) assetUpdate(b *balance) any {
	digits := Precision(b.asset)
	free, locked := b.free.StringFixed(digits), b.locked.StringFixed(digits)
	onhand, withdrawing := b.onhand().StringFixed(digits), b.withdrawing.StringFixed(digits)
	if x.Plays(AssetKeys, "snake") {
		return struct {
			Asset       string `json:"asset"`
			Precision   int32  `json:"amount_precision"`
			Free        string `json:"free_amount"`
			Locked      string `json:"locked_amount"`
			Onhand      string `json:"onhand_amount"`
			Withdrawing string `json:"withdrawing_amount"`
		}{b.asset, digits, free, locked, onhand, withdrawing}
	}
	return struct {
		Asset       string `json:"asset"`
		Precision   int32  `json:"amountPrecision"`
		Free        string `json:"freeAmount"`
		Locked      string `json:"lockedAmount"`
		Onhand      string `json:"onhandAmount"`
		Withdrawing string `json:"withdrawingAmount"`
	}{b.asset, digits, free, locked, onhand, withdrawing}
}

// A streamRow is an order as the stream tells it.
type streamRow struct {
	Row
	ExecutedAt    *int64 `json:"executed_at"`
	JustTriggered bool   `json:"is_just_triggered"`
}

// announce tells an order's state. The stream's row has two keys more than REST's.
func (x *Exchange) announce(o *Order, method string, justTriggered bool) {
	row := streamRow{Row: x.row(o, false), JustTriggered: justTriggered}
	if o.executed > 0 {
		row.ExecutedAt = new(x.market.Clock().UnixMilli())
	}
	x.tell(o.account, method, []any{row})
}

// streamTrade is a trade as the stream tells it: whether the margin keys of a spot trade are absent or null is not sure.
func (x *Exchange) streamTrade(t Trade) any {
	if t.PositionSide != nil || x.Plays(SpotTradeKeys, "absent") {
		return t
	}
	return struct {
		Trade
		PositionSide *string `json:"position_side"`
		ProfitLoss   *string `json:"profit_loss"`
		Interest     *string `json:"interest"`
	}{Trade: t}
}
