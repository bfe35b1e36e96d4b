package config_test

import (
	"fmt"
	"slices"
	"testing"

	"hikeshi/internal/config"
)

func TestAGatewayIsOpenedOnlyAsItShould(t *testing.T) {
	key := write(t, "secret", "s3cret\n", 0o600)
	open := write(t, "open", "s3cret\n", 0o644)
	account := fmt.Sprintf("key: {id_file: %s, secret_file: %s}\n", key, key)
	for _, c := range []struct {
		name, content string
		wrong         []string // fields
	}{
		{"closed", "gateway: {answer_ms: 500}\n", nil},
		{"open", account + fmt.Sprintf(`gateway:
  listen: 127.0.0.1:8450
  bots: [{name: grid, id_file: %s, secret_file: %s, types: [limit], largest: {btc_jpy: "0.1"}, post_only_guard: known}, {name: reader, id_file: %s, secret_file: %s}]
`, key, key, key, key), nil},
		{"to others", account + "gateway: {listen: 0.0.0.0:8450}\n", []string{"gateway.listen"}},
		{"on the dashboard's port", account + "gateway: {listen: 127.0.0.1:8460}\n", []string{"gateway.listen"}},
		{"without a key", "gateway: {listen: 127.0.0.1:8450}\n", []string{"gateway.listen"}},
		{"too patient", "gateway: {answer_ms: 61000}\n", []string{"gateway.answer_ms"}},
		{"a bot without limits", fmt.Sprintf("gateway: {bots: [{name: grid, id_file: %s, secret_file: %s, types: [limit]}]}\n", key, key), []string{"gateway.bots.0.largest"}},
		{"everything about a bot", fmt.Sprintf(`gateway:
  bots:
    - {name: grid, id_file: %s, secret_file: %s, types: [loscut], largest: {btc_jpy: "-1"}, answer_ms: 1}
    - {name: grid, id_file: %s, secret_file: /nowhere}
`, key, key, open), []string{
			"gateway.bots.0.answer_ms", "gateway.bots.0.largest.btc_jpy", "gateway.bots.0.types.0",
			"gateway.bots.1.id_file", "gateway.bots.1.name", "gateway.bots.1.secret_file",
		}},
		{"a guard that is none", fmt.Sprintf("gateway: {bots: [{name: grid, id_file: %s, secret_file: %s, post_only_guard: never}]}\n", key, key),
			[]string{"gateway.bots.0.post_only_guard"}},
		{"the switch of a bot", fmt.Sprintf("gateway: {bots: [{name: grid, id_file: %s, secret_file: %s, alive: never, lapse: nothing}]}\n", key, key),
			[]string{"gateway.bots.0.alive", "gateway.bots.0.lapse"}},
		{"the switches", "switch: {maintenance: stop, early_s: 3601}\n",
			[]string{"switch.early_s", "switch.maintenance"}},
		{"switches that are right", "switch: {maintenance: cancel, early_s: 0}\n", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := load(t, c.content)
			var got []string
			if ms, ok := err.(config.Mistakes); ok {
				for _, m := range ms {
					got = append(got, m.Field)
				}
			} else if err != nil {
				t.Fatal(err)
			}
			slices.Sort(got)
			if !slices.Equal(got, c.wrong) {
				t.Errorf("wrong are %q, want %q: %v", got, c.wrong, err)
			}
		})
	}
}
