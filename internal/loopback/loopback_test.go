package loopback

import "testing"

func TestOnlyNamesOfThisMachineAreAllowed(t *testing.T) {
	n := NewNames("Tower.Home")
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST:8460": true, "localhost.": true, "127.0.0.1:1": true, "::1": true, "[::1]": true, "[::1]:80": true,
		"tower.home": true, "tower.home:9": true,
		"": false, "evil.example": false, "localhost.evil.example": false, "127.0.0.2": false, "0.0.0.0": false, "[::]:80": false,
	} {
		if n.Allow(host) != want {
			t.Errorf("%q is allowed: %v, want %v", host, !want, want)
		}
	}
}
