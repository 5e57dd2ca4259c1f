package registry

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/tagboat/tagboat"
)

// guard holds a registry to the limits, request by request, and to where requests may go.
type guard struct {
	inner  http.RoundTripper
	limits Limits
}

// largestError is how much of an answer is read that is an error: no more is of use.
const largestError = 64 << 10

// RoundTrip implements http.RoundTripper. The answer's body gives an error that wraps
// ErrLimit where it goes past a limit.
func (g guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := g.mayGo(r); err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, err
	}
	w := g.watch(r)
	out := r.WithContext(w.ctx)
	if r.Body != nil && r.Body != http.NoBody {
		out.Body = &upload{r.Body, w}
	}
	resp, err := g.inner.RoundTrip(out)
	if err != nil {
		w.stop()
		return nil, w.because(err)
	}
	if resp.Request == nil {
		resp.Request = out
	}
	w.beginBody(g.limits.Total, g.limits.tooSlow(r.URL.Host))
	resp.Body = g.body(r, resp, w)
	return resp, nil
}

// body bounds an answer's body.
func (g guard) body(r *http.Request, resp *http.Response, w *watch) *body {
	limit, cut := g.limitFor(r, resp)
	b := &body{inner: resp.Body, watch: w, left: limit, cut: cut, past: g.limits.tooLarge(r.URL.Host, "an answer", limit)}
	b.entries.left, b.crowded = g.limits.entries(), g.limits.errTooManyTags(r.URL.Host)
	switch {
	case cut:
		b.entries.left = largestError
	case isList(r):
		// Some registries tell of each image in the same document, further inside.
		b.entries = commas{left: 2*g.limits.Tags + g.limits.entries(), deepest: 2}
		b.crowded = g.limits.tooMany(r.URL.Host)
	}
	return b
}

func isList(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/tags/list") }

// limitFor returns how much of an answer is read, and whether the rest is cut off or makes
// an error.
func (g guard) limitFor(r *http.Request, resp *http.Response) (bytes int64, cut bool) {
	switch {
	case resp.StatusCode >= http.StatusBadRequest:
		return largestError, true
	case isList(r):
		return g.limits.list(), false
	default:
		return g.limits.Size, false
	}
}

// mayGo checks where a request goes. Credentials are sent by the code that knows their owner;
// here they are kept out of the clear.
func (g guard) mayGo(r *http.Request) error {
	host := r.URL.Host
	if r.URL.Scheme != "https" && !loopback(host) {
		switch {
		case r.Header.Get("Authorization") != "":
			return tagboat.Errorf(tagboat.Internal, "registry %s speaks http, and the login would be sent there unencrypted", host).
				WithHint("a registry that asks for a login must speak https")
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			return tagboat.Errorf(tagboat.Internal, "registry %s speaks http, and what is pushed would be sent there unencrypted", host).
				WithHint("a registry that images are pushed to must speak https")
		}
	}
	hops := 0
	for at := r; at.Response != nil && at.Response.Request != nil; at = at.Response.Request {
		if hops++; hops > g.limits.Redirects {
			return g.limits.tooFar(host)
		}
		before := at.Response.Request.URL
		if before.Scheme == "https" && at.URL.Scheme != "https" {
			return tagboat.Errorf(tagboat.Internal, "registry %s redirects from https to %s at %s", before.Host, at.URL.Scheme, host).
				WithHint("what comes over %s can be read and changed on its way; no setting allows it", at.URL.Scheme)
		}
		if inside(at.URL.Hostname()) && !inside(before.Hostname()) {
			return tagboat.Errorf(tagboat.Internal, "registry %s redirects to %s, an address of this machine or of a private network", before.Host, host).
				WithHint("name that address in tagboat.yaml, if the registry is there")
		}
	}
	return nil
}

// inside reports whether a host is written as an address that means something only here.
func inside(host string) bool {
	ip, err := netip.ParseAddr(host)
	return loopback(host) || err == nil && (ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified() || ip.Unmap().IsLoopback())
}

// watch ends a request that makes no progress.
type watch struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	wait   time.Duration

	mu    sync.Mutex
	idle  *time.Timer
	whole *time.Timer // for all of the body; nil before it
}

// watch begins to wait for an answer. Where something is sent, the registry may take its
// time to store it.
func (g guard) watch(r *http.Request) *watch {
	wait := g.limits.Wait
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		wait = max(wait, g.limits.Total)
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	stalled := g.limits.errStalled(r.URL.Host, wait)
	return &watch{ctx: ctx, cancel: cancel, wait: wait, idle: time.AfterFunc(wait, func() { cancel(stalled) })}
}

// beginBody bounds how long the body may take in all.
func (w *watch) beginBody(total time.Duration, slow error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.idle.Reset(w.wait)
	w.whole = time.AfterFunc(total, func() { w.cancel(slow) })
}

// goesOn says that something came or went.
func (w *watch) goesOn() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.idle.Reset(w.wait)
}

func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.idle.Stop()
	if w.whole != nil {
		w.whole.Stop()
	}
	w.cancel(nil)
}

// because returns the limit that made an error, where one did.
func (w *watch) because(err error) error {
	if cause := context.Cause(w.ctx); errors.Is(cause, ErrLimit) {
		return cause
	}
	return err
}

// upload is the body of a request.
type upload struct {
	io.ReadCloser
	watch *watch
}

// Read implements io.Reader.
func (u *upload) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	if n > 0 {
		u.watch.goesOn()
	}
	return n, err
}

// body is the body of an answer.
type body struct {
	inner io.ReadCloser
	watch *watch
	left  int64
	cut   bool
	past  error

	entries commas
	crowded error
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return b.end()
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.inner.Read(p)
	b.left -= int64(n)
	if n > 0 {
		b.watch.goesOn()
	}
	if b.entries.over(p[:n]) {
		return 0, b.crowded
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = b.watch.because(err)
	}
	return n, err
}

// commas bounds the entries of a JSON document before anybody decodes it: an entry of three
// bytes can take two hundred in memory.
type commas struct {
	left    int
	deepest int // what is nested deeper in lists and maps does not count; 0 counts everything

	depth             int
	quoted, backslash bool
}

// over reports whether there are more than may be, with p as what comes next of the document.
func (c *commas) over(p []byte) bool {
	for _, b := range p {
		switch {
		case c.backslash:
			c.backslash = false
		case c.quoted:
			c.backslash, c.quoted = b == '\\', b != '"'
		default:
			c.follow(b)
		}
	}
	return c.left < 0
}

// follow takes a byte that is outside of strings.
func (c *commas) follow(b byte) {
	switch b {
	case '"':
		c.quoted = true
	case '[', '{':
		c.depth++
	case ']', '}':
		c.depth--
	case ',':
		if c.deepest == 0 || c.depth <= c.deepest {
			c.left--
		}
	}
}

// end looks whether there is more than may be read.
func (b *body) end() (int, error) {
	if b.cut {
		return 0, io.EOF
	}
	n, err := b.inner.Read(make([]byte, 1))
	switch {
	case n > 0:
		return 0, b.past
	case err != nil && !errors.Is(err, io.EOF):
		return 0, b.watch.because(err)
	default:
		return 0, err
	}
}

// Close implements io.Closer.
func (b *body) Close() error {
	b.watch.stop()
	return b.inner.Close()
}
