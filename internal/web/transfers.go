package web

import (
	"slices"
	"strings"

	"hikeshi/internal/ledger"
	"hikeshi/internal/text"
)

// A Transfer is a deposit or a withdrawal. Addresses and bank accounts are left out.
type Transfer struct {
	Kind    string `json:"kind"` // deposit or withdrawal
	UUID    string `json:"uuid"`
	Asset   string `json:"asset"`
	Network string `json:"network,omitzero"`
	Amount  string `json:"amount"`
	Fee     string `json:"fee,omitzero"`
	Status  string `json:"status"` // bitbank's word
	Text    string `json:"text"`   // the same in words
	Over    bool   `json:"over"`
	Began   Stamp  `json:"began,omitzero"`
	TxID    string `json:"txid,omitzero"`

	figure string // the amount for people
}

// Line is how much it is, for people.
func (t Transfer) Line() string { return t.figure + " " + coin(t.Asset) }

// statuses are those of bitbank's documents, which have words.
var statuses = map[string][]string{
	"deposit":    {"FOUND", "CONFIRMED", "DONE"},
	"withdrawal": {"CONFIRMING", "EXAMINING", "SENDING", "DONE", "REJECTED", "CANCELED", "CONFIRM_TIMEOUT"},
}

func shapeTransfer(l text.Lang, t ledger.Transfer) Transfer {
	over, began := t.Over()
	out := Transfer{Over: over, Began: Stamp(began)}
	if d := t.Deposit; d != nil {
		out.Kind, out.UUID, out.Asset, out.Network, out.TxID = "deposit", d.UUID, d.Asset, d.Network, d.TxID
		out.Amount, out.Status, out.figure = d.Amount.String(), string(d.Status), figure(d.Amount)
	} else if w := t.Withdrawal; w != nil {
		out.Kind, out.UUID, out.Asset, out.Network, out.TxID = "withdrawal", w.UUID, w.Asset, w.Network, w.TxID
		out.Amount, out.Fee, out.Status, out.figure = w.Amount.String(), w.Fee.String(), string(w.Status), figure(w.Amount)
	}
	out.Text = text.Say(l, "web.transfer.unknown", text.Args{"status": out.Status})
	if slices.Contains(statuses[out.Kind], out.Status) {
		out.Text = text.Say(l, "web.transfer."+out.Kind+"."+strings.ToLower(out.Status), nil)
	}
	return out
}
