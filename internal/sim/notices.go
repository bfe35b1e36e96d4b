package sim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Notice is something that the exchange has published, or somebody in its name.
type Notice struct {
	ID          string `json:"id"`
	Synthetic   bool   `json:"synthetic"`
	Exchange    string `json:"exchange"`
	Channel     string `json:"channel"`
	From        string `json:"from"`
	PublishedAt string `json:"published_at"`
	Lang        string `json:"lang"`
	Title       string `json:"title"`
	Body        string `json:"body"`
	Thread      string `json:"thread"`
	Notes       string `json:"notes,omitempty"`

	// How a notice should be read is the reader's exam, not the exchange's business: it is taken and thrown away.
	Expect json.RawMessage `json:"expect,omitempty"`

	at time.Time
}

// channels are where notices appear. What arrives by mail or from third parties is on none of the simulated pages.
var channels = []string{"news", "blog", "x", "email", "app_push", "status_page", "api_docs", "third_party"}

const maxNotices = 500

// check says what is wrong with a notice and fills what may be left out.
func (n *Notice) check(now time.Time) error {
	if !slices.Contains(channels, n.Channel) {
		return fmt.Errorf("channel: %q is none of %s", n.Channel, strings.Join(channels, ", "))
	}
	if strings.TrimSpace(n.Title) == "" && strings.TrimSpace(n.Body) == "" {
		return fmt.Errorf("body: a notice needs a title or a body")
	}
	if n.PublishedAt == "" {
		n.PublishedAt = now.In(japan).Format(time.RFC3339)
	}
	at, err := time.Parse(time.RFC3339, n.PublishedAt)
	if err != nil {
		return fmt.Errorf("published_at: %q is no RFC 3339 time such as 2026-11-24T14:22:00+09:00", n.PublishedAt)
	}
	n.at, n.Expect = at, nil
	return nil
}

// publish adds a checked notice and returns its id.
func (s *Sim) publish(n Notice) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.notices) >= maxNotices {
		return "", fmt.Errorf("there are %d notices already, more are not taken", maxNotices)
	}
	if n.ID == "" || slices.ContainsFunc(s.notices, func(o Notice) bool { return o.ID == n.ID }) {
		n.ID = "n" + strconv.Itoa(len(s.notices)+1)
	}
	s.notices = append(s.notices, n)
	return n.ID, nil
}

// published lists the notices of a channel, newest first.
func (s *Sim) published(channel string) []Notice {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Notice
	for _, n := range slices.Backward(s.notices) { // of one second, the last posted is the newest
		if n.Channel == channel {
			out = append(out, n)
		}
	}
	return newest(out)
}

func newest(lists ...[]Notice) []Notice {
	all := slices.Concat(lists...)
	slices.SortStableFunc(all, func(a, b Notice) int { return b.at.Compare(a.at) })
	return all
}

// Heading is the title, or the beginning of a text that has none, as posts on X.
func (n Notice) Heading() string {
	if n.Title != "" {
		return n.Title
	}
	r := []rune(strings.TrimSpace(n.Body))
	return string(r[:min(len(r), 30)])
}

// Shown is the time as the pages write it.
func (n Notice) Shown() string { return n.at.In(japan).Format("2006/01/02 15:04") }

// stage is the state in the words of Statuspage.
func (n Notice) stage() string {
	for _, w := range []string{"Investigating", "Identified", "Monitoring", "Resolved"} {
		if strings.HasPrefix(n.Title, w) {
			return strings.ToLower(w)
		}
	}
	if strings.Contains(n.Title, "復旧") && !strings.Contains(n.Title, "一部復旧") {
		return "resolved"
	}
	return "investigating"
}

// unresolved keeps the latest notice of each thread that has not been resolved.
func unresolved(newestFirst []Notice) []Notice {
	var open []Notice
	seen := map[string]bool{}
	for _, n := range newestFirst {
		thread := orElse(n.Thread, n.ID)
		if !seen[thread] && n.stage() != "resolved" {
			open = append(open, n)
		}
		seen[thread] = true
	}
	return open
}
