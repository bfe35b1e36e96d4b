package broker

import (
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/ledger"
)

// Orders that could not leave make it dark, and nothing is open that would be read: it must be asked all the same whether
// bitbank is back.
func TestDarknessEndsThoughNothingIsOpen(t *testing.T) {
	b := started()
	now := begin
	for call := range CallID(2) {
		s := only[Send](t, b.Step(now, ask(call+1, limit(t, "0.01"), time.Minute)))
		if _, ok := b.Sign(now, s.ID, now, 2*time.Second); !ok {
			t.Fatal("the order is not wanted")
		}
		b.Step(now, Sent{ID: s.ID, Refused: &ledger.Refused{Proof: bitbank.ProofNotSent}})
		b.Step(now, Told{Call: call + 1, Whole: true})
	}
	if !b.Dark() {
		t.Fatal("it is not dark")
	}
	for n := range 3 { // twice in vain
		at := b.Next(now)
		if at.IsZero() || at.Sub(now) > again {
			t.Fatalf("the next look is at %v, want one within %v", at, again)
		}
		now = at
		only[Fence](t, b.Step(now, Tick{}))
		b.Step(now, Fenced{OK: n == 2})
	}
	if b.Dark() {
		t.Error("it is dark though bitbank has answered")
	}
	if at := b.Next(now); !at.IsZero() {
		t.Errorf("in the light it is read at %v all the same", at)
	}
}

// A full disk of ours is no darkness of bitbank's.
func TestAFullDiskDoesNotMakeItDark(t *testing.T) {
	b := started()
	for call := range CallID(3) {
		s := only[Send](t, b.Step(begin, ask(call+1, limit(t, "0.01"), time.Minute)))
		if _, ok := b.Sign(begin, s.ID, begin, 2*time.Second); !ok {
			t.Fatal("the order is not wanted")
		}
		r := only[Reply](t, b.Step(begin, Sent{ID: s.ID, Refused: &ledger.Refused{Proof: bitbank.ProofNotBegun}}))
		if r.Reason != Unrecorded {
			t.Fatalf("the bot is told %q", r.Reason)
		}
		b.Step(begin, Told{Call: call + 1, Whole: true})
	}
	if b.Dark() {
		t.Error("it is dark")
	}
}
