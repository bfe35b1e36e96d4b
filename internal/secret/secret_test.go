package secret_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hikeshi/internal/secret"
)

const hidden = "c0ffee-0123456789"

type holder struct {
	Public  secret.Value
	private secret.Value
	list    []secret.Value
	by      map[string]secret.Value
	pointer *secret.Value
}

func TestNoVerbOpensIt(t *testing.T) {
	v := secret.New(hidden)
	things := []any{v, &v, holder{v, v, []secret.Value{v}, map[string]secret.Value{"k": v}, &v}, &holder{private: v}, []any{v}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%t", "%p", "%o", "%b", "%c", "%U", "%e", "%T", "%w", "%!", "% x", "%#x"} {
		for _, thing := range things {
			if got := fmt.Sprintf(verb, thing); leaks(got) {
				t.Errorf("%s opens %T: %s", verb, thing, got)
			}
		}
	}
}

func TestNoEncoderOpensIt(t *testing.T) {
	v := secret.New(hidden)
	b, err := json.Marshal(holder{Public: v})
	if err != nil || leaks(string(b)) {
		t.Errorf("JSON: %s, %v", b, err)
	}
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("key", "v", v, "h", holder{private: v})
	slog.New(slog.NewJSONHandler(&out, nil)).Info("key", "v", v, "h", holder{private: v})
	if leaks(out.String()) {
		t.Errorf("log: %s", out.String())
	}
}

// leaks looks for the text and for its hexadecimal forms.
func leaks(s string) bool {
	s = strings.ToLower(s)
	return strings.Contains(s, hidden[:6]) || strings.Contains(strings.ReplaceAll(s, " ", ""), fmt.Sprintf("%x", hidden[:6]))
}

func TestItIsReadWithoutTheSpaceAroundIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("  "+hidden+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	v, err := secret.Read(path)
	if err != nil || v.Reveal() != hidden || v.IsZero() {
		t.Errorf("got %q, %v", v.Reveal(), err)
	}
	if err := os.WriteFile(path, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.Read(path); !errors.Is(err, secret.ErrEmpty) {
		t.Errorf("an empty file: %v", err)
	}
	var none secret.Value
	if !none.IsZero() || none.Reveal() != "" {
		t.Error("the zero value is not empty")
	}
}
