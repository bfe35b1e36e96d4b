package pubnub_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"hikeshi/internal/sim/pubnub"
)

var trade = json.RawMessage(`{"method":"spot_trade","params":[{"trade_id":1200000001,"order_id":59600000001,"pair":"btc_jpy","side":"buy","type":"limit",` +
	`"amount":"0.0040","price":"15000000","maker_taker":"maker","fee_amount_base":"0","fee_amount_quote":"-12","executed_at":1767225601500}]}`)

// BenchmarkPublish sends a message to one channel on which so many polls wait, and waits until all have it.
func BenchmarkPublish(b *testing.B) {
	for _, waiting := range []int{0, 1, 100} {
		b.Run(fmt.Sprintf("waiting=%d", waiting), func(b *testing.B) {
			s := pubnub.New(pubnub.Options{SubscribeKey: key})
			b.Cleanup(s.Close)
			heard := make(chan int)
			path := "/v2/subscribe/" + key + "/" + mine + "/0?uuid=" + mine + "&auth=" + s.Grant(mine, time.Now().Add(time.Hour)) + "&tt="
			for range waiting {
				go func() {
					place := "1"
					for {
						a, ok := s.Answer(httptest.NewRequest("GET", path+place, nil), 0)
						if !ok {
							return
						}
						var got struct {
							T struct{ T string }
							M []struct{}
						}
						if err := json.Unmarshal(a.Body, &got); err != nil {
							b.Error(err)
						}
						place = got.T.T
						heard <- len(got.M)
					}
				}()
			}
			b.ReportAllocs()
			for b.Loop() {
				s.Publish(mine, trade, pubnub.Fate{}, time.Now())
				for range waiting {
					<-heard
				}
			}
		})
	}
}
