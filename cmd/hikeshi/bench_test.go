package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The weight of the program as it is shipped: size, time until the dashboard answers, memory and processor while it watches a
// calm world with every probe and stream on. Linux only, because it reads /proc.
func BenchmarkDaemon(b *testing.B) {
	if runtime.GOOS != "linux" {
		b.Fatal("this benchmark reads /proc, which only Linux has")
	}
	path, err := binary()
	if err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	w := practise(b)
	var ready, rss, cpu float64
	for b.Loop() {
		began := time.Now()
		w.watcher = start(b, w.dir, "run", "--config", w.config)
		for {
			res, err := http.Get(w.dashboard("/healthz"))
			if err == nil {
				res.Body.Close()
				break
			}
			time.Sleep(time.Millisecond)
		}
		ready = time.Since(began).Seconds() * 1000
		time.Sleep(15 * time.Second) // the first looks, the learning of habits
		before := processor(b, w.watcher.cmd.Process.Pid)
		const calm = 30 * time.Second
		time.Sleep(calm)
		cpu = 100 * (processor(b, w.watcher.cmd.Process.Pid) - before).Seconds() / calm.Seconds()
		rss = resident(b, w.watcher.cmd.Process.Pid)
		w.watcher.stop(b)
	}
	size := float64(info.Size()) / (1 << 20)
	b.ReportMetric(size, "MiB-binary")
	b.ReportMetric(ready, "ms-ready")
	b.ReportMetric(rss, "MiB-resident")
	b.ReportMetric(cpu, "%cpu")
	fmt.Printf("figure: binary %.1f MiB, dashboard answers after %.0f ms, %.1f MiB resident, %.2f %% of a core in calm\n", size, ready, rss, cpu)
}

// How long `check` takes: all well, and every host a black hole.
func BenchmarkCheck(b *testing.B) {
	for _, c := range []struct{ name, effect string }{{"all well", ""}, {"every host a black hole", "blackhole"}} {
		b.Run(c.name, func(b *testing.B) {
			w := practise(b)
			if c.effect != "" {
				var hosts map[string]string
				w.control(b, "GET", "/hosts", nil, &hosts)
				for h := range hosts {
					w.control(b, "POST", "/faults", fault(h, c.effect), nil)
				}
			}
			path, err := binary()
			if err != nil {
				b.Fatal(err)
			}
			var longest time.Duration
			for b.Loop() {
				began := time.Now()
				cmd := exec.Command(path, "check", "--config", w.config)
				out, err := cmd.Output()
				if err != nil && cmd.ProcessState.ExitCode() < 3 {
					b.Fatalf("%v: %s", err, out)
				}
				longest = max(longest, time.Since(began))
			}
			fmt.Printf("figure: check, %s: at most %.2f s in %d runs\n", c.name, longest.Seconds(), b.N)
		})
	}
}

// processor is what a process has used of it.
func processor(t testing.TB, pid int) time.Duration {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		t.Fatal(err)
	}
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	ticks := 0
	for _, s := range f[11:13] { // utime and stime, counted from the third field
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond // USER_HZ is 100 on every Linux that Go runs on
}

// resident is the memory of a process in MiB.
func resident(t testing.TB, pid int) float64 { return memory(t, pid, "VmRSS:") }

// memory is a line of the status of a process, in MiB.
func memory(t testing.TB, pid int, line string) float64 {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range strings.Split(string(b), "\n") {
		if f := strings.Fields(text); len(f) > 1 && f[0] == line {
			kb, err := strconv.ParseFloat(f[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			return kb / 1024
		}
	}
	t.Fatal("no " + line)
	return 0
}
