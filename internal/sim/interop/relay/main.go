// Command relay serves the stream relay alone, before any bitbank, so that the clients of others can be tried on it and its memory
// be measured without the rest of the program. It prints its address when it listens, and ends with an interrupt.
//
//	relay -upstream http://127.0.0.1:8102
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"hikeshi/bitbank"
	"hikeshi/internal/relay"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "relay:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("relay", flag.ContinueOnError)
	upstream := flags.String("upstream", bitbank.DefaultStreamURL, "address of bitbank's stream")
	listen := flags.String("listen", "127.0.0.1:0", "where to listen")
	if err := flags.Parse(args); err != nil {
		return err
	}
	o := bitbank.StreamOptions{URL: *upstream, HTTP: &http.Client{}} // no proxy, no limits: it is for loopback
	r, err := relay.New(relay.Options{Upstream: bitbank.FollowOptions{StreamOptions: o}})
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp4", *listen)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/socket.io/", r)
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { srv.Close() })
	fmt.Printf("http://%s\n", ln.Addr())
	served := make(chan struct{})
	go func() {
		defer close(served)
		srv.Serve(ln) // until ctx ends
	}()
	r.Run(ctx)
	<-served
	return nil
}
