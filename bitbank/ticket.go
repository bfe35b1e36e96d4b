package bitbank

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A Ticket opens the account's private stream for 12 hours (bitbank's documents, "Private stream"). Who has it reads
// every order and balance, so no print verb shows it.
type Ticket struct {
	secret *ticket // a pointer: fmt does not look behind it
}

type ticket struct {
	Channel string `json:"pubnub_channel"`
	Token   string `json:"pubnub_token"`
}

// NewTicket is a ticket that came another way than Client.Subscribe.
func NewTicket(channel, token string) Ticket { return Ticket{&ticket{channel, token}} }

// Channel is what to listen to; every ticket of an account names the same.
func (t Ticket) Channel() string {
	if t.secret == nil {
		return ""
	}
	return t.secret.Channel
}

// Token is what to show for it.
func (t Ticket) Token() string {
	if t.secret == nil {
		return ""
	}
	return t.secret.Token
}

// UnmarshalJSON reads bitbank's answer.
func (t *Ticket) UnmarshalJSON(b []byte) error {
	t.secret = new(ticket)
	return json.Unmarshal(b, t.secret)
}

func (t *Ticket) check() error {
	if t.Channel() == "" || t.Token() == "" {
		return errors.New("a ticket without pubnub_channel or pubnub_token")
	}
	return nil
}

// Format keeps every print verb from the ticket.
func (t Ticket) Format(f fmt.State, _ rune) { io.WriteString(f, "[redacted ticket]") }

// MarshalText keeps it out of JSON and logs.
func (t Ticket) MarshalText() ([]byte, error) { return []byte("[redacted ticket]"), nil }
