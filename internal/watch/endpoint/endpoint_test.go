package endpoint_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/watch/endpoint"
	"github.com/tagboat/tagboat/internal/watch/hint"
)

const (
	token  = "t0ken-of-the-watcher"
	secret = "s3cret-of-webhooks"
)

// served is an endpoint that runs, with what it logged and handed over.
type served struct {
	t    *testing.T
	addr string
	log  *buffer
	out  chan hint.Message
}

// buffer is what was logged, by several goroutines.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// serve runs an endpoint until the test ends; taken is how many messages somebody will take.
func serve(t *testing.T, o endpoint.Options, taken int) *served {
	t.Helper()
	s := &served{t, "", &buffer{}, make(chan hint.Message, taken)}
	o.Log = slog.New(slog.NewTextHandler(s.log, nil))
	e := expect.Value(endpoint.New(o))(t)
	s.addr = e.Addr()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx, s.out) }()
	t.Cleanup(func() {
		cancel()
		expect.OK(t, <-ended)
	})
	return s
}

// request is what a client sends.
type request struct {
	method, path, body string
	header             map[string]string // Host among them
}

func (s *served) do(r request) string {
	s.t.Helper()
	_, port := expectSplit(s.t, s.addr)
	asked := expect.Value(http.NewRequest(r.method, "http://127.0.0.1:"+port+r.path, strings.NewReader(r.body)))(s.t)
	for name, value := range r.header {
		asked.Header.Set(name, value)
	}
	if host := asked.Header.Get("Host"); host != "" {
		asked.Host = host
	}
	answered := expect.Value(http.DefaultClient.Do(asked))(s.t)
	defer answered.Body.Close()
	body := expect.Value(io.ReadAll(answered.Body))(s.t)
	line := fmt.Sprint(answered.StatusCode, " ", strings.ReplaceAll(strings.TrimSpace(string(body)), "\n", " | "))
	if after := answered.Header.Get("Retry-After"); after != "" {
		line += " | after " + after
	}
	return strings.ReplaceAll(line, s.addr, "ADDR")
}

func expectSplit(t *testing.T, addr string) (host, port string) {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	expect.OK(t, err)
	return host, port
}

func signature(key, body string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func numbers(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, "tagboat_hints_total 1")
}

const (
	noToken = "401 a token is needed | hint: send Authorization: Bearer and what TAGBOAT_WATCH_TOKEN has"
	foreign = "403 this address answers programs on this machine | hint: ask ADDR"
)

func TestWhoSeesHealthAndMetrics(t *testing.T) {
	local := serve(t, endpoint.Options{Listen: "127.0.0.1:0", Metrics: http.HandlerFunc(numbers)}, 0)
	open := serve(t, endpoint.Options{Listen: "0.0.0.0:0", Token: token, Metrics: http.HandlerFunc(numbers)}, 0)
	with := func(value string) map[string]string { return map[string]string{"Authorization": value} }
	host := func(value string) map[string]string { return map[string]string{"Host": value} }
	for name, test := range map[string]struct {
		of     *served
		path   string
		header map[string]string
		want   string
	}{
		"here":                           {local, "/healthz", nil, "200 ok"},
		"here, ready":                    {local, "/readyz", nil, "200 ready"},
		"here, numbers":                  {local, "/metrics", nil, "200 tagboat_hints_total 1"},
		"here by name":                   {local, "/healthz", host("localhost:8080"), "200 ok"},
		"here by another loopback":       {local, "/healthz", host("[::1]"), "200 ok"},
		"a page whose name leads here":   {local, "/metrics", host("evil.example"), foreign},
		"a name that begins like here":   {local, "/metrics", host("localhost.evil.example"), foreign},
		"elsewhere without a token":      {open, "/healthz", nil, noToken},
		"elsewhere, ready, no token":     {open, "/readyz", nil, noToken},
		"elsewhere, numbers, no token":   {open, "/metrics", nil, noToken},
		"elsewhere with another token":   {open, "/metrics", with("Bearer " + token + "x"), noToken},
		"elsewhere with half a token":    {open, "/metrics", with("Bearer " + token[:5]), noToken},
		"elsewhere with an empty token":  {open, "/metrics", with("Bearer "), noToken},
		"elsewhere by another scheme":    {open, "/metrics", with("Basic " + token), noToken},
		"elsewhere with the token":       {open, "/metrics", with("Bearer " + token), "200 tagboat_hints_total 1"},
		"elsewhere, health with a token": {open, "/healthz", with("bearer " + token), "200 ok"},
		"nothing is there":               {local, "/", nil, "404 404 page not found"},
	} {
		t.Run(name, func(t *testing.T) {
			expect.Equal(t, test.want, test.of.do(request{method: "GET", path: test.path, header: test.header}))
		})
	}
	expect.Equal(t, "405 Method Not Allowed", local.do(request{method: "POST", path: "/healthz"}))
}

func TestNotReady(t *testing.T) {
	why := errors.New("nothing was looked at yet")
	s := serve(t, endpoint.Options{Listen: "127.0.0.1:0", Ready: func() error { return why }}, 0)
	expect.Equal(t, "503 not ready: nothing was looked at yet", s.do(request{method: "GET", path: "/readyz"}))
	expect.Equal(t, "200 ok", s.do(request{method: "GET", path: "/healthz"}))
	expect.Equal(t, "404 404 page not found", s.do(request{method: "GET", path: "/metrics"}))
}

func TestNoAddressWithoutAToken(t *testing.T) {
	for listen, want := range map[string][2]string{
		":8080":           {"others can reach :8080, so that health and metrics need a token", "set TAGBOAT_WATCH_TOKEN, or listen on 127.0.0.1:8080"},
		"0.0.0.0:8080":    {"others can reach 0.0.0.0:8080, so that health and metrics need a token", "set TAGBOAT_WATCH_TOKEN, or listen on 127.0.0.1:8080"},
		"[::]:8080":       {"others can reach [::]:8080, so that health and metrics need a token", "set TAGBOAT_WATCH_TOKEN, or listen on 127.0.0.1:8080"},
		"localhost":       {`"localhost" is not an address to listen on: address localhost: missing port in address`, "write HOST:PORT, such as 127.0.0.1:8080"},
		"127.0.0.1:99999": {`"127.0.0.1:99999" is not an address to listen on: address 99999: invalid port`, "write HOST:PORT, such as 127.0.0.1:8080"},
	} {
		_, err := endpoint.New(endpoint.Options{Listen: listen, Log: slog.New(slog.DiscardHandler)})
		if tagboat.KindOf(err) != tagboat.Usage {
			t.Errorf("%s: %v", listen, err)
			continue
		}
		expect.EqualIn(t, listen, want, [2]string{err.Error(), tagboat.HintOf(err)})
	}
}

func TestAnAddressIsOneProcess(t *testing.T) {
	s := serve(t, endpoint.Options{Listen: "127.0.0.1:0"}, 0)
	_, err := endpoint.New(endpoint.Options{Listen: s.addr})
	expect.Equal(t, []any{tagboat.Usage, "choose another address, or port 0 for any that is free"}, []any{tagboat.KindOf(err), tagboat.HintOf(err)})
}

const pushed = `{"repository": "shop/api", "tag": "1.4.2"}`

const published = `{"action": "published", "package": {"name": "api", "namespace": "Shop", "package_type": "CONTAINER"}}`

func TestWebhooks(t *testing.T) {
	s := serve(t, endpoint.Options{Listen: "127.0.0.1:0", Secret: secret}, 1)
	ghcr := func(sum, kind string) map[string]string {
		return map[string]string{"X-Hub-Signature-256": sum, "X-GitHub-Event": kind, "Content-Type": "application/json"}
	}
	form := ghcr(signature(secret, published), "package")
	form["Content-Type"] = "application/x-www-form-urlencoded"
	const (
		unsigned = "401 the signature does not match | hint: give the webhook the secret that TAGBOAT_WEBHOOK_SECRET has"
		unknown  = "401 the secret does not match | hint: send what TAGBOAT_WEBHOOK_SECRET has as Authorization: Bearer, or behind /webhooks/generic/"
	)
	fromGHCR := hint.Hint{Source: "ghcr", Kind: hint.Pushed, Registry: "ghcr.io", Repository: "shop/api"}
	fromOthers := hint.Hint{Source: "webhook", Kind: hint.Pushed, Repository: "shop/api", Tag: "1.4.2"}
	for name, test := range map[string]struct {
		request
		want   string
		handed []hint.Hint
	}{
		"GHCR":                     {request{"POST", "/webhooks/ghcr", published, ghcr(signature(secret, published), "package")}, "202 accepted", []hint.Hint{fromGHCR}},
		"GHCR through a proxy":     {request{"POST", "/webhooks/ghcr", published, map[string]string{"Host": "hooks.example.com", "X-Hub-Signature-256": signature(secret, published), "X-GitHub-Event": "package"}}, "202 accepted", []hint.Hint{fromGHCR}},
		"GHCR's ping":              {request{"POST", "/webhooks/ghcr", `{"zen": "…"}`, ghcr(signature(secret, `{"zen": "…"}`), "ping")}, "200 nothing in it is a reason to look", nil},
		"GHCR as a form":           {request{"POST", "/webhooks/ghcr", published, form}, "415 the webhook is a form | hint: set its content type to application/json", nil},
		"GHCR, signed by another":  {request{"POST", "/webhooks/ghcr", published, ghcr(signature("other", published), "package")}, unsigned, nil},
		"GHCR, signed with none":   {request{"POST", "/webhooks/ghcr", published, ghcr(signature("", published), "package")}, unsigned, nil},
		"GHCR, another body":       {request{"POST", "/webhooks/ghcr", published + " ", ghcr(signature(secret, published), "package")}, unsigned, nil},
		"GHCR without a signature": {request{"POST", "/webhooks/ghcr", published, nil}, unsigned, nil},
		"GHCR by GET":              {request{"GET", "/webhooks/ghcr", "", nil}, "405 Method Not Allowed", nil},
		"a header":                 {request{"POST", "/webhooks/generic", pushed, map[string]string{"Authorization": "Bearer " + secret}}, "202 accepted", []hint.Hint{fromOthers}},
		"a path":                   {request{"POST", "/webhooks/generic/" + secret, pushed, nil}, "202 accepted", []hint.Hint{fromOthers}},
		"no secret":                {request{"POST", "/webhooks/generic", pushed, nil}, unknown, nil},
		"another secret":           {request{"POST", "/webhooks/generic/" + secret + "x", pushed, nil}, unknown, nil},
		"half a secret":            {request{"POST", "/webhooks/generic/" + secret[:4], pushed, nil}, unknown, nil},
		"no JSON":                  {request{"POST", "/webhooks/generic/" + secret, "push=1", nil}, `400 the webhook cannot be read: invalid character 'p' looking for beginning of value | hint: send {"repository": "shop/api"}, or one of the forms that docs/watch.md lists`, nil},
		"too large":                {request{"POST", "/webhooks/generic/" + secret, strings.Repeat(" ", 1<<20+1), nil}, "413 the body is too large | hint: send at most 1048576 bytes", nil},
	} {
		t.Run(name, func(t *testing.T) {
			expect.Equal(t, test.want, s.do(test.request))
			var handed []hint.Hint
			select {
			case m := <-s.out:
				handed = m.Hints
				if age := time.Since(handed[0].At); age < 0 || age > time.Minute {
					t.Errorf("it happened at %s", handed[0].At)
				}
				handed[0].At = time.Time{}
			default:
			}
			expect.Equal(t, test.handed, handed)
		})
	}
}

func TestWebhooksAreOff(t *testing.T) {
	s := serve(t, endpoint.Options{Listen: "127.0.0.1:0"}, 1)
	for _, r := range []request{
		{"POST", "/webhooks/generic/", pushed, nil},
		{"POST", "/webhooks/generic", pushed, map[string]string{"Authorization": "Bearer "}},
		{"POST", "/webhooks/ghcr", published, map[string]string{"X-Hub-Signature-256": signature("", published), "X-GitHub-Event": "package"}},
	} {
		if got := s.do(r); !strings.HasPrefix(got, "404 ") {
			t.Errorf("%s: %s", r.path, got)
		}
	}
	expect.Equal(t, "404 webhooks are off | hint: set TAGBOAT_WEBHOOK_SECRET where tagboat watch runs", s.do(request{"POST", "/webhooks/generic/x", pushed, nil}))
}

func TestWhoIsBusySaysWhenToComeAgain(t *testing.T) {
	s := serve(t, endpoint.Options{Listen: "127.0.0.1:0", Secret: secret}, 0)
	expect.Equal(t, "503 the watcher is busy | hint: send it again later | after 10", s.do(request{"POST", "/webhooks/generic/" + secret, pushed, nil}))
}

func TestSecretsStayOut(t *testing.T) {
	s := serve(t, endpoint.Options{Listen: "0.0.0.0:0", Token: token, Secret: secret}, 9)
	var said strings.Builder
	for _, r := range []request{
		{"POST", "/webhooks/generic/" + secret, "no JSON", nil},
		{"POST", "/webhooks/generic/" + secret, pushed, nil},
		{"POST", "/webhooks/generic/" + secret + "/", pushed, nil},
		{"GET", "/webhooks/generic/" + secret, "", nil},
		{"POST", "/webhooks/generic/" + secret + "%00", pushed, nil},
		{"POST", "/webhooks/generic", pushed, map[string]string{"Authorization": "Bearer " + secret + secret}},
		{"POST", "/webhooks/ghcr", published, map[string]string{"X-Hub-Signature-256": "sha256=" + secret}},
		{"GET", "/metrics", "", map[string]string{"Authorization": "Bearer " + token + token}},
		{"GET", "/" + token, "", nil},
	} {
		said.WriteString(s.do(r) + "\n")
	}
	all := said.String() + s.log.String()
	if !strings.Contains(all, "webhook refused") || !strings.Contains(all, "/webhooks/generic/{secret}") {
		t.Errorf("nothing was logged:\n%s", all)
	}
	if strings.Contains(all, secret) || strings.Contains(all, token) {
		t.Errorf("a secret is in it:\n%s", all)
	}
}

// TestTheEndWaitsForNobody ends an endpoint while a webhook waits, for two seconds, for a watcher that is busy.
func TestTheEndWaitsForNobody(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	e := expect.Value(endpoint.New(endpoint.Options{Listen: "127.0.0.1:0", Secret: secret, Log: slog.New(slog.DiscardHandler)}))(t)
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx, make(chan hint.Message)) }()
	answered := make(chan int, 1)
	go func() {
		r, err := http.Post("http://"+e.Addr()+"/webhooks/generic/"+secret, "application/json", strings.NewReader(pushed))
		if err != nil {
			answered <- 0
			return
		}
		defer r.Body.Close()
		answered <- r.StatusCode
	}()
	timer := time.AfterFunc(500*time.Millisecond, cancel)
	defer timer.Stop()
	begin := time.Now()
	expect.OK(t, <-ended)
	expect.Equal(t, http.StatusServiceUnavailable, <-answered)
	if took := time.Since(begin); took > 3400*time.Millisecond {
		t.Errorf("it took %s", took)
	}
}

func TestReadiness(t *testing.T) {
	r := &endpoint.Readiness{}
	s := serve(t, endpoint.Options{Listen: "127.0.0.1:0", Ready: r.Err}, 0)
	ready := func() string { return s.do(request{method: "GET", path: "/readyz"}) }
	expect.Equal(t, "503 not ready: no environment was looked at yet", ready())
	r.Received(nil)
	r.Looked()
	expect.Equal(t, "200 ready", ready())
	r.Received(errors.New("no such queue"))
	expect.Equal(t, "503 not ready: the queue cannot be read: no such queue", ready())
	r.Received(nil)
	expect.Equal(t, "200 ready", ready())
}
