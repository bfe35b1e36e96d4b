package sim

import "time"

// tell sends what accounts are to hear. The lock is held.
func (s *Sim) tell() {
	s.x.Events()
	s.spoken = nil
}

// A ticket admits to the private stream.
type ticket struct {
	Channel string `json:"pubnub_channel"`
	Token   string `json:"pubnub_token"`
}

func (s *Sim) subscribe(u *user, now time.Time) ticket { return ticket{} }

func (s *Sim) revoke(u *user) {}
