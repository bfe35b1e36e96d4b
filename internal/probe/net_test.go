package probe

import (
	"encoding/binary"
	"net/netip"
	"testing"
)

func TestTheRouterIsReadFromTheRoutingTable(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the table below was written by a little-endian machine")
	}
	const head = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"
	for _, c := range []struct{ name, table, want string }{
		{"default route", head + "eth0\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\n", "192.168.2.1"},
		{"local net only", head + "eth0\t0002A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\n", ""},
		{"half of everything, as VPNs do", head + "tun0\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000080\n", ""},
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
