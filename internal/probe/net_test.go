package probe

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
)

func TestTheRouterIsReadFromTheRoutingTable(t *testing.T) {
	router := fmt.Sprintf("%08X", binary.NativeEndian.Uint32([]byte{192, 168, 2, 1})) // as this machine writes it
	const head = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"
	for _, c := range []struct{ name, table, want string }{
		{"default route", head + "eth0\t00000000\t" + router + "\t0003\t0\t0\t100\t00000000\n", "192.168.2.1"},
		{"local net only", head + "eth0\t0002A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\n", ""},
		{"half of everything, as VPNs do", head + "tun0\t00000000\t" + router + "\t0003\t0\t0\t0\t00000080\n", ""},
		{"link without a router", head + "ppp0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\n", ""},
		{"nonsense", "0 00000000 zz 0 0 0 0 00000000\n\n", ""},
	} {
		var want netip.Addr
		if c.want != "" {
			want = netip.MustParseAddr(c.want)
		}
		if got := defaultRoute(c.table); got != want {
			t.Errorf("%s: got %v, want %v", c.name, got, want)
		}
	}
}
