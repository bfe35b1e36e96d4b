// Package gateway is bitbank's REST on loopback, for the owner's bots.
//
// A bot keeps its client library, whatever it is written in, and changes a base address and a key. The key is a local one: it
// opens this door and nothing at bitbank. Reads are forwarded, signed anew with the account's key; orders and cancels go to a
// [Desk], which records them, sends them once and says what became of them. Withdrawals are refused.
//
// # Who may come in
//
// A request is for one of our own names, from no web page, and, where bitbank wants a signature, signed with a bot's key, by
// either of bitbank's methods. A signature opens once: bitbank would take a copied request again within its window, here it is
// refused with 20001. Within 50 ms of the first it is no copy but a program that asked twice within a millisecond, and let in;
// but never an order, which is the same one for certain: it is answered with 10005, unknown, whenever it comes again. So two
// equal orders that are both wanted must not be signed in the same millisecond.
//
// What is remembered for that is bounded, and forgotten when the program ends: a request that was signed before the gateway
// began is late (20035). Nonces begin anew, so a bot that can choose uses the time window.
//
// # Reads
//
// A read is bitbank's own answer, byte for byte, and was asked for after the bot asked: equal reads become one as long as it
// has not left, and later ones wait a moment for the one under way. So a bot that has placed an order never gets a list of
// orders from before. What failed without an answer is repeated, within a budget; while bitbank does not answer, a breaker
// answers in its place, and the bots hammer us and not bitbank. bitbank's refusals are answers.
//
// Every answer of ours comes in bitbank's envelope with HTTP 200, because node-bitbankcc hides the code of any other, and says
// in the header Hikeshi-Reason what has happened, in English. Only what bitbank itself says with 404 (an address that does not
// exist) is said so, and what no bot asks: a foreign Host, and the paths under /hikeshi/v1/.
//
// # Our codes
//
//	10000  there is no such address
//	10002  the body is not the JSON that is wanted, or too large
//	10005  no answer came before the bot's time was up: of an order or a cancel, its outcome is unknown
//	10008  bitbank does not answer at present and was not asked; see the breaker
//	10009  one call too many: of the bot, of all bots, or of the account's limit at bitbank
//	2xxxx  as bitbank, about the bot's own key and signature
//	3xxxx, 4xxxx  as bitbank, about the order or the cancel, which was not sent
//	50011  a path that the gateway refuses for good: withdrawals, confirmations of deposits
//	70004  the order was not sent: frozen, outside the bot's scope, or post_only where bitbank would drop the word; or it is
//	       proved not to be placed
package gateway
