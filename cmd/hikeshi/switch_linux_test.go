package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hikeshi/bitbank"
)

// signs asks the gateway as the simulator's bot, and decodes the answer.
func (w *practice) signs(t *testing.T, method, path, body string, into any) int {
	t.Helper()
	req, err := http.NewRequest(method, w.gateway()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	signed := path
	if method == http.MethodPost {
		signed = body
	}
	at := strconv.FormatInt(time.Now().UnixMilli(), 10)
	req.Header.Set("ACCESS-KEY", "bot-key")
	req.Header.Set("ACCESS-REQUEST-TIME", at)
	req.Header.Set("ACCESS-TIME-WINDOW", "5000")
	req.Header.Set("ACCESS-SIGNATURE", bitbank.Signature("bot-secret", at+"5000"+signed))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || json.Unmarshal(b, into) != nil {
		t.Fatalf("%s %s: %v in %s", method, path, err, b)
	}
	return res.StatusCode
}

// A switchState is what the gateway says of a bot's switch.
type switchState struct {
	State   string
	Epoch   int64
	AnewWhy string `json:"anew_why"`
}

func (w *practice) switchState(t *testing.T) switchState {
	t.Helper()
	var s struct{ Switch switchState }
	w.signs(t, http.MethodGet, "/hikeshi/v1/state", "", &s)
	return s.Switch
}

// rests counts the orders of the bot that are on the book.
func (w *practice) rests(t *testing.T) (n int) {
	t.Helper()
	var truth struct{ Orders []struct{ Status string } }
	w.control(t, "GET", "/truth", nil, &truth)
	for _, o := range truth.Orders {
		if !bitbank.OrderStatus(o.Status).Terminal() {
			n++
		}
	}
	return n
}

// The daemon is stopped and goes on, as in a container that is frozen; a second one is started beside it; it is killed and
// starts again. None of it fires the switch of a bot that is alive; the bot's own silence does.
func TestTheSwitchFiresForTheBotAndNotForUs(t *testing.T) {
	w := practise(t)
	w.watch(t)
	var placed struct{ Success int }
	for end := time.Now().Add(30 * time.Second); placed.Success == 0 && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		w.signs(t, http.MethodPost, "/v1/user/spot/order", `{"pair":"btc_jpy","amount":"0.001","price":"9000000","side":"buy","type":"limit"}`, &placed)
	}
	if w.rests(t) != 1 {
		t.Fatal("the order was not placed")
	}
	const ttl = 2500 * time.Millisecond
	beat := func(ttl time.Duration) {
		t.Helper()
		var s switchState
		body := fmt.Sprintf(`{"epoch":1,"ttl_ms":%d}`, ttl.Milliseconds())
		if code := w.signs(t, http.MethodPost, "/hikeshi/v1/heartbeat", body, &s); code != http.StatusOK || s.State != "armed" {
			t.Fatalf("a heartbeat: HTTP %d, %+v", code, s)
		}
	}
	alive := func(what, anew string) {
		t.Helper()
		time.Sleep(200 * time.Millisecond)
		if s := w.switchState(t); s.State != "suspect" || s.AnewWhy != anew || w.rests(t) != 1 {
			t.Fatalf("%s: %+v, %d rest", what, s, w.rests(t))
		}
	}
	beat(ttl)
	w.watcher.cmd.Process.Signal(syscall.SIGSTOP)
	time.Sleep(2 * ttl)
	w.watcher.cmd.Process.Signal(syscall.SIGCONT)
	alive("after it was stopped", "late")
	const longer = 6 * time.Second // a start may take its time
	beat(longer)

	second := start(t, w.dir, "run", "--config", w.config)
	select {
	case err := <-second.over:
		second.over <- err
		if err == nil || !strings.Contains(second.stderr.String(), "hikeshi") {
			t.Errorf("the second one ended with %v: %s", err, second.stderr.String())
		}
	case <-time.After(longer):
		t.Error("a second one runs on the same folder")
	}
	beat(longer)

	w.watcher.cmd.Process.Signal(syscall.SIGKILL)
	w.watcher.over <- <-w.watcher.over
	w.watch(t)
	alive("after it was killed", "restart")

	for end := time.Now().Add(10 * longer); w.switchState(t).State != "safe"; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the bot has been silent for %v: %+v", 10*longer, w.switchState(t))
		}
	}
	if n := w.rests(t); n != 0 {
		t.Errorf("it is safe, and %d rest", n)
	}
	w.watcher.stop(t)
}
