package transfer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"hikeshi/internal/ledger"
)

// A Mistake says which field of an announcement cannot be taken, and what can stand there.
type Mistake struct {
	Field string   // asset, network, txid, amount or sent
	Want  string   // in English, for programs
	Known []string // what there is to choose from, when that is known
}

func (m *Mistake) Error() string {
	if len(m.Known) == 0 {
		return fmt.Sprintf("%s: expected %s", m.Field, m.Want)
	}
	return fmt.Sprintf("%s: expected %s: %s", m.Field, m.Want, strings.Join(m.Known, ", "))
}

// An announcement may say that its deposit was sent so long ago: bitbank credits none much later. Our assumption.
const sentLongAgo = 30 * 24 * time.Hour

// Complete checks what an owner says of a deposit that was sent, and fills in the network of a coin that has only one. Routes are
// those that bitbank lists; without any, every coin and network is taken. The error is a *Mistake.
func Complete(e ledger.Expected, routes []ledger.Route, now time.Time) (ledger.Expected, error) {
	wrong := func(field, want string, known ...string) (ledger.Expected, error) {
		return e, &Mistake{field, want, known}
	}
	e.Asset, e.Network, e.TxID = strings.ToLower(strings.TrimSpace(e.Asset)), strings.ToLower(strings.TrimSpace(e.Network)), strings.TrimSpace(e.TxID)
	var assets, networks []string
	for _, r := range routes {
		assets = append(assets, r.Asset)
		if r.Asset == e.Asset && r.Network != "" {
			networks = append(networks, r.Network)
		}
	}
	assets = slices.Compact(assets)
	if e.Asset == "" || len(assets) > 0 && !slices.Contains(assets, e.Asset) {
		return wrong("asset", "a coin of bitbank's, by its symbol", assets...)
	}
	if e.Asset == yen {
		switch {
		case e.Network != "":
			return wrong("network", "none: yen come through banks")
		case e.TxID != "":
			return wrong("txid", "none: yen have no transaction")
		case !e.Amount.Known():
			return wrong("amount", "the amount in yen, by which a deposit is told from others")
		}
	} else {
		if len(networks) == 1 {
			e.Network = cmp.Or(e.Network, networks[0])
		}
		switch {
		case e.Network == "" || len(networks) > 0 && !slices.Contains(networks, e.Network):
			return wrong("network", "the network that the coin was sent over", networks...)
		case !TxIDLike(e.TxID):
			return wrong("txid", "the id of the transaction, 16 to 128 letters and digits")
		}
	}
	switch {
	case e.Amount.Known() && !e.Amount.Decimal().IsPositive():
		return wrong("amount", "a positive decimal number such as 0.5")
	case e.Sent.After(now.Add(time.Minute)) || now.Sub(e.Sent) > sentLongAgo:
		return wrong("sent", "a time of the last 30 days")
	}
	return e, nil
}
