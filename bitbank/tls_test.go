package bitbank_test

import (
	"net/http/httptest"
	"testing"

	"hikeshi/bitbank"
	"hikeshi/bitbank/bitbanktest"
)

// bitbank's edge speaks HTTP/2. REST may use it; a WebSocket over the same client must still get HTTP/1.1.
func TestRESTAndStreamShareAClientThatSpeaksHTTP2(t *testing.T) {
	joined := make(chan string, 8)
	fake := bitbanktest.New(bitbanktest.Options{
		Key: "key", Secret: "secret",
		OnJoin: func(s *bitbanktest.Server, room string) {
			joined <- room
			s.Publish(room, bitbanktest.Payload("stream_ticker"))
		},
	})
	server := httptest.NewUnstartedServer(fake)
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	c := newClient(t, bitbank.Options{
		HTTP: server.Client(), PublicURL: server.URL, PrivateURL: server.URL,
		Credentials: credentials(t, "key", "secret", server.URL, bitbank.Auth{}),
	})
	for range 3 {
		if _, err := c.Ticker(t.Context(), "btc_jpy"); err != nil {
			t.Error(err)
		}
		if _, err := c.Assets(t.Context()); err != nil {
			t.Error(err)
		}
	}
	s, err := bitbank.Dial(t.Context(), bitbank.StreamOptions{HTTP: server.Client(), URL: server.URL, Rooms: []string{"ticker_btc_jpy"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if e, err := s.Next(t.Context()); err != nil || e.Channel != bitbank.ChannelTicker {
		t.Errorf("got %+v, %v", e, err)
	}
	if room := <-joined; room != "ticker_btc_jpy" {
		t.Errorf("joined %s", room)
	}
}
