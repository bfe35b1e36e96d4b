package failures

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"hikeshi/internal/journal"
)

// history are the failures of amounts, of two instances and of transfers. Stops, prices and the dead man's switch are not of the
// gateway that there is.
var history = group{name: "Amounts, instances and transfers", ids: "F88 F93 F94 F95", scenarios: []scenario{
	{
		id: "F88", trigger: "Amounts and prices that no binary number holds, from the bot to the exchange and back.",
		play: func(w *world) {
			for _, o := range []order{resting("0.0003"), resting("0.29"), crossing("0.0007"), {Pair: "xrp_jpy", Side: "buy", Type: "limit", Amount: "1234.5678", Price: "300.123"}} {
				w.must(o)
				w.pass(5 * time.Second)
			}
			w.pass(30 * time.Second)
		},
		wrong: booksAgree,
		naive: []naive{{"counts in whole units of a float", surplus, func(w *world) bot { return floats{newHand(w, waitsForTheAnswer)} }}},
	},
	{
		id: "F93", trigger: "A second instance is started on the same folder, and the bot sends its order to both to be sure.",
		later: "two machines with one key: a lock is one machine's",
		play: func(w *world) {
			second := w.second()
			o := resting("0.001")
			w.want(o)
			if second != nil {
				second.place(w.t.Context(), o)
			}
			w.pass(10 * time.Second)
		},
		naive: []naive{{"knows nothing of the other", doubled, direct(anErrorIsAFailure)}},
	},
	{
		id: "F94", trigger: "A withdrawal is asked for by a program, and its answer is lost.",
		play: func(w *world) {
			w.fault(`{"host":"private","match":{"path":"/v1/user/request_withdrawal"},"effect":"drop_response","count":1,"delay_ms":10}`)
			body := w.withdrawal("0.1")
			for range 3 { // until somebody says yes or no
				if _, b, err := w.ask(w.bot, http.MethodPost, "/v1/user/request_withdrawal", body); err == nil && envelope(0, b).state != isUnknown {
					break
				}
				w.pass(5 * time.Second)
			}
			if n := len(w.withdrawals()); n > 0 {
				w.find(surplus, fmt.Sprintf("%d withdrawals by a program", n))
			}
		},
		naive: []naive{{"asks again for what was not answered", surplus, direct(anErrorIsAFailure)}},
	},
	{
		id: "F95", trigger: "The owner withdraws by hand, and it is to be verified until it is done.",
		play: func(w *world) {
			body := w.withdrawal("0.1")
			req, rec := httptest.NewRequest(http.MethodPost, "/v1/user/request_withdrawal", strings.NewReader(body)), httptest.NewRecorder()
			sign(req, simKey, simSecret, body, time.Now(), 5000)
			w.sim.Handler("private").ServeHTTP(rec, req)
			for range 6 {
				w.pass(6 * time.Minute)
				knows := w.bot.(verifier).transfers(w.t.Context())
				for uuid, is := range w.withdrawals() {
					if knows[uuid] != is {
						w.find(unknown, fmt.Sprintf("withdrawal %.8s is %s, and the client says %q", uuid, is, knows[uuid]))
					}
				}
			}
			if len(w.withdrawals()) != 1 {
				w.t.Errorf("the owner's withdrawal: %s", rec.Body)
			}
		},
		naive: []naive{{"takes the transaction's id for the withdrawal's", unknown, func(w *world) bot { return byTxID{newHand(w, waitsForTheAnswer)} }}},
	},
}}

// ask sends a request through a client.
func (w *world) ask(b bot, method, path, body string) (int, []byte, error) {
	switch b := b.(type) {
	case *ours:
		answer, _, err := b.talk(w.t.Context(), method, path, body)
		return http.StatusOK, answer, err
	case *library:
		return b.send(w.t.Context(), method, path, body)
	case *onlooker:
		return b.send(w.t.Context(), method, path, body)
	}
	panic(fmt.Sprintf("%T asks nothing", b))
}

// withdrawal is the body of a request for one.
func (w *world) withdrawal(amount string) string {
	w.t.Helper()
	req, rec := httptest.NewRequest(http.MethodGet, "/v1/user/withdrawal_account?asset=btc", nil), httptest.NewRecorder()
	sign(req, simKey, simSecret, "/v1/user/withdrawal_account?asset=btc", time.Now(), 5000)
	w.sim.Handler("private").ServeHTTP(rec, req)
	var a struct {
		Data struct {
			Accounts []struct{ UUID string }
		}
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &a); err != nil || len(a.Data.Accounts) == 0 {
		w.t.Fatalf("no account to withdraw to: %s", rec.Body)
	}
	return fmt.Sprintf(`{"asset":"btc","uuid":%q,"amount":%q}`, a.Data.Accounts[0].UUID, amount)
}

// withdrawals are those that the exchange has taken, by uuid, with their statuses.
func (w *world) withdrawals() map[string]string {
	w.t.Helper()
	var x struct {
		Transfers []struct{ Method, UUID, Status string }
	}
	if err := json.Unmarshal([]byte(w.control("GET", "/truth", "")), &x); err != nil {
		w.t.Fatal(err)
	}
	all := map[string]string{}
	for _, t := range x.Transfers {
		if t.Method == "withdrawal" {
			all[t.UUID] = t.Status
		}
	}
	return all
}

// A verifier can say how withdrawals stand, by uuid.
type verifier interface {
	transfers(ctx context.Context) map[string]string
}

// transfers implements verifier: what the page about transfers shows.
func (o *ours) transfers(context.Context) map[string]string {
	all := map[string]string{}
	for _, t := range o.now().account.View().Transfers {
		if t.Withdrawal != nil {
			all[t.Withdrawal.UUID] = string(t.Withdrawal.Status)
		}
	}
	return all
}

// A byTxID knows a withdrawal by the id of its transaction, which there is late or never.
type byTxID struct{ *hand }

func (b byTxID) transfers(ctx context.Context) map[string]string {
	all := map[string]string{}
	_, body, err := b.send(ctx, http.MethodGet, "/v1/user/withdrawal_history?asset=btc", "")
	var a struct {
		Data struct {
			Withdrawals []struct{ TxID, Status string }
		}
	}
	if err == nil && json.Unmarshal(body, &a) == nil {
		for _, x := range a.Data.Withdrawals {
			all[x.TxID] = x.Status
		}
	}
	return all
}

// A floats counts amounts in ten-thousandths, as a float says.
type floats struct{ *hand }

func (f floats) place(ctx context.Context, o order) belief {
	if n, err := strconv.ParseFloat(o.Amount, 64); err == nil {
		o.Amount = fmt.Sprintf("%.4f", float64(int(n*10_000))/10_000)
	}
	return f.hand.place(ctx, o)
}

// second starts the client once more on the same machine; nil: it refuses to start.
func (w *world) second() bot {
	w.t.Helper()
	if _, ok := w.bot.(*ours); !ok {
		return direct(anErrorIsAFailure)(w)
	}
	path := filepath.Join(w.t.TempDir(), "journal.db")
	first, err := journal.Open(w.t.Context(), path, journal.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	defer first.Close()
	other, err := journal.Open(w.t.Context(), path, journal.Options{})
	switch {
	case errors.Is(err, journal.ErrLocked):
		return nil
	case err != nil:
		w.t.Fatal(err)
	}
	other.Close()
	return behindGateway(w)
}
