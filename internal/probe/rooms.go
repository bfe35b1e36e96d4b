package probe

import (
	"slices"
	"strings"

	"hikeshi/bitbank"
)

// The channels that are followed for the owner's pairs. Circuit-break modes are followed for all pairs.
var marketChannels = []bitbank.Channel{
	bitbank.ChannelTicker, bitbank.ChannelDepthDiff, bitbank.ChannelDepthWhole, bitbank.ChannelTransactions,
}

var streamTargets = map[bitbank.Channel]Target{
	bitbank.ChannelTicker: StreamTicker, bitbank.ChannelDepthDiff: StreamDiff, bitbank.ChannelDepthWhole: StreamWhole,
	bitbank.ChannelTransactions: StreamTrades, bitbank.ChannelCircuitBreakInfo: StreamCircuit,
}

// canary is the pair whose book moves all the time (public-stream documents, and every recording): without it a watch
// of quiet pairs alone could not tell a silent stream from a silent night.
const canary = "btc_jpy"

// listed are the pairs of bitbank's API documents (pairs.md, 2025), for the time until /spot/pairs has answered.
const listed = `btc_jpy xrp_jpy xrp_btc ltc_jpy ltc_btc eth_jpy eth_btc mona_jpy mona_btc bcc_jpy bcc_btc xlm_jpy xlm_btc
qtum_jpy qtum_btc bat_jpy bat_btc omg_jpy omg_btc xym_jpy xym_btc link_jpy link_btc boba_jpy boba_btc enj_jpy enj_btc
dot_jpy doge_jpy astr_jpy ada_jpy avax_jpy axs_jpy flr_jpy sand_jpy gala_jpy ape_jpy chz_jpy oas_jpy mana_jpy grt_jpy
bnb_jpy dai_jpy op_jpy arb_jpy klay_jpy imx_jpy mask_jpy pol_jpy sol_jpy cyber_jpy render_jpy trx_jpy lpt_jpy atom_jpy
sui_jpy sky_jpy`

// marketRooms are asked for at once with every connection.
func marketRooms(pairs []string) []string {
	var rooms []string
	for _, p := range pairs {
		for _, c := range marketChannels {
			rooms = append(rooms, bitbank.Room(c, p))
		}
		rooms = append(rooms, bitbank.Room(bitbank.ChannelCircuitBreakInfo, p))
	}
	if r := bitbank.Room(bitbank.ChannelDepthDiff, canary); !slices.Contains(rooms, r) {
		rooms = append(rooms, r)
	}
	return rooms
}

// circuitRooms are asked for a few at a time, after the others.
func circuitRooms(owner, all []string) []string {
	if len(all) == 0 {
		all = strings.Fields(listed)
	}
	var rooms []string
	for _, p := range all {
		if !slices.Contains(owner, p) {
			rooms = append(rooms, bitbank.Room(bitbank.ChannelCircuitBreakInfo, p))
		}
	}
	return rooms
}
