package diagnose_test

import (
	"fmt"
	"time"

	"hikeshi/internal/diagnose"
	"hikeshi/internal/probe"
)

// bitbank's public REST refuses connections, while everything else answers.
func Example() {
	m := diagnose.NewMemory()
	at := time.Date(2026, 11, 24, 5, 5, 0, 0, time.UTC)
	look := func(t probe.Target, h probe.Host, f probe.Failure) {
		at = at.Add(200 * time.Millisecond)
		m.See(probe.Observation{Target: t, Host: h, At: at, Took: 20 * time.Millisecond, Failure: f})
	}
	for range 2 {
		look(probe.PublicTicker, probe.Public, probe.ConnectRefused)
		look(probe.PublicDepth, probe.Public, probe.ConnectRefused)
		look(probe.Neutral1Page, probe.Neutral1, probe.OK)
		look(probe.Neutral2Page, probe.Neutral2, probe.OK)
		look(probe.PrivateStatus, probe.Private, probe.OK)
		look(probe.WebPage, probe.Web, probe.OK)
	}
	v := diagnose.Diagnose(m.Round(at))
	fmt.Println(v.Scope, v.Parts, "works:", v.Args["works"])
	for _, r := range v.Reasons {
		fmt.Println(r.Code, r.Targets)
	}
	// Output:
	// part [public_api] works: web,private_api
	// failing [public/ticker public/depth]
	// line_well [neutral1/page neutral2/page]
}
