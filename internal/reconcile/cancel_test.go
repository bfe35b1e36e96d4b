package reconcile

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"hikeshi/bitbank"
	"hikeshi/bitbank/bitbanktest"
)

// outcomeOf is what the client says of a cancel that is answered by body.
func outcomeOf(t *testing.T, body string) CancelAnswer {
	t.Helper()
	client, closed := bitbanktest.Memory(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil {
			b := make([]byte, 1000)
			r.Body.Read(b)
		}
		fmt.Fprint(w, body)
	}))
	defer closed()
	key, err := bitbank.NewCredentials("k", "s", "http://private", bitbank.Auth{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := bitbank.New(bitbank.Options{HTTP: client, PrivateURL: "http://private", Credentials: key})
	if err != nil {
		t.Fatal(err)
	}
	o := c.CancelOrder(context.Background(), "btc_jpy", 7)
	if order, done := o.Done(); done {
		return CancelAnswer{Order: &order}
	}
	if refusal, refused := o.Refused(); refused {
		return CancelAnswer{Refused: true, Code: refusal.Code}
	}
	return CancelAnswer{}
}

func code(n int) string { return fmt.Sprintf(`{"success":0,"data":{"code":%d}}`, n) }

func answered(status string) string {
	return `{"success":1,"data":{"order_id":7,"pair":"btc_jpy","side":"buy","type":"limit","start_amount":"1","remaining_amount":"1","executed_amount":"0","price":"1","average_price":"0","ordered_at":1,"status":"` + status + `"}}`
}

func TestWhatFollowsFromAnAnswerToACancel(t *testing.T) {
	for body, want := range map[string]CancelState{
		answered("CANCELED_UNFILLED"): Done, answered("CANCELED_PARTIALLY_FILLED"): Done, answered("FULLY_FILLED"): Done,
		answered("UNFILLED"): Checking, // taken, and not there yet
		code(50026):          Checking, code(50027): Checking, code(50010): Checking, code(50009): Checking, code(70019): Checking,
		code(10001): Checking, code(70003): Checking, code(99999): Checking, "<html>": Checking, "": Checking, answered("UNFILLED")[:40]: Checking,
		code(70004): Latched, code(70013): Latched, code(70018): Latched, code(10007): Checking, // whether maintenance refuses is not promised
		code(10009): Sending, code(70011): Checking,
		code(20005): Stuck, code(40017): Stuck, code(50005): Stuck,
	} {
		c := OpenCancel("btc_jpy", 7, sent).Answered(outcomeOf(t, body), sent)
		if c.State != want {
			t.Errorf("%.60s: %s, want %s", body, c.State, want)
		}
		if (c.State == Done) != (c.Final != nil) {
			t.Errorf("%.60s: done without its end: %+v", body, c)
		}
	}
}

func TestACancelIsOverWhenItsOrderIs(t *testing.T) {
	order := func(s bitbank.OrderStatus) bitbank.Order {
		return bitbank.Order{ID: 7, Pair: "btc_jpy", Status: s}
	}
	at := func(s int) time.Time { return sent.Add(time.Duration(s) * time.Second) }
	c := OpenCancel("btc_jpy", 7, sent).Answered(outcomeOf(t, ""), at(0))
	if what, when := c.Wants(); what != "read" || when.After(at(0)) {
		t.Errorf("after a lost answer: %s at %v", what, when)
	}
	// It rests all the same: sent again, with growing patience.
	if c = c.Read(order(bitbank.StatusUnfilled), at(1)); c.State != Checking {
		t.Errorf("after a second: %s", c.State)
	}
	if c = c.Read(order(bitbank.StatusUnfilled), at(2)); c.State != Sending {
		t.Errorf("after two: %s", c.State)
	}
	c = c.Answered(outcomeOf(t, ""), at(3))
	if c = c.Read(order(bitbank.StatusUnfilled), at(5)); c.State != Checking {
		t.Errorf("the second time: %s", c.State)
	}
	other := order(bitbank.StatusFullyFilled)
	other.ID = 8
	if c = c.Read(other, at(6)); c.State == Done {
		t.Error("another order ended it")
	}
	if c = c.Read(order(bitbank.StatusFullyFilled), at(6)); c.State != Done || c.Final.Status != bitbank.StatusFullyFilled {
		t.Errorf("filled: %+v", c)
	}
	// Nothing moves what is over.
	if c = c.Answered(outcomeOf(t, code(70013)), at(7)).Opens(); c.State != Done || c.Sent != 2 {
		t.Errorf("after its end: %+v", c)
	}
}

func TestACancelOfALostOrderWaitsForIt(t *testing.T) {
	c := OpenCancel("btc_jpy", 0, sent)
	if what, _ := c.Wants(); what != "" || c.State != Deferred {
		t.Errorf("%s, wants %q", c.State, what)
	}
	if c = c.Sighted(7); c.State != Sending || c.ID != 7 {
		t.Errorf("sighted: %+v", c)
	}
}

func TestACancelThatIsNotTakenIsFirstWhenItIs(t *testing.T) {
	c := OpenCancel("btc_jpy", 7, sent).Answered(outcomeOf(t, code(70018)), sent)
	if what, _ := c.Wants(); what != "" {
		t.Errorf("latched, and wants %q", what)
	}
	if c = c.Opens(); c.State != Sending {
		t.Errorf("bitbank takes cancels again: %s", c.State)
	}
}

func TestAnOrderThatNobodyKnowsIsForAHumanAfterAWhile(t *testing.T) {
	c := OpenCancel("btc_jpy", 7, sent).Answered(outcomeOf(t, code(50009)), sent)
	if c = c.Missing(sent.Add(L - time.Second)); c.State != Checking {
		t.Errorf("a replica may lag: %s", c.State)
	}
	if c = c.Missing(sent.Add(L)); c.State != Stuck {
		t.Errorf("for longer than one does: %s", c.State)
	}
	no := false
	c = OpenCancel("btc_jpy", 7, sent).Answered(outcomeOf(t, code(50010)), sent).Read(bitbank.Order{ID: 7, Pair: "btc_jpy", Status: bitbank.StatusUnfilled, UserCancelable: &no}, sent)
	if c.State != Stuck {
		t.Errorf("a liquidation: %s", c.State)
	}
}
