package exchange

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
)

// Two exchanges with one seed that are asked the same tell the same, byte for byte, and so does a copy.
func TestTheSameSeedAndTheSameCallsGiveTheSameHistory(t *testing.T) {
	one, two := newPlayer(t, 7), newPlayer(t, 7)
	var storyOne, storyTwo bytes.Buffer
	one.story, two.story = &storyOne, &storyTwo
	for range 3000 {
		one.step()
		two.step()
		if !bytes.Equal(storyOne.Bytes(), storyTwo.Bytes()) {
			t.Fatalf("after %d operations: %.2000s and %.2000s", one.did, &storyOne, &storyTwo)
		}
		storyOne.Reset()
		storyTwo.Reset()
	}
	c := one.x.Clone()
	var told [2][]byte
	for i, x := range []*Exchange{one.x, c} {
		x.Advance(one.now.Add(time.Minute))
		told[i], _ = json.Marshal([]any{x.Changes(), x.Events()})
	}
	if len(told[0]) < 10_000 || !bytes.Equal(told[0], told[1]) {
		t.Fatalf("the copy lives another life:\n%.2000s\n%.2000s", told[0], told[1])
	}
	var live [2]int
	for i, x := range []*Exchange{one.x, c} {
		for _, a := range x.accounts {
			live[i] += a.lived("")
		}
	}
	if live[0] == 0 || live[0] != live[1] {
		t.Errorf("%d live orders, the copy has %d", live[0], live[1])
	}
}
