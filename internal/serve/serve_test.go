package serve_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/serve"
)

// guarded is a door that everybody passes, and says so.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Door", "passed")
		next.ServeHTTP(w, r)
	})
}

func says(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
}

// TestRoutes holds who answers what, and that all but health is behind the door.
func TestRoutes(t *testing.T) {
	all := serve.Parts{Door: guarded, API: says("api"), Page: says("page"), Endpoint: func(guard func(http.Handler) http.Handler) http.Handler { return guard(says("endpoint")) }}.Handler()
	none := serve.Parts{Door: guarded}.Handler()
	for path, want := range map[string][2]string{
		"/":                     {"page passed", "404 there is no page here"},
		"/services/dev/api":     {"page passed", "404 there is no page here"},
		"/api/v1/status":        {"api passed", "404 there is no API here"},
		"/healthz":              {"endpoint ", "404 there is no page here"},
		"/metrics":              {"endpoint passed", "404 there is no page here"},
		"/webhooks/generic/abc": {"endpoint passed", "404 there is no page here"},
	} {
		ask := func(h http.Handler) *httptest.ResponseRecorder {
			answer := httptest.NewRecorder()
			h.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
			return answer
		}
		got, missing := ask(all), ask(none)
		expect.EqualIn(t, path, want, [2]string{got.Body.String() + " " + got.Header().Get("Door"), fmt.Sprint(missing.Code, " ", strings.TrimSpace(missing.Body.String()))})
		for header, value := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store",
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		} {
			expect.EqualIn(t, path+" "+header, value, got.Header().Get(header))
		}
	}
}

// TestCompression holds what is compressed, and that it is the same then.
func TestCompression(t *testing.T) {
	long := strings.Repeat("a line of text\n", 1000)
	for name, c := range map[string]struct {
		accept, kind, body string
		want               bool
	}{
		"a page":                    {"gzip, deflate, br", "text/html; charset=utf-8", long, true},
		"JSON":                      {"br;q=1, gzip;q=0.5", "application/json", long, true},
		"a short page":              {"gzip", "text/html", "short", false},
		"a stream":                  {"gzip", "text/event-stream", long, false},
		"a picture":                 {"gzip", "image/png", long, false},
		"of no type":                {"gzip", "", long, false},
		"for who does not take it":  {"", "text/html", long, false},
		"for who refuses it":        {"gzip;q=0", "text/html", long, false},
		"for who takes others only": {"br", "text/html", long, false},
	} {
		t.Run(name, func(t *testing.T) {
			page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", c.kind)
				w.WriteHeader(http.StatusAccepted)
				_, _ = io.WriteString(w, c.body)
			})
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			r.Header.Set("Accept-Encoding", c.accept)
			answer := httptest.NewRecorder()
			serve.Parts{Door: guarded, Page: page}.Handler().ServeHTTP(answer, r)
			body := answer.Body.String()
			if c.want {
				reader := expect.Value(gzip.NewReader(bytes.NewReader(answer.Body.Bytes())))(t)
				body = string(expect.Value(io.ReadAll(reader))(t))
			}
			expect.Equal(t, []any{http.StatusAccepted, c.body, c.want}, []any{answer.Code, body, answer.Header().Get("Content-Encoding") == "gzip"})
		})
	}
}

// server runs a server of a page, until the context is cancelled.
func server(t *testing.T, s *serve.Server) (addr string, stop func() error) {
	t.Helper()
	s.Listener = expect.Value(new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0"))(t)
	s.Log = slog.New(slog.DiscardHandler)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	return "http://" + s.Listener.Addr().String(), func() error { cancel(); return <-ended }
}

// TestTheEndEndsStreamsAtOnce holds that a stream ends at once, an answer is given its time, and what
// people began its grace.
func TestTheEndEndsStreamsAtOnce(t *testing.T) {
	closed, asked, finished := make(chan struct{}), make(chan struct{}), make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/stream", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		expect.OK(t, http.NewResponseController(w).Flush())
		<-closed
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, _ *http.Request) {
		close(asked)
		<-time.After(200 * time.Millisecond)
		_, _ = io.WriteString(w, "done")
	})
	addr, stop := server(t, &serve.Server{
		Handler: serve.Parts{Door: guarded, Page: mux}.Handler(),
		Beside:  []func(context.Context) error{func(ctx context.Context) error { <-ctx.Done(); close(closed); return nil }},
		Finish: func(ctx context.Context) {
			_, bounded := ctx.Deadline()
			expect.Equal(t, []any{nil, true}, []any{ctx.Err(), bounded})
			close(finished)
		},
		Grace: time.Minute,
	})
	stream := expect.Value(http.Get(addr + "/stream"))(t)
	defer stream.Body.Close()
	slow := make(chan string)
	go func() {
		answer, err := http.Get(addr + "/slow")
		if err != nil {
			slow <- err.Error()
			return
		}
		defer answer.Body.Close()
		body, _ := io.ReadAll(answer.Body)
		slow <- string(body)
	}()
	<-asked
	expect.OK(t, stop())
	<-finished
	expect.Equal(t, "done", <-slow)
	_, err := io.ReadAll(stream.Body)
	expect.OK(t, err)
}

// TestWhatRunsBesideEndsTheServer holds that a watcher which fails ends the rest.
func TestWhatRunsBesideEndsTheServer(t *testing.T) {
	broken := errors.New("the queue does not exist")
	_, stop := server(t, &serve.Server{
		Handler: says(""), Beside: []func(context.Context) error{func(context.Context) error { return broken }},
	})
	if err := stop(); !errors.Is(err, broken) {
		t.Errorf("it ended in %v", err)
	}
}

// TestBodies holds that a body is there as a whole, and no more of it than a webhook may have.
func TestBodies(t *testing.T) {
	counts := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprint(w, len(body))
	})
	addr, stop := server(t, &serve.Server{Handler: serve.Parts{Door: guarded, Page: counts}.Handler()})
	for sent, want := range map[int]string{0: "0", 5: "5", 2 << 20: fmt.Sprint(1<<20 + 1)} {
		answer := expect.Value(http.Post(addr, "text/plain", strings.NewReader(strings.Repeat("x", sent))))(t)
		body := expect.Value(io.ReadAll(answer.Body))(t)
		answer.Body.Close()
		expect.Equal(t, want, string(body))
	}
	cut := expect.Value(new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(addr, "http://")))(t)
	_, err := io.WriteString(cut, "POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\nshort")
	expect.OK(t, err)
	expect.OK(t, cut.(*net.TCPConn).CloseWrite())
	line, _ := bufio.NewReader(cut).ReadString('\n')
	cut.Close()
	expect.Equal(t, "HTTP/1.1 400 Bad Request", strings.TrimSpace(line))
	expect.OK(t, stop())
}
