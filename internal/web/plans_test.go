package web

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// Cancelling takes two steps: a page that shows what would be cancelled, and its form.
func TestCancellingShowsFirstAndActsThen(t *testing.T) {
	now := time.Now()
	o := everything(now)
	h, _ := guarded(&fake{snap: scenes(now)[0].snapshot(now)}, o)
	in := enter(t, h)
	page := body(t, get(t, h, "/orders/cancel?lang=en", in))
	for _, want := range []string{"Cancel 5 orders", ">80<", "protective=1", "Protective orders (2)"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	all := body(t, get(t, h, "/orders/cancel?lang=en&protective=1", in))
	if !strings.Contains(all, "Cancel 7 orders") || !strings.Contains(all, ">90<") {
		t.Error("protective orders are not listed though they are asked for")
	}
	if len(o.asked) != 0 {
		t.Fatalf("looking did %q", o.asked)
	}
	if r := send(t, h, "/orders/cancel", formOf(t, all), in); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/orders?did=cancel&what=" {
		t.Errorf("%s to %q", r.Status, r.Header.Get("Location"))
	}
	if r := get(t, h, "/orders/cancel?bot=grdi", in); r.StatusCode != http.StatusNotFound {
		t.Errorf("a bot that there is not: %s", r.Status)
	}
	form := formOf(t, body(t, get(t, h, "/orders/giveup?id=plan-9", in)))
	for range 2 { // the second finds nothing to end
		if r := send(t, h, "/orders/giveup", form, in); r.StatusCode != http.StatusSeeOther {
			t.Errorf("giving up: %s", r.Status)
		}
	}
	if want := []string{"cancel {Bot: Pair: Protective:true Except:[]} owner ", "give up plan-9"}; !slices.Equal(o.asked, want) {
		t.Errorf("asked %q, want %q", o.asked, want)
	}
	if page := body(t, get(t, h, "/orders?lang=en&did=giveup&what=plan-9", in)); !strings.Contains(page, "Given up at") {
		t.Error("the page does not say that it is given up")
	}
}
