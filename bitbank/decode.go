package bitbank

// The decoders read the body of an answer that the caller fetched. They look at the envelope first, so a refusal is
// an *Error here too; a caller that has the HTTP status asks Check before, which knows more.

// DecodeTicker reads an answer of /{pair}/ticker.
func DecodeTicker(body []byte) (Ticker, error) { return decode[Ticker]("Ticker", 200, "", body) }

// DecodeTickers reads an answer of /tickers or /tickers_jpy.
func DecodeTickers(body []byte) ([]Ticker, error) { return decode[tickers]("Tickers", 200, "", body) }

// DecodeDepth reads an answer of /{pair}/depth.
func DecodeDepth(body []byte) (Depth, error) { return decode[Depth]("Depth", 200, "", body) }

// DecodeTransactions reads an answer of /{pair}/transactions.
func DecodeTransactions(body []byte) ([]Transaction, error) {
	t, err := decode[transactions]("Transactions", 200, "", body)
	return t.Transactions, err
}

// DecodeCandlestick reads an answer of /{pair}/candlestick.
func DecodeCandlestick(body []byte) (Candlestick, error) {
	k, err := decode[candlestick]("Candlestick", 200, "", body)
	return k.first(), err
}

// DecodeCircuitBreakInfo reads an answer of /{pair}/circuit_break_info.
func DecodeCircuitBreakInfo(body []byte) (CircuitBreakInfo, error) {
	return decode[CircuitBreakInfo]("CircuitBreakInfo", 200, "", body)
}

// DecodeSpotStatus reads an answer of /v1/spot/status.
func DecodeSpotStatus(body []byte) ([]PairStatus, error) {
	s, err := decode[statuses]("SpotStatus", 200, "", body)
	return s.Statuses, err
}

// DecodeSpotPairs reads an answer of /v1/spot/pairs.
func DecodeSpotPairs(body []byte) ([]Pair, error) {
	p, err := decode[pairs]("SpotPairs", 200, "", body)
	return p.Pairs, err
}

// DecodeAssets reads an answer of /v1/user/assets. Its errors quote nothing of the account.
func DecodeAssets(body []byte) ([]Asset, error) {
	a, err := decode[assets]("Assets", 200, "", body)
	return a.Assets, quiet(err)
}
