package web

import (
	"html"
	"strings"
	"testing"
	"time"

	"hikeshi/internal/text"
)

func TestThePageSaysThatAFullDiskRefusesOrders(t *testing.T) {
	now := time.Now()
	o := calmly(now)
	o.full, o.low = 3, true
	h, _ := guarded(&fake{snap: scenes(now)[0].snapshot(now)}, o)
	page := html.UnescapeString(body(t, get(t, h, "/orders?lang=en", enter(t, h))))
	if want := text.Say(text.English, "web.order.full", text.Args{"n": "3"}); !strings.Contains(page, want) {
		t.Errorf("the page does not say %q", want)
	}
}
