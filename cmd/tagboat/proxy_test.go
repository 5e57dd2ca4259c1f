package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tagboat/tagboat/internal/proxytest"
)

// proxyKey is where a story keeps its proxy.
type proxyKey struct{}

// proxyServer is the proxy of a story.
type proxyServer struct {
	*proxytest.Proxy
	address string
}

// orderProxy puts a proxy between the story's commands and its sandbox at its first use,
// and tells it what to do to calls of AWS:
//
//	proxy                         only counts
//	proxy KIND OPERATION [TIMES] [OPTION=VALUE...] [PATH:=JSON...] [PATH:-...]
//	proxy await NAME N            waits until the order has struck N calls
//	proxy landed OPERATION N      waits until N calls have taken effect
//	proxy release NAME            lets go what the order holds, and ends it
//	proxy clear                   ends all orders
//	proxy sent OPERATION N        compares how many calls the commands sent, lost ones as well
//	proxy -- OPERATION            prints them into the story's log
//
// The kinds are those of proxytest: drop, lose, cut, repeat, echo, hold, strand, hold-answer,
// delay, reorder, stale, rewrite and refuse. The options are name (the operation's where it is
// left out), skip, match, rate, seed, for, code and message.
func orderProxy(ts *testscript.TestScript, neg bool, args []string) {
	p := storysProxy(ts)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	switch {
	case len(args) == 0:
	case args[0] == "await" && len(args) == 3:
		ts.Check(p.Await(ctx, args[1], number(ts, args[2])))
	case args[0] == "landed" && len(args) == 3:
		ts.Check(p.AwaitLanded(ctx, args[1], number(ts, args[2])))
	case args[0] == "release" && len(args) == 2:
		ts.Check(p.Release(args[1]))
	case args[0] == "clear" && len(args) == 1:
		p.Clear()
	case args[0] == "sent" && len(args) == 3:
		if sent := len(p.Calls(args[1])); (sent == number(ts, args[2])) == neg {
			ts.Fatalf("%s was sent %d times", args[1], sent)
		}
	case args[0] == "--" && len(args) == 2:
		for _, c := range p.Calls(args[1]) {
			ts.Logf("%s (struck by %q, landed %d times): %s", c.Operation, c.Order, c.Landed, c.Body)
		}
	default:
		o, err := proxytest.Parse(args)
		ts.Check(err)
		ts.Check(p.Order(o))
	}
}

// storysProxy returns the proxy in front of the sandbox that the story has started last.
func storysProxy(ts *testscript.TestScript) *proxyServer {
	p := ts.Value(proxyKey{}).(*proxyServer)
	address := ts.Getenv("AWS_ENDPOINT_URL")
	if p.Proxy != nil && p.address == address {
		return p
	}
	next, err := proxytest.To(address)
	ts.Check(err)
	p.Proxy = proxytest.New(next)
	listening := httptest.NewServer(p.Proxy)
	over := p.Proxy
	ts.Defer(func() {
		over.Close()
		listening.CloseClientConnections()
		listening.Close()
	})
	p.address = listening.URL
	ts.Setenv("AWS_ENDPOINT_URL", p.address)
	return p
}

func number(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}

// awaitFile waits until a file is there: await-file FILE.
func awaitFile(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(waitForFile(ts.MkAbs(args[0]), patience))
}

// checkRejected asks the sandbox for its health with a header, which it has to reject:
// rejected HEADER VALUE.
func checkRejected(ts *testscript.TestScript, neg bool, args []string) {
	request, err := http.NewRequest(http.MethodGet, ts.Getenv("AWS_ENDPOINT_URL")+"/_sandbox/health", nil)
	ts.Check(err)
	request.Header.Set(args[0], args[1])
	request.Host = request.Header.Get("Host")
	answer, err := http.DefaultClient.Do(request)
	ts.Check(err)
	defer answer.Body.Close()
	if (answer.StatusCode == http.StatusForbidden) == neg {
		ts.Fatalf("%s: %s is answered %s", args[0], args[1], answer.Status)
	}
}

// signalCommand sends a signal to what start began: signal NAME hup|int|term|kill|pipe.
func signalCommand(ts *testscript.TestScript, _ bool, args []string) {
	signals := map[string]syscall.Signal{
		"hup": syscall.SIGHUP, "int": syscall.SIGINT, "term": syscall.SIGTERM, "kill": syscall.SIGKILL, "pipe": syscall.SIGPIPE,
	}
	if len(args) != 2 || signals[strings.ToLower(args[1])] == 0 {
		ts.Fatalf("usage: signal NAME hup|int|term|kill|pipe")
	}
	ts.Check(started(ts, args[0]).cmd.Process.Signal(signals[strings.ToLower(args[1])]))
}
