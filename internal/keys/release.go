package keys

import "fmt"

// A Release says how early a bot's orders go again after an outage. What is none of the constants is the zero value.
type Release string

// The releases.
const (
	ReleaseUsual Release = ""
	ReleaseEarly Release = "early"
	ReleaseLate  Release = "late"
)

// ParseRelease reads early, usual or late; "" is usual. ErrRelease for anything else.
func ParseRelease(s string) (Release, error) {
	switch s {
	case "", "usual":
		return ReleaseUsual, nil
	case "early", "late":
		return Release(s), nil
	}
	return ReleaseUsual, fmt.Errorf("release %.40q: %w", s, ErrRelease)
}

func (r Release) String() string {
	if r == ReleaseUsual {
		return "usual"
	}
	return string(r)
}
