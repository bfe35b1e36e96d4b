package bitbank

import (
	"fmt"
	"strings"
)

// A Channel is a kind of data that the public stream carries.
type Channel string

// The channels. Depth of btc_jpy moves all the time; the others are silent while nobody trades.
const (
	ChannelTicker           Channel = "ticker"
	ChannelTransactions     Channel = "transactions"
	ChannelDepthDiff        Channel = "depth_diff"
	ChannelDepthWhole       Channel = "depth_whole"
	ChannelCircuitBreakInfo Channel = "circuit_break_info"
)

// Channels lists them all.
func Channels() []Channel {
	return []Channel{ChannelTicker, ChannelTransactions, ChannelDepthDiff, ChannelDepthWhole, ChannelCircuitBreakInfo}
}

// Room is the name under which the stream carries a channel of a pair, such as ticker_btc_jpy.
func Room(c Channel, pair string) string { return string(c) + "_" + pair }

// SplitRoom takes a room's name apart; "" and "" when it is none that the documents name. Whether bitbank has the pair is another
// question.
func SplitRoom(room string) (Channel, string) {
	for _, c := range Channels() {
		if pair, ok := strings.CutPrefix(room, string(c)); ok && strings.HasPrefix(pair, "_") && isPair(pair[1:]) {
			return c, pair[1:]
		}
	}
	return "", ""
}

// isPair reports whether s is how the wire writes a pair: two words of small letters and digits. Anything else is not
// found, or worse, another path.
func isPair(s string) bool {
	base, quote, ok := strings.Cut(s, "_")
	return ok && base != "" && quote != "" && !strings.ContainsRune(quote, '_') && !strings.ContainsFunc(s, notPlain)
}

// checkRoom refuses what is no room: bitbank answers a misspelt one with silence, which nobody could tell from an
// outage.
func checkRoom(room string) error {
	if c, _ := SplitRoom(room); c == "" {
		return fmt.Errorf("%.60q is not a room such as ticker_btc_jpy", room)
	}
	return nil
}
