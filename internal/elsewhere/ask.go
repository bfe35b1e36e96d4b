package elsewhere

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const (
	// patience is how long one answer may take.
	patience = 2 * time.Second
	// most is how much of an answer is read: a ticker is some hundred bytes.
	most = 64 << 10
	// pairEvery is how often one pair is asked in a hurry: with it a price is at most two seconds and its way old, and one lost
	// answer leaves it fresh.
	pairEvery = 2 * time.Second
	// strikes are how many failures in a row make a venue be left alone, first for calmLeast, doubling to calmMost.
	strikes   = 3
	calmLeast = 2 * time.Second
	calmMost  = 30 * time.Second
	// tooMuch is how long a venue is left alone that says that it is asked too much, when it does not say for how long.
	tooMuch     = time.Minute
	tooMuchMost = 10 * time.Minute
	// unlistedFor is how long a pair is not asked that a venue does not list, unpricedFor how long when that was only guessed from an
	// answer without a price, as venues give in their maintenance, too.
	unlistedFor = time.Hour
	unpricedFor = 5 * time.Minute
	agent       = "Hikeshi (outage watch)"
)

// An asker is what one venue was asked, and how it went. One goroutine owns it.
type asker struct {
	place   Place
	turn    int64                // the newest turn that was used
	asked   map[string]time.Time // when each pair was
	struck  map[string]time.Time // until when a pair is not listed
	last    time.Time            // the newest request in a hurry
	sent    []time.Time          // requests in a hurry of the last minute
	fails   int                  // in a row
	resting time.Time            // until when it is left alone
}

// askVenue asks one venue until ctx ends, one request at a time.
func (w *Watch) askVenue(ctx context.Context, p Place) {
	a := &asker{place: p, turn: -1, asked: map[string]time.Time{}, struck: map[string]time.Time{}}
	client := &http.Client{
		Transport:     w.o.HTTP,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	eachBeat(ctx, func(now time.Time) {
		if pair := w.next(a, now); pair != "" {
			a.asked[pair] = now
			w.ask(ctx, client, a, pair)
		}
	})
}

// next is the pair that a venue is to be asked for now; "" for none.
func (w *Watch) next(a *asker, now time.Time) string {
	if now.Before(a.resting) {
		return ""
	}
	wants := w.o.Wants()
	if pair := a.hurry(wants, w.o.HurryPerMinute, now); pair != "" && w.o.Dark() {
		a.last, a.sent = now, append(a.sent, now)
		return pair
	}
	pair, number := w.turnOf(wants, now)
	if pair != "" && number != a.turn && a.lists(pair, now) && a.place.Allow(now) {
		a.turn = number
		return pair
	}
	// What nobody else asks. With the turns it is at most six in a minute.
	if a.place.Heard == "" && a.lists(usual, now) && now.Sub(a.asked[usual]) >= steady && a.place.Allow(now) {
		return usual
	}
	return ""
}

// hurry is the urgent pair that was asked longest ago, if one may be asked now.
func (a *asker) hurry(wants []Want, perMinute int, now time.Time) string {
	a.sent = slices.DeleteFunc(a.sent, func(t time.Time) bool { return now.Sub(t) >= time.Minute })
	if len(a.sent) >= perMinute || now.Sub(a.last) < time.Minute/time.Duration(max(perMinute, 1)) {
		return ""
	}
	best := ""
	for _, want := range wants {
		if !want.Urgent || !a.lists(want.Pair, now) || now.Sub(a.asked[want.Pair]) < pairEvery {
			continue
		}
		if best == "" || a.asked[want.Pair].Before(a.asked[best]) {
			best = want.Pair
		}
	}
	return best
}

// lists reports whether the venue is worth asking for a pair.
func (a *asker) lists(pair string, now time.Time) bool {
	_, ok := a.place.Address(pair)
	return ok && !now.Before(a.struck[pair])
}

// ask sends one request and puts what came of it on the board.
func (w *Watch) ask(ctx context.Context, client *http.Client, a *asker, pair string) {
	address, _ := a.place.Address(pair)
	body, status, pause, err := fetch(ctx, client, address)
	if ctx.Err() != nil {
		return
	}
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err == nil:
		err = w.board.Hear(a.place.ID, pair, body, now)
	case status == http.StatusBadRequest || status == http.StatusNotFound || status == http.StatusUnprocessableEntity:
		w.board.Strike(a.place.ID, pair)
	}
	unlisted := w.board.Unlisted(a.place.ID, pair)
	if err == nil || unlisted {
		a.fails = 0
		switch {
		case unlisted && status == http.StatusOK:
			a.struck[pair] = now.Add(unpricedFor)
		case unlisted:
			a.struck[pair] = now.Add(unlistedFor)
		}
		return
	}
	if body == nil {
		w.board.Miss(a.place.ID, pair, err.Error())
	}
	w.o.Log.Debug("another exchange's ticker was not read", "venue", a.place.ID, "pair", pair, "err", err)
	if a.fails++; a.fails >= strikes {
		pause = max(pause, min(calmLeast<<min(a.fails-strikes, 10), calmMost))
	}
	if pause > 0 {
		// Half of it or up to the whole, so that not everybody comes back at once; what a venue has named is kept to.
		a.resting = now.Add(pause/2 + time.Duration(w.rand.Int64N(int64(pause/2)+1)))
		if status == http.StatusTooManyRequests {
			a.resting = now.Add(pause)
		}
	}
}

// fetch reads one ticker. Without an error the body is there; pause is how long the venue wants to be left alone.
func fetch(ctx context.Context, client *http.Client, address string) (body []byte, status int, pause time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, 0, 0, errors.New("its address is none")
	}
	req.Header.Set("User-Agent", agent)
	req.Header.Set("Accept", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return nil, 0, 0, fmt.Errorf("no answer: %w", unwrapped(err))
	}
	defer res.Body.Close()
	body, err = io.ReadAll(io.LimitReader(res.Body, most+1))
	switch {
	case res.StatusCode == http.StatusTooManyRequests:
		return nil, res.StatusCode, retryAfter(res.Header.Get("Retry-After")), errors.New("it is asked too much (HTTP 429)")
	case res.StatusCode >= 300 && res.StatusCode < 400:
		return nil, res.StatusCode, 0, fmt.Errorf("it sends elsewhere (HTTP %d)", res.StatusCode)
	case res.StatusCode != http.StatusOK:
		return nil, res.StatusCode, 0, fmt.Errorf("HTTP %d", res.StatusCode)
	case err != nil:
		return nil, res.StatusCode, 0, fmt.Errorf("the answer was cut: %w", unwrapped(err))
	case len(body) > most:
		return nil, res.StatusCode, 0, fmt.Errorf("more than %d bytes", most)
	}
	return body, res.StatusCode, 0, nil
}

// retryAfter is what a venue asks for, within reason.
func retryAfter(header string) time.Duration {
	n, err := strconv.Atoi(header)
	if err != nil || n <= 0 {
		return tooMuch
	}
	return min(max(time.Duration(min(n, 3600))*time.Second, time.Second), tooMuchMost)
}

// unwrapped leaves out the address, which the reader of the board knows.
func unwrapped(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
