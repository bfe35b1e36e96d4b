package transfer

import (
	_ "embed"
	"fmt"
	"net/url"
	"strings"
)

//go:embed explorers.tsv
var explorerTable string

type explorer struct{ name, page string }

var explorers = mustExplorers(explorerTable)

// mustExplorers panics on a broken table: see mustUsual.
func mustExplorers(table string) map[string]explorer {
	out := map[string]explorer{}
	for _, line := range strings.Split(strings.TrimSpace(table), "\n")[1:] {
		f := strings.Split(line, "\t")
		if len(f) != 3 || !strings.HasPrefix(f[2], "https://") || !strings.HasSuffix(f[2], "/") {
			panic(fmt.Sprintf("transfer: explorers.tsv: %q", line))
		}
		out[f[0]] = explorer{f[1], f[2]}
	}
	return out
}

// Explorer is a page of others that shows a transaction, for a person to open; "" when none is known for the network, or the id
// is none that can stand in an address. The pages are well-known ones; bitbank names none (our choice).
func Explorer(network, txid string) (name, page string) {
	e, ok := explorers[network]
	if !ok || !TxIDLike(txid) {
		return "", ""
	}
	return e.name, e.page + url.PathEscape(txid)
}

// TxIDLike reports whether a text can be the id of a transaction: 16 to 128 letters and digits, or signs between them that some
// chains use.
func TxIDLike(s string) bool {
	if len(s) < 16 || len(s) > 128 {
		return false
	}
	return strings.Trim(s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") == ""
}

// sameTx compares two ids. Hexadecimal ones are the same in capitals, and with 0x before them.
func sameTx(a, b string) bool {
	if a == b {
		return a != ""
	}
	a, b = strings.ToLower(a), strings.ToLower(b)
	a, b = strings.TrimPrefix(a, "0x"), strings.TrimPrefix(b, "0x")
	return a != "" && a == b && strings.Trim(a, "0123456789abcdef") == ""
}
