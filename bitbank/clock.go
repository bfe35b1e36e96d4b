package bitbank

import (
	"net/http"
	"time"
)

// doubt is how wrong a clock read from a Date header can be: the header has whole seconds.
const doubt = 500 * time.Millisecond

// Now is the time to sign with: our clock's, until bitbank has refused it; see Heed.
func (c *Credentials) Now() time.Time {
	return time.Now().Add(time.Duration(c.offset.Load()))
}

// Heed learns from the code and the Date header of an answer to a request that was signed with Now. When bitbank has refused the
// time (20034 from the future, 20035 too old) and its own clock explains that, what is signed from now on follows bitbank's clock;
// true says so. A Client heeds by itself; Heed is for callers that send on their own.
func (c *Credentials) Heed(code Code, date string) bool {
	if code != 20034 && code != 20035 {
		return false
	}
	at, err := http.ParseTime(date)
	if err != nil {
		return false
	}
	off := time.Until(at.Add(doubt))
	change := off - time.Duration(c.offset.Load())
	if code == 20034 && change >= -doubt || code == 20035 && change <= doubt {
		return false // the request was late for another reason
	}
	c.offset.Store(int64(off))
	return true
}

// Now is the time that the client signs with: our clock's, or bitbank's, when bitbank has refused ours.
func (c *Client) Now() time.Time {
	if c.key == nil {
		return time.Now()
	}
	return c.key.Now()
}
