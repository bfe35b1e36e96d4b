package exchange

import "github.com/shopspring/decimal"

// MarginStatus is what /v1/user/margin/status answers.
type MarginStatus struct {
	Status           string      `json:"status"`
	Percentage       *string     `json:"total_margin_balance_percentage"`
	Balance          string      `json:"total_margin_balance"`
	Profit           string      `json:"margin_position_profit_loss"`
	Cost             string      `json:"unrealized_cost"`
	Maintenance      string      `json:"total_position_maintenance_margin"`
	LongMaintenance  string      `json:"total_long_position_maintenance_margin"`
	ShortMaintenance string      `json:"total_short_position_maintenance_margin"`
	Orders           string      `json:"total_open_order_maintenance_margin"`
	LongOrders       string      `json:"total_long_open_order_maintenance_margin"`
	ShortOrders      string      `json:"total_short_open_order_maintenance_margin"`
	CallPercentage   *string     `json:"margin_call_percentage"`
	LossPercentage   *string     `json:"losscut_percentage"`
	BuyCredit        string      `json:"buy_credit"`
	SellCredit       string      `json:"sell_credit"`
	Available        []Available `json:"available_balances"`
	Product          string      `json:"total_margin_position_product"`
	OpenProduct      string      `json:"open_margin_position_product"`
	OrderProduct     string      `json:"open_margin_order_product"`
}

// Available is what can be opened in one pair.
type Available struct {
	Pair  string `json:"pair"`
	Long  string `json:"long"`
	Short string `json:"short"`
}

// MarginStatus reads it. Percentages are null while there is no position.
func (x *Exchange) MarginStatus(a *Account) MarginStatus {
	f := x.figures(a)
	yen := func(d decimal.Decimal) string { return d.StringFixed(4) }
	s := MarginStatus{
		Status: x.marginState(a, f), Balance: yen(f.total), Profit: yen(f.profit), Cost: yen(f.cost), Maintenance: yen(f.long.Add(f.short)),
		LongMaintenance: yen(f.long), ShortMaintenance: yen(f.short), Orders: yen(f.longOrder.Add(f.shortOrder)), LongOrders: yen(f.longOrder),
		ShortOrders: yen(f.shortOrder), BuyCredit: yen(f.available), SellCredit: yen(f.available), Product: yen(f.product.Add(f.orderProduct)),
		OpenProduct: yen(f.openProduct), OrderProduct: yen(f.orderProduct), Available: []Available{},
	}
	if f.exposed {
		s.Percentage, s.CallPercentage, s.LossPercentage = new(f.percentage.StringFixed(2)), new(callAt.StringFixed(2)), new(losscutAt.StringFixed(2))
	}
	for _, key := range x.sides {
		if key.side == "long" {
			s.Available = append(s.Available, Available{key.pair, yen(f.available), yen(f.available)})
		}
	}
	return s
}

func (x *Exchange) marginState(a *Account, f figures) string {
	switch {
	case a.payable.IsPositive():
		return "DEBT"
	case f.exposed && f.percentage.LessThanOrEqual(losscutAt):
		return "LOSSCUT"
	case a.notice.What == "margin_call":
		return "CALL"
	case a.notice.What == "settled":
		return "SETTLED"
	}
	return "NORMAL"
}

// Positions is what /v1/user/margin/positions answers.
type Positions struct {
	Notice    NoticeRow     `json:"notice"`
	Payables  Payables      `json:"payables"`
	Positions []PositionRow `json:"positions"`
	Threshold Threshold     `json:"losscut_threshold"`
}

// A NoticeRow is what bitbank wants; all null when nothing.
type NoticeRow struct {
	What       *string `json:"what"`
	OccurredAt *int64  `json:"occurred_at"`
	Amount     *string `json:"amount"`
	DueDateAt  *int64  `json:"due_date_at"`
}

// Payables is what is owed.
type Payables struct {
	Amount string `json:"amount"`
}

// Threshold says when positions are liquidated.
type Threshold struct {
	Individual string `json:"individual"`
	Company    string `json:"company"`
}

// A PositionRow is one side of a pair, also when nothing is open (measured).
type PositionRow struct {
	Pair         string `json:"pair"`
	PositionSide string `json:"position_side"`
	OpenAmount   string `json:"open_amount"`
	Product      string `json:"product"`
	AveragePrice string `json:"average_price"`
	Fee          string `json:"unrealized_fee_amount"`
	Interest     string `json:"unrealized_interest_amount"`
}

// Positions reads them.
func (x *Exchange) Positions(a *Account) Positions {
	out := Positions{Notice: noticeRow(a.notice), Payables: Payables{a.payable.StringFixed(4)}, Threshold: Threshold{"0.5", "0.5"}}
	for _, key := range x.sides {
		p := a.positions[key]
		if p == nil {
			p = &position{}
		}
		pr := x.pairs[key.pair]
		out.Positions = append(out.Positions, PositionRow{
			Pair: key.pair, PositionSide: key.side, OpenAmount: pr.amount(p.open), Product: p.product.StringFixed(4), AveragePrice: pr.average(p),
			Fee: p.fee.StringFixed(4), Interest: p.interest.StringFixed(4),
		})
	}
	return out
}

// average is what a position cost for one coin.
func (p *pair) average(held *position) string {
	if held.open == 0 {
		return "0"
	}
	return held.product.DivRound(p.coins(held.open), int32(p.PriceDigits)).StringFixed(int32(p.PriceDigits))
}

func noticeRow(n notice) NoticeRow {
	if n.What == "" {
		return NoticeRow{}
	}
	r := NoticeRow{What: &n.What, OccurredAt: &n.OccurredAt, Amount: new(n.Amount.StringFixed(4))}
	if n.DueAt > 0 {
		r.DueDateAt = &n.DueAt
	}
	return r
}

// tellNotice changes what bitbank wants of an account. The stream writes marginCall where REST has margin_call.
func (x *Exchange) tellNotice(a *Account, n notice) {
	a.notice = n
	r := noticeRow(n)
	if n.What == "margin_call" {
		r.What = new("marginCall")
	}
	x.tell(a, "margin_notice_update", []any{r})
}

func (x *Exchange) payableUpdate(a *Account) {
	x.tell(a, "margin_payable_update", []any{Payables{a.payable.StringFixed(4)}})
}

// positionUpdate has the documented keys, or the short ones that were seen.
func (x *Exchange) positionUpdate(a *Account, key spot, p *position) {
	pr := x.pairs[key.pair]
	open, locked, fee, interest := pr.amount(p.open), pr.amount(p.locked), p.fee.StringFixed(4), p.interest.StringFixed(4)
	if x.Plays(PositionKeys, "short") {
		x.tell(a, "margin_position_update", []any{struct {
			Pair         string `json:"pair"`
			PositionSide string `json:"position_side"`
			AveragePrice string `json:"average_price"`
			Open         string `json:"open"`
			Locked       string `json:"locked"`
			Product      string `json:"product"`
			Fee          string `json:"unrealized_fee"`
			Interest     string `json:"unrealized_interest"`
		}{key.pair, key.side, pr.average(p), open, locked, p.product.StringFixed(4), fee, interest}})
		return
	}
	x.tell(a, "margin_position_update", []any{struct {
		Pair         string `json:"pair"`
		PositionSide string `json:"position_side"`
		AveragePrice string `json:"average_price"`
		Open         string `json:"open_amount"`
		Locked       string `json:"locked_amount"`
		Product      string `json:"product"`
		Fee          string `json:"unrealized_fee_amount"`
		Interest     string `json:"unrealized_interest_amount"`
	}{key.pair, key.side, pr.average(p), open, locked, p.product.StringFixed(4), fee, interest}})
}
