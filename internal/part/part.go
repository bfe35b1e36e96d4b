// Package part names the functions of bitbank that can fail apart from each other.
//
// The codes are the ones that notices are labelled with, so that what bitbank says and what we measure meet in
// one vocabulary. They appear in the journal, in `check --json` and in the HTTP API, and never change meaning.
package part

// A Code names one function of bitbank.
type Code string

// The codes. "API" in a notice means PublicAPI and PrivateAPI together.
const (
	All              Code = "all"
	Web              Code = "web"
	App              Code = "app"
	AppIOS           Code = "app_ios"
	AppAndroid       Code = "app_android"
	Login            Code = "login"
	TwoFactor        Code = "two_factor"
	Trading          Code = "trading" // spot orders and matching
	OrderCancel      Code = "order_cancel"
	MarketOrder      Code = "market_order"
	StopOrder        Code = "stop_order"
	Margin           Code = "margin"
	OTC              Code = "otc"
	Lending          Code = "lending"
	PublicAPI        Code = "public_api"
	PrivateAPI       Code = "private_api"
	PublicStream     Code = "public_stream"
	PrivateStream    Code = "private_stream"
	MarketData       Code = "market_data" // book and charts, wherever shown
	BalanceView      Code = "balance_view"
	HistoryView      Code = "history_view"
	CryptoDeposit    Code = "crypto_deposit"
	CryptoWithdrawal Code = "crypto_withdrawal"
	JPYDeposit       Code = "jpy_deposit"
	JPYWithdrawal    Code = "jpy_withdrawal"
	KYC              Code = "kyc"
	Support          Code = "support"
	Notification     Code = "notification" // bitbank's own word: blog, news, status page, mail, push
)

// Codes lists every code in the order in which pages show them.
func Codes() []Code {
	return []Code{
		All, Web, App, AppIOS, AppAndroid, Login, TwoFactor, Trading, OrderCancel, MarketOrder, StopOrder, Margin, OTC,
		Lending, PublicAPI, PrivateAPI, PublicStream, PrivateStream, MarketData, BalanceView, HistoryView, CryptoDeposit,
		CryptoWithdrawal, JPYDeposit, JPYWithdrawal, KYC, Support, Notification,
	}
}

// Known reports whether c is one of [Codes].
func Known(c Code) bool {
	for _, k := range Codes() {
		if k == c {
			return true
		}
	}
	return false
}
