// Command tour sends a list of orders and cancels through this project's own client library and says what became of each.
// The interoperability tests send the same list through the clients of others and compare what the exchange then holds.
//
// It reads one JSON object from standard input, the accounts' keys and the steps, and writes a JSON array to standard output:
// for each step "done", bitbank's code, "open" when the outcome is not known, or "nothing" when there was no order to cancel.
//
//	tour -public http://127.0.0.1:8100 -private http://127.0.0.1:8101 <steps.json
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"hikeshi/bitbank"
)

// A task is what is to be done.
type task struct {
	Accounts map[string]struct {
		Key    string `json:"key"`
		Secret string `json:"secret"`
	} `json:"accounts"`
	Steps []step `json:"steps"`
}

// A step is one request.
type step struct {
	As    string `json:"as"` // which account
	Do    string `json:"do"` // place, cancel, cancel_many
	Of    []int  `json:"of"` // the steps whose orders are cancelled
	Pair  string `json:"pair"`
	Order order  `json:"order"`
}

// An order has the keys of bitbank's request.
type order struct {
	Side         bitbank.Side         `json:"side"`
	Type         bitbank.OrderType    `json:"type"`
	PositionSide bitbank.PositionSide `json:"position_side"`
	Amount       bitbank.Number       `json:"amount"`
	Price        bitbank.Number       `json:"price"`
	TriggerPrice bitbank.Number       `json:"trigger_price"`
	PostOnly     bool                 `json:"post_only"`
}

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "tour:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("tour", flag.ContinueOnError)
	public, private := flags.String("public", "", "address of market data"), flags.String("private", "", "address of the account's interface")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var t task
	if err := json.NewDecoder(in).Decode(&t); err != nil {
		return fmt.Errorf("read the steps: %w", err)
	}
	clients := map[string]*bitbank.Client{}
	for name, key := range t.Accounts {
		c, err := client(*public, *private, key.Key, key.Secret)
		if err != nil {
			return err
		}
		clients[name] = c
	}
	outcomes, ids := make([]string, len(t.Steps)), make([]bitbank.OrderID, len(t.Steps))
	for i, s := range t.Steps {
		c := clients[s.As]
		if c == nil {
			return fmt.Errorf("step %d: there is no account %q", i, s.As)
		}
		var err error
		if outcomes[i], ids[i], err = do(ctx, c, s, ids); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
	}
	return json.NewEncoder(out).Encode(outcomes)
}

// client sends as fast as it is told: the simulator's limits are raised.
func client(public, private, key, secret string) (*bitbank.Client, error) {
	limiter, err := bitbank.NewLimiter(bitbank.LimiterOptions{Query: 100_000, Update: 100_000})
	if err != nil {
		return nil, err
	}
	credentials, err := bitbank.NewCredentials(key, secret, private, bitbank.Auth{})
	if err != nil {
		return nil, err
	}
	return bitbank.New(bitbank.Options{PublicURL: public, PrivateURL: private, Credentials: credentials, Limiter: limiter})
}

// do takes one step. Ids are those of the orders that earlier steps placed, 0 for none.
func do(ctx context.Context, c *bitbank.Client, s step, ids []bitbank.OrderID) (string, bitbank.OrderID, error) {
	if s.Do == "place" {
		o := s.Order
		got := c.PlaceOrder(ctx, bitbank.NewOrder{
			Pair: s.Pair, Side: o.Side, Type: o.Type, PositionSide: o.PositionSide, Amount: o.Amount, Price: o.Price, TriggerPrice: o.TriggerPrice, PostOnly: o.PostOnly,
		})
		placed, _ := got.Done()
		word, err := wordFor(got)
		return word, placed.ID, err
	}
	var of []bitbank.OrderID
	for _, n := range s.Of {
		if n < 0 || n >= len(ids) {
			return "", 0, fmt.Errorf("there is no step %d", n)
		}
		if ids[n] != 0 {
			of = append(of, ids[n])
		}
	}
	if len(of) == 0 {
		return "nothing", 0, nil
	}
	var word string
	var err error
	switch s.Do {
	case "cancel":
		word, err = wordFor(c.CancelOrder(ctx, s.Pair, of[0]))
	case "cancel_many":
		word, err = wordFor(c.CancelOrders(ctx, s.Pair, of...))
	default:
		err = fmt.Errorf("%q is none of place, cancel, cancel_many", s.Do)
	}
	return word, 0, err
}

// wordFor is an outcome in one word. One that never left is a mistake in the steps.
func wordFor[T any](o bitbank.Outcome[T]) (string, error) {
	if refusal, ok := o.Refused(); ok {
		if refusal.NeverSent() {
			return "", refusal
		}
		return fmt.Sprint(int(refusal.Code)), nil
	}
	if lost, ok := o.Lost(); ok {
		// An answer that lists no order settles nothing; anything else must not happen on loopback.
		if _, odd := errors.AsType[*bitbank.BodyError](lost); !odd {
			return "", lost
		}
		return "open", nil
	}
	return "done", nil
}
