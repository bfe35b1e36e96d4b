package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"hikeshi/internal/account"
	"hikeshi/internal/journal"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"hikeshi": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
	}})
}

// TestStories plays testdata/script: each file is one user's story. Beside testscript's own commands there are
//
//	await FILE              wait until a file is there
//	reach URL               wait until a page answers
//	control METHOD PATH [JSON]   call the control interface of the simulator at $PORT
//	incident PART           wait until the daemon at $DASHBOARD tells of an incident of this part
//	exits N ARGUMENT...     run hikeshi and want this exit code
//	sed FROM TO OLD NEW     copy a file with every OLD replaced
//	record FOLDER FILE      append each line of a file to the journal of a data folder as a record of the account; "@-5s"
//	                        in it is the time five seconds ago, "@ms-5s" the same in milliseconds
//	known CONFIG ASSET      wait until the records of the daemon know of a coin whether it is stopped
//	login FILE              open the link in a file, or stdout, as a browser does, and want the page of orders behind it
//
// and $PORT, the first of a hundred free ports, with $DASHBOARD and $CONTROL among them.
func TestStories(t *testing.T) {
	ctx := t.Context()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("LANG", "en_US.UTF-8")
			e.Setenv("HOME", e.WorkDir)
			base := freeBlock(t)
			e.Setenv("PORT", strconv.Itoa(base))
			e.Setenv("DASHBOARD", strconv.Itoa(base+60))
			e.Setenv("CONTROL", strconv.Itoa(base+99))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await": func(ts *testscript.TestScript, _ bool, args []string) {
				poll(ts, args[0], func() bool { _, err := os.Stat(ts.MkAbs(args[0])); return err == nil })
			},
			"reach": func(ts *testscript.TestScript, _ bool, args []string) {
				poll(ts, args[0], func() bool {
					res, err := http.Get(args[0])
					if err != nil {
						return false
					}
					res.Body.Close()
					return res.StatusCode == http.StatusOK
				})
			},
			"control": func(ts *testscript.TestScript, _ bool, args []string) {
				req, err := http.NewRequest(args[0], "http://127.0.0.1:"+ts.Getenv("CONTROL")+args[1], strings.NewReader(strings.Join(args[2:], " ")))
				ts.Check(err)
				res, err := http.DefaultClient.Do(req)
				ts.Check(err)
				defer res.Body.Close()
				b, err := io.ReadAll(res.Body)
				ts.Check(err)
				if res.StatusCode != http.StatusOK {
					ts.Fatalf("%s %s: %d %s", args[0], args[1], res.StatusCode, b)
				}
			},
			"incident": func(ts *testscript.TestScript, _ bool, args []string) {
				poll(ts, "an incident of "+args[0], func() bool {
					res, err := http.Get("http://127.0.0.1:" + ts.Getenv("DASHBOARD") + "/api/v1/incidents")
					if err != nil {
						return false
					}
					defer res.Body.Close()
					b, err := io.ReadAll(res.Body)
					return err == nil && strings.Contains(string(b), args[0])
				})
			},
			"sed": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(strings.ReplaceAll(ts.ReadFile(args[0]), args[2], args[3])), 0o644))
			},
			"record": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(os.MkdirAll(ts.MkAbs(args[0]), 0o700))
				j, err := journal.Open(ctx, filepath.Join(ts.MkAbs(args[0]), "journal.db"), journal.Options{})
				ts.Check(err)
				for line := range strings.Lines(ts.ReadFile(args[1])) {
					line = agoMS.ReplaceAllStringFunc(line, func(m string) string {
						d, err := time.ParseDuration(m[3:])
						ts.Check(err)
						return strconv.FormatInt(time.Now().Add(d).UnixMilli(), 10)
					})
					line = ago.ReplaceAllStringFunc(line, func(m string) string {
						d, err := time.ParseDuration(m[1:])
						ts.Check(err)
						return time.Now().Add(d).UTC().Format(time.RFC3339Nano)
					})
					_, err := j.Append(ctx, journal.Entry{Kind: account.Kind, At: time.Now(), Data: json.RawMessage(line)})
					ts.Check(err)
				}
				ts.Check(j.Close())
			},
			"known": func(ts *testscript.TestScript, _ bool, args []string) {
				poll(ts, "whether "+args[1]+" is stopped", func() bool {
					var out bytes.Buffer
					run(ctx, []string{"transfers", "check", "--config", ts.MkAbs(args[0]), "--asset", args[1], "--json"}, ts.Getenv, &out, io.Discard)
					return strings.Contains(out.String(), `"known": true`)
				})
			},
			"priced": func(ts *testscript.TestScript, _ bool, args []string) {
				poll(ts, "bitbank's own price", func() bool {
					var out bytes.Buffer
					run(ctx, []string{"positions", "--config", ts.MkAbs(args[0]), "--json"}, ts.Getenv, &out, io.Discard)
					return strings.Contains(out.String(), `"from": "bitbank"`) && strings.Contains(out.String(), `"read":`)
				})
			},
			"login": func(ts *testscript.TestScript, _ bool, args []string) {
				jar, err := cookiejar.New(nil)
				ts.Check(err)
				res, err := (&http.Client{Jar: jar}).Get(strings.TrimSpace(ts.ReadFile(args[0])))
				ts.Check(err)
				defer res.Body.Close()
				if res.StatusCode != http.StatusOK || res.Request.URL.Path != "/orders" || res.Request.URL.RawQuery != "" {
					ts.Fatalf("the link leads to %s: %s", res.Request.URL.Path, res.Status)
				}
			},
			"exits": func(ts *testscript.TestScript, _ bool, args []string) {
				err := ts.Exec("hikeshi", args[1:]...)
				got := "0"
				if err != nil {
					got = strings.TrimPrefix(err.Error(), "exit status ")
				}
				if got != args[0] {
					ts.Fatalf("exit code %s, want %s", got, args[0])
				}
			},
		},
	})
}

var (
	ago   = regexp.MustCompile(`@-[0-9a-z]+`)
	agoMS = regexp.MustCompile(`@ms-[0-9a-z]+`)
)

// poll waits for something that another process does.
func poll(ts *testscript.TestScript, what string, done func() bool) {
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			ts.Fatalf("%s: not within 30 s", what)
		}
	}
}
