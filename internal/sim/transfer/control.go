package transfer

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// An Arrival is a deposit that a person or a test lets come in.
type Arrival struct {
	Asset       string `json:"asset"`
	Network     string `json:"network"` // of coins; "" for the asset's first one
	Amount      string `json:"amount"`
	TxID        string `json:"txid"`        // of coins; drawn when empty
	Status      Status `json:"status"`      // FOUND when empty
	Internal    bool   `json:"internal"`    // a grant of the exchange: no txid, a placeholder for the address
	Unconfirmed bool   `json:"unconfirmed"` // waits in FOUND until its sender is declared
	Hold        bool   `json:"hold"`        // moves only by hand
	FoundAt     int64  `json:"found_at"`    // milliseconds, not after now; 0 is now. All states count from there.
}

func (d *Desk) checkArrival(a *Arrival, now time.Time) error {
	as := d.assets[a.Asset]
	if as == nil {
		return fmt.Errorf("asset: %q is no asset of this exchange", a.Asset)
	}
	if a.Status == "" {
		a.Status = Found
	}
	if a.Network == "" && len(as.Networks) > 0 {
		a.Network = as.Networks[0].Name
	}
	amount, ok := readDecimal(a.Amount)
	switch {
	case !as.has(a.Network):
		return fmt.Errorf("network: %s does not travel on %q", a.Asset, a.Network)
	case !ok || !as.fits(amount):
		return fmt.Errorf("amount: %q is no positive decimal number in a string with at most %d decimals, such as \"0.5\"", a.Amount, as.Precision)
	case !slices.Contains([]Status{Found, Confirmed, Done}, a.Status):
		return fmt.Errorf("status: %q is none of FOUND, CONFIRMED, DONE", a.Status)
	case a.Asset == yen && (a.Internal || a.Unconfirmed || a.TxID != ""):
		return errors.New("internal, unconfirmed, txid: only coins have them")
	case a.Internal && (a.Unconfirmed || a.TxID != ""):
		return errors.New("internal: a grant has no sender to declare and no txid")
	case a.Unconfirmed && a.Status != Found:
		return fmt.Errorf("status: an unconfirmed deposit is FOUND, not %s", a.Status)
	case a.FoundAt < 0 || a.FoundAt > now.UnixMilli():
		return fmt.Errorf("found_at: expected milliseconds of a time that is not after now, got %d", a.FoundAt)
	}
	return nil
}

// AddDeposit lets a deposit arrive and returns its uuid. While its network is stopped nobody sees one that is to begin as
// FOUND; it is found when the stop ends.
func (d *Desk) AddDeposit(a Arrival, now time.Time) (string, error) {
	now = d.reach(now)
	if err := d.checkArrival(&a, now); err != nil {
		return "", err
	}
	if !d.admit(&d.deposits) {
		return "", fmt.Errorf("there are %d deposits under way, which is as many as there can be", d.o.Keep)
	}
	found := now
	if a.FoundAt > 0 {
		found = time.UnixMilli(a.FoundAt)
	}
	amount, _ := readDecimal(a.Amount)
	t := &transfer{
		uuid: d.newUUID("deposit"), serial: d.serial, asset: d.assets[a.Asset], network: a.Network, amount: amount, at: found,
		txid: a.TxID, internal: a.Internal, unconfirmed: a.Unconfirmed, held: a.Hold,
	}
	if t.txid == "" && a.Asset != yen && !a.Internal {
		t.txid = d.newTxID(t.uuid)
	}
	d.byUUID[t.uuid] = t
	d.deposits = insert(d.deposits, t, byAge)
	if a.Status == Found && d.stopped(t, Found) {
		t.next, t.parked = Found, true
		return t.uuid, nil
	}
	for at := found; t.status != a.Status; {
		d.enter(t, depositEdges[t.status][0], at)
		_, after := d.following(t)
		if at = at.Add(after); at.After(now) {
			at = now
		}
	}
	d.reach(now)
	return t.uuid, nil
}

// Move brings a deposit or a withdrawal to a state that may follow its own, whether it is held (and stays so) or not.
func (d *Desk) Move(uuid string, to Status, now time.Time) error {
	now = d.reach(now)
	t := d.byUUID[uuid]
	switch {
	case t == nil:
		return fmt.Errorf("uuid: there is no transfer %q", uuid)
	case t.unconfirmed:
		return fmt.Errorf("status: %s waits for its sender to be declared", uuid)
	case t.status == unseen:
		return fmt.Errorf("status: %s has not been found yet, its network is stopped", uuid)
	case !slices.Contains(t.edges(), to):
		return fmt.Errorf("status: %s is %s, which %q cannot follow", uuid, t.status, string(to))
	}
	d.enter(t, to, now)
	return nil
}

// Hold keeps a transfer in its state until it is moved or let go; then its state lasts as long as if it began anew.
func (d *Desk) Hold(uuid string, hold bool, now time.Time) error {
	now = d.reach(now)
	t := d.byUUID[uuid]
	switch {
	case t == nil:
		return fmt.Errorf("uuid: there is no transfer %q", uuid)
	case t.held == hold:
	default:
		t.held = hold
		if t.status != unseen { // which waits for its network, held or not
			d.plan(t, now)
		}
	}
	return nil
}

// A Stop says what is stopped on an asset; nil leaves it as it is.
type Stop struct {
	Asset       string `json:"asset"`
	Network     string `json:"network"` // "" for all of the asset's
	Deposits    *bool  `json:"stop_deposit"`
	Withdrawals *bool  `json:"stop_withdrawal"`
}

// SetStop stops deposits or withdrawals of an asset or of one of its networks, or lets them go on; then what has been due
// happens at once.
func (d *Desk) SetStop(s Stop, now time.Time) error {
	now = d.reach(now)
	a := d.assets[s.Asset]
	if a == nil {
		return fmt.Errorf("asset: %q is no asset of this exchange", s.Asset)
	}
	if s.Network != "" && !a.has(s.Network) {
		return fmt.Errorf("network: %s does not travel on %q", s.Asset, s.Network)
	}
	for _, l := range a.lanes() {
		if s.Network != "" && l.network != s.Network {
			continue
		}
		stop := d.stops[l]
		if s.Deposits != nil {
			stop.deposits = *s.Deposits
		}
		if s.Withdrawals != nil {
			stop.withdrawals = *s.Withdrawals
		}
		d.stops[l] = stop
	}
	var free []*transfer
	for _, t := range slices.Concat(d.deposits, d.withdrawals) {
		if t.parked && !d.stopped(t, t.next) {
			free = append(free, t)
		}
	}
	for _, t := range free {
		d.enter(t, t.next, now)
	}
	return nil
}

// A Truth is a transfer as the exchange knows it, hidden ones and what happens next included.
type Truth struct {
	Method      string `json:"method"` // deposit, withdrawal
	UUID        string `json:"uuid"`
	Asset       string `json:"asset"`
	Network     string `json:"network"`
	Amount      string `json:"amount"`
	Fee         string `json:"fee"`
	Status      Status `json:"status"` // "" for a deposit that is not found while its network is stopped
	At          int64  `json:"at"`     // found, requested
	Held        bool   `json:"held"`
	Unconfirmed bool   `json:"unconfirmed"`
	Next        Status `json:"next"` // what it becomes by itself
	Due         int64  `json:"due"`  // when; 0 for never or not yet
}

// Truth lists all deposits and then all withdrawals, oldest first.
func (d *Desk) Truth() []Truth {
	all := make([]Truth, 0, len(d.deposits)+len(d.withdrawals))
	for _, t := range slices.Concat(d.deposits, d.withdrawals) {
		row := Truth{
			Method: "deposit", UUID: t.uuid, Asset: t.asset.Name, Network: t.network, Amount: t.asset.text(t.amount),
			Fee: t.asset.text(t.fee), Status: t.status, At: t.at.UnixMilli(), Held: t.held, Unconfirmed: t.unconfirmed,
		}
		if t.out {
			row.Method = "withdrawal"
		}
		if !t.due.IsZero() {
			row.Next, row.Due = t.next, t.due.UnixMilli()
		}
		all = append(all, row)
	}
	return all
}
