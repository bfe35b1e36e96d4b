package bitbank

import (
	_ "embed"
	"sort"
	"strconv"
	"strings"
)

// A Code is bitbank's five-digit error code.
type Code int

// Classes of codes, by what a caller does about them. They are our reading; bitbank publishes only a number and a
// sentence.
const (
	ClassTransient      = "transient"
	ClassRateLimited    = "rate_limited"
	ClassMaintenance    = "maintenance"
	ClassBusy           = "busy/halt"
	ClassAuth           = "auth"
	ClassPermission     = "permission"
	ClassValidation     = "validation"
	ClassFunds          = "insufficient_funds"
	ClassOrderState     = "order_state"
	ClassMargin         = "margin"
	ClassTransfer       = "deposit_withdrawal"
	ClassUnknownOutcome = "unknown_outcome"
	ClassPermanent      = "permanent"
)

// adviceJa is what each class asks for.
var adviceJa = map[string]string{
	ClassTransient:      "間隔を少しずつ広げて照会し直してください。注文や取消は、受け付けられていないことを確かめてから送ってください。",
	ClassRateLimited:    "少なくとも次の秒まで待ち、送る回数を減らしてください。キーを増やしても上限は変わりません。",
	ClassMaintenance:    "注文を止め、数十秒おきに状態だけを確かめてください。再開の後は、注文と約定を確かめてから動いてください。",
	ClassBusy:           "すぐに送り直さず、ペアの状態と停止の印を確かめてください。取消もできないことがあります。",
	ClassAuth:           "キー、署名、時計、送る順番を確かめてください。同じものを繰り返し送らないでください。",
	ClassPermission:     "自動の取引を止め、口座とキーの状態を確かめてください。必要ならサポートへ連絡してください。",
	ClassValidation:     "送った内容を直してください。そのまま送り直しても同じ答えです。",
	ClassFunds:          "残高と、注文に使われている分を確かめてください。結果の不明な注文があれば、それが残高を使っているかもしれません。",
	ClassOrderState:     "注文の今の状態と約定を読み直してください。同じ操作を重ねて送らないでください。",
	ClassMargin:         "建玉、証拠金、信用取引の停止の印を確かめてください。",
	ClassTransfer:       "入出金の状態とお知らせを、人が画面で確かめてください。自動で送り直さないでください。",
	ClassUnknownOutcome: "照会なら、間をおいてやり直せます。注文や取消は送り直さず、注文一覧と約定でどうなったかを確かめてください。",
	ClassPermanent:      "送り先と内容を確かめてください。そのまま送り直しても同じ答えです。",
}

// CodeInfo is what is known of a code.
type CodeInfo struct {
	Code   Code   `json:"code"`
	Status string `json:"http_status,omitempty"` // seen HTTP statuses, ";" between several; "" when none was recorded
	Group  string `json:"group"`
	En     string `json:"meaning_en"`
	Ja     string `json:"meaning_ja"`
	Class  string `json:"class"`
	Advice string `json:"advice"` // English, for developers
	// AdviceJa is what the class of the code asks for, in Japanese.
	AdviceJa string `json:"advice_ja"`
	// Scope is who is concerned: request, account, pair, exchange, unknown.
	Scope string `json:"scope"`
	// Write is what the code says of a write that got it: not_applied, presumed_not_applied, unknown. It is for
	// people; what a program may conclude is in Order and Cancel.
	Write string `json:"write_effect"`
	// Order is what may be concluded when a new order, a confirmation of deposits or a request for withdrawal gets
	// the code, Cancel when a cancel gets it.
	Order  Conclusion `json:"order"`
	Cancel Conclusion `json:"cancel"`
}

// A Conclusion is what a code proves about the write that got it. The zero Conclusion proves nothing.
type Conclusion string

// The conclusions. Refused needs a sentence of the documents that bitbank refuses before it acts; where there is
// none, or none that is certain, the outcome is Open.
const (
	RefusedAtDoor  Conclusion = "door"  // the request was not let in: form, authentication, rate
	RefusedByRules Conclusion = "rules" // the account, the pair or the market does not allow it
	Open           Conclusion = "open"  // it may have happened
)

// NotApplied reports whether the write is proved not to have happened.
func (c Conclusion) NotApplied() bool { return c == RefusedAtDoor || c == RefusedByRules }

// write is the conclusion for a write to path.
func (i CodeInfo) write(path string) Conclusion {
	if path == pathCancel || path == pathCancels {
		return i.Cancel
	}
	return i.Order
}

// codes.tsv holds every code of both language versions of bitbank's error list (2025-07-14) and two that later
// changes of the documents name (50088, 60020). Data, because bitbank corrects it now and then.
//
//go:embed codes.tsv
var codesTSV string

var codes = readCodes(codesTSV)

func readCodes(tsv string) map[Code]CodeInfo {
	all := map[Code]CodeInfo{}
	for i, line := range strings.Split(strings.TrimSpace(tsv), "\n") {
		f := strings.Split(line, "\t")
		if i == 0 {
			continue
		}
		n, err := strconv.Atoi(f[0])
		if err != nil || len(f) != 11 {
			panic("bitbank: codes.tsv, line " + strconv.Itoa(i+1) + ": not eleven columns with a code first")
		}
		ja, ok := adviceJa[f[5]]
		if !ok {
			panic("bitbank: codes.tsv, line " + strconv.Itoa(i+1) + ": no such class: " + f[5])
		}
		all[Code(n)] = CodeInfo{
			Code: Code(n), Status: f[1], Group: f[2], En: f[3], Ja: f[4], Class: f[5],
			Advice: f[6], AdviceJa: ja, Scope: f[7], Write: f[8],
			Order: Conclusion(f[9]), Cancel: Conclusion(f[10]),
		}
	}
	return all
}

// Lookup says what is known of c. For a code that is not in the list, known is false and the answer is the safe one:
// the outcome of a write is unknown, and nothing is repeated.
func Lookup(c Code) (info CodeInfo, known bool) {
	if info, known = codes[c]; known {
		return info, true
	}
	return CodeInfo{
		Code: c, Group: "UNKNOWN", En: "Not in the list of known codes", Ja: "知られていない番号です",
		Class: ClassUnknownOutcome, Scope: "unknown", Write: "unknown", Order: Open, Cancel: Open,
		Advice:   "Treat a write as unknown and look the order up; do not repeat it.",
		AdviceJa: adviceJa[ClassUnknownOutcome],
	}, false
}

// Codes lists every known code in ascending order.
func Codes() []CodeInfo {
	out := make([]CodeInfo, 0, len(codes))
	for _, c := range codes {
		out = append(out, c)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Code < out[j].Code })
	return out
}
