package journal_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"hikeshi/internal/journal"
	"hikeshi/internal/journal/journaltest"
)

// crashPath makes the test binary the child that TestNothingAcknowledgedIsLostByAKill kills.
const crashPath = "JOURNAL_CRASH_PATH"

func TestMain(m *testing.M) {
	if path := os.Getenv(crashPath); path != "" {
		if err := appendForEver(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// appendForEver prints the number of each record once Append says that it is durable.
func appendForEver(path string) error {
	j, err := journal.Open(context.Background(), path, journal.Options{})
	if err != nil {
		return err
	}
	if d := j.Damage(); d != nil {
		return fmt.Errorf("damaged after a kill: %+v", *d)
	}
	errs := make(chan error)
	for side := range 3 {
		go func() {
			for i := 0; ; i++ {
				k := []journal.Kind{journal.Minute, journal.Verdict, journal.Incident}[side]
				seqs, err := j.Append(context.Background(), journal.Entry{Kind: k, At: noon, Data: fmt.Sprint("evidence ", i)})
				if err != nil {
					errs <- err
					return
				}
				os.Stdout.WriteString(strconv.Itoa(int(seqs[0])) + "\n") // one write each: never half a line of ours inside another
			}
		}()
	}
	return <-errs
}

func TestNothingAcknowledgedIsLostByAKill(t *testing.T) {
	rounds := 20
	if os.Getenv("HIKESHI_LONG") != "" {
		rounds = 200
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	path := filepath.Join(t.TempDir(), "journal.db")
	var acknowledged journal.Seq
	for round := range rounds {
		acknowledged = max(acknowledged, appendUntilKilled(t, path, 1+random.IntN(60)))
		j := journaltest.At(t, path)
		if d := j.Damage(); d != nil {
			t.Fatalf("round %d: %+v", round, *d)
		}
		r := verify(t, j)
		if r.Broken != 0 || r.Head < acknowledged {
			t.Fatalf("round %d: record %d was acknowledged, the journal verifies as %+v", round, acknowledged, r)
		}
		j.Close()
	}
	t.Logf("%d records acknowledged in %d rounds", acknowledged, rounds)
}

// appendUntilKilled kills the child some random moment after so many acknowledgements and returns the highest one.
func appendUntilKilled(t *testing.T, path string, after int) journal.Seq {
	t.Helper()
	ctx, kill := context.WithTimeout(t.Context(), 30*time.Second)
	defer kill()
	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), crashPath+"="+path)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var top journal.Seq
	seen := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		n, err := strconv.ParseUint(lines.Text(), 10, 64)
		if err != nil {
			t.Fatalf("the child printed %q", lines.Text())
		}
		top = max(top, journal.Seq(n))
		if seen++; seen == after {
			kill() // SIGKILL; what is already in the pipe is still read, and counts
		}
	}
	_ = child.Wait() // killed, as wanted
	if seen < after {
		t.Fatalf("the child ended by itself after %d records", seen)
	}
	return top
}
