// Package proxytest stands between a client of AWS and whatever answers it, and does to
// single calls what networks and eventually consistent services do: it loses them or their
// answers, delivers them twice, late or in another order, and answers with what was true
// before, with something else, or with a refusal. Only tests import it.
package proxytest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Proxy is an http.Handler in front of AWS. A request that no order strikes passes
// unchanged. It is safe for concurrent use.
type Proxy struct {
	next http.Handler
	over chan struct{} // closed at the end: what is held then never lands

	mu     sync.Mutex
	orders []*Order
	calls  []Call
	before map[question][]byte // the last true answer to each question
	told   chan struct{}       // closed and replaced at each change that Await waits for
}

// Call is a request that the client sent, whatever became of it.
type Call struct {
	Operation string // "ecs.UpdateService"
	Body      []byte
	Order     string // the name of the order that struck it; "" for none
	Landed    int    // how often it has reached AWS so far
}

// New returns a Proxy in front of next, which is the sandbox, or To an address.
func New(next http.Handler) *Proxy {
	return &Proxy{next: next, over: make(chan struct{}), before: map[question][]byte{}, told: make(chan struct{})}
}

// To returns a handler that passes requests on to a server, under the server's own name.
func To(address string) (http.Handler, error) {
	target, err := url.Parse(address)
	if err != nil || target.Host == "" {
		return nil, fmt.Errorf("%q is no address: %w", address, err)
	}
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}, nil
}

// Order adds an order. Each request is struck by the first order that wants it.
func (p *Proxy) Order(o Order) error {
	if err := o.prepare(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.find(o.Name) != nil {
		return fmt.Errorf("there is an order by the name %s already: give it another one", o.Name)
	}
	p.orders = append(p.orders, &o)
	return nil
}

// Release lets everything go that the named order holds, and ends the order.
func (p *Proxy) Release(name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.find(name)
	if o == nil {
		return fmt.Errorf("there is no order by the name %s", name)
	}
	p.end(o)
	return nil
}

// Clear ends all orders, and lets go what they hold.
func (p *Proxy) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range slices.Clone(p.orders) {
		p.end(o)
	}
}

// end ends an order. Whoever calls holds the lock.
func (p *Proxy) end(o *Order) {
	close(o.released)
	p.orders = slices.DeleteFunc(p.orders, func(other *Order) bool { return other == o })
	p.tell()
}

// Close drops what is still held. No request may come after that.
func (p *Proxy) Close() { close(p.over) }

// Calls returns the calls of an operation, or of a glob of them, so far.
func (p *Proxy) Calls(operation string) []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.matching(func(c Call) bool { return matches(operation, c.Operation) })
}

// Await waits until the named order has struck n calls, whether or not they have landed.
func (p *Proxy) Await(ctx context.Context, name string, n int) error {
	return p.await(ctx, func() bool { return len(p.matching(func(c Call) bool { return c.Order == name })) >= n })
}

// AwaitLanded waits until n calls of an operation have reached AWS and were answered
// there, counting one that was delivered twice as two.
func (p *Proxy) AwaitLanded(ctx context.Context, operation string, n int) error {
	return p.await(ctx, func() bool {
		landed := 0
		for _, c := range p.matching(func(c Call) bool { return matches(operation, c.Operation) }) {
			landed += c.Landed
		}
		return landed >= n
	})
}

func (p *Proxy) await(ctx context.Context, done func() bool) error {
	for {
		p.mu.Lock()
		told, ok := p.told, done()
		p.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-told:
		case <-ctx.Done():
			return fmt.Errorf("waiting for calls: %w", ctx.Err())
		}
	}
}

// tell wakes who waits. Whoever calls holds the lock.
func (p *Proxy) tell() {
	close(p.told)
	p.told = make(chan struct{})
}

func (p *Proxy) matching(wanted func(Call) bool) (found []Call) {
	for _, c := range p.calls {
		if wanted(c) {
			found = append(found, c)
		}
	}
	return found
}

func (p *Proxy) find(name string) *Order {
	for _, o := range p.orders {
		if o.Name == name {
			return o
		}
	}
	return nil
}

// ServeHTTP implements http.Handler. It panics with http.ErrAbortHandler to reset the
// connection.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	operation, ok := operationOf(r, body)
	if !ok { // the sandbox's own pages, and its registry
		r.Body = io.NopCloser(bytes.NewReader(body))
		p.next.ServeHTTP(w, r)
		return
	}
	x := &exchange{proxy: p, request: r, body: body, operation: operation}
	x.order = p.strike(x)
	answer := x.carry()
	if answer == nil {
		panic(http.ErrAbortHandler)
	}
	answer.send(w)
}

// strike notes the call and returns the order that strikes it; nil for none.
func (p *Proxy) strike(x *exchange) *Order {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.tell()
	x.number = len(p.calls)
	p.calls = append(p.calls, Call{Operation: x.operation, Body: x.body})
	for _, o := range p.orders {
		if o.wants(x.operation, x.body) {
			p.calls[x.number].Order = o.Name
			return o
		}
	}
	return nil
}

// exchange is one call on its way.
type exchange struct {
	proxy     *Proxy
	request   *http.Request
	body      []byte
	operation string
	number    int // in Proxy.calls
	order     *Order
}

// deliver has the call take effect, whether or not its client is still there, and
// remembers the answer.
func (x *exchange) deliver() *answer {
	r := x.request.Clone(context.WithoutCancel(x.request.Context()))
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(x.body)), int64(len(x.body))
	recorder := httptest.NewRecorder()
	reset := serve(x.proxy.next, recorder, r)
	p := x.proxy
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.tell()
	if reset { // by a fault of the sandbox
		return nil
	}
	p.calls[x.number].Landed++
	got := &answer{status: recorder.Code, header: recorder.Header(), body: recorder.Body.Bytes()}
	if got.status == http.StatusOK {
		p.before[ask(x.operation, x.body)] = got.body
	}
	return got
}

// serve reports whether the handler reset the connection.
func serve(next http.Handler, w http.ResponseWriter, r *http.Request) (reset bool) {
	defer func() {
		switch fault := recover(); fault {
		case nil:
		case http.ErrAbortHandler:
			reset = true
		default:
			panic(fault)
		}
	}()
	next.ServeHTTP(w, r)
	return false
}

// wait waits for a channel, and reports whether it came to that before the proxy closed.
func (p *Proxy) wait(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	case <-p.over:
		return false
	}
}

// answer is what a client gets.
type answer struct {
	status int
	header http.Header
	body   []byte
	cut    bool // the connection breaks in the middle of the body
}

func (a *answer) send(w http.ResponseWriter) {
	for name, values := range a.header {
		if name != "Content-Length" && name != "X-Amz-Crc32" {
			w.Header()[name] = values
		}
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(a.body)))
	w.WriteHeader(a.status)
	if a.cut {
		_, _ = w.Write(a.body[:len(a.body)/2]) // the client is gone if this fails
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(a.body) // as above
}

// operationOf returns what is called, as service and operation. It reports false for
// requests that are no calls of AWS's API.
func operationOf(r *http.Request, body []byte) (string, bool) {
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	parts := strings.Split(scope, "/")
	if len(parts) < 5 || strings.HasPrefix(r.URL.Path, "/v2/") {
		return "", false
	}
	service := parts[3]
	switch service {
	case "monitoring":
		service = "cloudwatch"
	case "elasticloadbalancing":
		service = "elb"
	}
	if _, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		return service + "." + operation, true
	}
	if i := strings.LastIndex(r.URL.Path, "/operation/"); i >= 0 {
		return service + "." + r.URL.Path[i+len("/operation/"):], true
	}
	form, err := url.ParseQuery(string(body))
	return service + "." + form.Get("Action"), err == nil && form.Has("Action")
}
