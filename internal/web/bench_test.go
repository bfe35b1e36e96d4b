package web

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// An open page asks for itself every five seconds; a look at it must not be felt.
func BenchmarkPage(b *testing.B) {
	now := time.Now()
	h := handler(&fake{snap: scenes(now)[4].snapshot(now), points: points(now), past: past(now)})
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost/", nil))
		if w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
}
