package gateway

import (
	"net/http"
	"slices"
	"testing"
)

// A bot that was told "unknown" has no number to cancel, and names the intent.
func TestAnOrderIsCancelledByItsIntent(t *testing.T) {
	k := newKit(t, fine(0))
	k.desk.intent = func(bot, id string) (Reply, bool) { return Reply{Intent: id}, bot == "maker" && id == "1-7" }
	for _, c := range []struct {
		bot, body string
		status    int
		want      string
	}{
		{"maker", `{"intent":"1-7"}`, 200, `{"intent":"1-7","outcome":"unknown"}`},
		{"maker", `{"intent":"1-8"}`, 404, `{"success":0,"data":{"code":10000}}`},
		{"maker", `{"intent":7}`, 200, `{"success":0,"data":{"code":10002}}`},
		{"maker", `{}`, 200, `{"success":0,"data":{"code":10002}}`},
		{"maker", `{"intent":"1-7","pair":"btc_jpy"}`, 200, `{"success":0,"data":{"code":10002}}`},
		{"reader", `{"intent":"1-7"}`, 200, `{"success":0,"data":{"code":70004}}`},
		{"", `{"intent":"1-7"}`, 200, `{"success":0,"data":{"code":20003}}`},
	} {
		w := k.ask(t, c.bot, http.MethodPost, pathUnwant, c.body)
		if w.Code != c.status || w.Body.String() != c.want {
			t.Errorf("%s %s: HTTP %d %s, want %d %s", c.bot, c.body, w.Code, w.Body, c.status, c.want)
		}
	}
	if !slices.Equal(k.desk.unwanted, []string{"1-7"}) {
		t.Errorf("cancelled are %q", k.desk.unwanted)
	}
}
