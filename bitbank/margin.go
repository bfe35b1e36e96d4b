package bitbank

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// A MarginState is how an account's margin is doing, as bitbank wrote it.
type MarginState string

// The states. NORMAL is also said of accounts that never applied for margin trading; all others ask for attention.
const (
	MarginNormal  MarginState = "NORMAL"
	MarginLossCut MarginState = "LOSSCUT"
	MarginCall    MarginState = "CALL"
	MarginDebt    MarginState = "DEBT"
	MarginSettled MarginState = "SETTLED"
)

// A MarginStatus is an account's margin as a whole, in yen. The percentages are absent without positions.
type MarginStatus struct {
	Status            MarginState `json:"status"`
	BalancePercentage Number      `json:"total_margin_balance_percentage"`
	CallPercentage    Number      `json:"margin_call_percentage"`
	LossCutPercentage Number      `json:"losscut_percentage"`
	Balance           Number      `json:"total_margin_balance"`
	ProfitLoss        Number      `json:"margin_position_profit_loss"`
	UnrealizedCost    Number      `json:"unrealized_cost"`

	PositionProduct     Number `json:"total_margin_position_product"`
	OpenPositionProduct Number `json:"open_margin_position_product"`
	OpenOrderProduct    Number `json:"open_margin_order_product"`

	PositionMaintenance       Number `json:"total_position_maintenance_margin"`
	LongPositionMaintenance   Number `json:"total_long_position_maintenance_margin"`
	ShortPositionMaintenance  Number `json:"total_short_position_maintenance_margin"`
	OpenOrderMaintenance      Number `json:"total_open_order_maintenance_margin"`
	LongOpenOrderMaintenance  Number `json:"total_long_open_order_maintenance_margin"`
	ShortOpenOrderMaintenance Number `json:"total_short_open_order_maintenance_margin"`

	BuyCredit  Number            `json:"buy_credit"`
	SellCredit Number            `json:"sell_credit"`
	Available  []MarginAvailable `json:"available_balances"`
}

// A MarginAvailable is how much of a pair can still be opened.
type MarginAvailable struct {
	Pair  string `json:"pair"`
	Long  Number `json:"long"`
	Short Number `json:"short"`
}

func (s *MarginStatus) check() error {
	if s.Status == "" {
		return errors.New("a margin status without status")
	}
	for _, a := range s.Available {
		if a.Pair == "" {
			return errors.New("an available balance without pair")
		}
	}
	return nil
}

// A Position is a margin position. REST lists every margin pair and side: no position is an OpenAmount of zero.
// LockedAmount is known in the stream only.
type Position struct {
	Pair               string       `json:"pair"`
	Side               PositionSide `json:"position_side"`
	OpenAmount         Number       `json:"open_amount"`
	LockedAmount       Number       `json:"locked_amount"`
	Product            Number       `json:"product"`
	AveragePrice       Number       `json:"average_price"`
	UnrealizedFee      Number       `json:"unrealized_fee_amount"`
	UnrealizedInterest Number       `json:"unrealized_interest_amount"`
}

// UnmarshalJSON reads the documented names and the short ones that the stream was seen to use.
func (p *Position) UnmarshalJSON(b []byte) error {
	type documented Position
	w := struct {
		documented
		Open     Number `json:"open"`
		Locked   Number `json:"locked"`
		Fee      Number `json:"unrealized_fee"`
		Interest Number `json:"unrealized_interest"`
	}{}
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	for _, f := range []struct {
		name  string
		into  *Number
		short Number
	}{
		{"open_amount", &w.OpenAmount, w.Open}, {"locked_amount", &w.LockedAmount, w.Locked},
		{"unrealized_fee_amount", &w.UnrealizedFee, w.Fee}, {"unrealized_interest_amount", &w.UnrealizedInterest, w.Interest},
	} {
		if err := either(f.name, f.into, f.short); err != nil {
			return err
		}
	}
	*p = Position(w.documented)
	return nil
}

// either completes a field that travels under two names. Two values that differ are an error.
func either(name string, into *Number, other Number) error {
	switch {
	case !other.Known():
	case !into.Known():
		*into = other
	case !into.Equal(other):
		return fmt.Errorf("%s has two values: %s and %s", name, into, other)
	}
	return nil
}

func (p *Position) check() error {
	if p.Pair == "" || p.Side == "" || !p.OpenAmount.Known() {
		return errors.New("a position without pair, side or amount")
	}
	return nil
}

// A MarginNotice is bitbank's demand to the owner. The zero MarginNotice is none.
type MarginNotice struct {
	What       string `json:"what"` // as bitbank wrote it; see Kind
	OccurredAt Millis `json:"occurred_at"`
	Amount     Number `json:"amount"`
	DueDateAt  Millis `json:"due_date_at"`
}

// The kinds of notice.
const (
	NoticeCall    = "margincall"
	NoticeDebt    = "debt"
	NoticeSettled = "settled"
)

// Kind is What without case and punctuation, because bitbank's texts spell it in several ways (margin_call,
// marginCall): one of the Notice constants, "" for no notice, or one that bitbank added since.
func (n MarginNotice) Kind() string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(n.What))
}

// Positions are an account's margin positions with what bitbank demands.
type Positions struct {
	Notice   MarginNotice `json:"notice"`
	Payables struct {
		Amount Number `json:"amount"`
	} `json:"payables"`
	Positions        []Position `json:"positions"`
	LossCutThreshold struct {
		Individual Number `json:"individual"`
		Company    Number `json:"company"`
	} `json:"losscut_threshold"`
}

func (p *Positions) check() error { return checkAll("positions", p.Positions) }
