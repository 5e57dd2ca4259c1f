// Package page shows the matrix, and all that leads on from it, as HTML. Screens are components of
// templ; each works without script as far as reading goes, and with the one module of the page they
// are live:
//
//	GET /PATH                          a screen
//	GET /PATH with X-Fragment          its part that changes, which the module puts in place
//	GET /live                          changes as server-sent events, one stream for each browser
//
// The stream carries cells as HTML. Each is rendered once for all streams, and is in the DOM one way
// after it was seen: with 500 streams and 30 changes a second, having every browser ask for what
// changed would be 15,000 requests a second. What is read from AWS for one person, such as a drawer,
// is asked for anew when the stream says that it changed, by those who look at it.
package page

import (
	"bytes"
	"cmp"
	"errors"
	"net/http"
	"time"

	"github.com/a-h/templ"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/serve/board"
	"github.com/tagboat/tagboat/internal/serve/desk"
	"github.com/tagboat/tagboat/internal/serve/door"
	"github.com/tagboat/tagboat/internal/serve/stream"
)

//go:generate ../../../.deps/bin/templ generate -log-level error -path .

// Options are what a Page shows.
type Options struct {
	Config *config.Config
	Board  *board.Board
	Desk   *desk.Desk
	Now    func() time.Time // AWS's time, as far as it is known: ages and windows are by it; nil for this machine's
}

// Page shows the matrix and what leads on from it. It is safe for concurrent use.
type Page struct {
	Options
	mux *http.ServeMux
}

// New returns a Page.
func New(o Options) *Page {
	if o.Now == nil {
		o.Now = time.Now
	}
	p := &Page{Options: o, mux: http.NewServeMux()}
	for pattern, screen := range map[string]func(*http.Request) (screen, error){
		"GET /{$}":                          p.matrix,
		"GET /services/{env}/{service}":     p.service,
		"GET /services/{env}/{service}/why": p.why,
		"GET /plan":                         p.plan,
		"GET /cart":                         p.cart,
		"GET /operations":                   p.operations,
		"GET /operations/{id}":              p.operation,
		"GET /history":                      p.history,
		"GET /images":                       p.images,
		"GET /images/{image...}":            p.image,
		"GET /releases":                     p.releases,
		"GET /releases/{release}":           p.release,
		"/":                                 p.nothing,
	} {
		p.mux.HandleFunc(pattern, p.show(screen))
	}
	p.mux.HandleFunc("GET /live", p.live)
	p.mux.HandleFunc("GET /assets/{hash}/{name}", p.asset)
	p.mux.HandleFunc("POST /cart", p.changeCart)
	p.mux.HandleFunc("POST /operations", p.do)
	return p
}

// ServeHTTP answers a request that a door let in.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// screen is what an address shows.
type screen struct {
	title   string
	section string
	body    templ.Component // the part that changes, and the whole of the screen below its head
	above   templ.Component // what stands above the body, and does not change; nil for none
	status  int             // 0 for 200
}

// show answers with a screen: all of it, or its body for the module.
func (p *Page) show(of func(*http.Request) (screen, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, err := of(r)
		if err != nil {
			p.fail(w, r, err)
			return
		}
		p.write(w, r, s)
	}
}

func (p *Page) write(w http.ResponseWriter, r *http.Request, s screen) {
	component := s.body
	if r.Header.Get("X-Fragment") == "" {
		component = whole(p.frame(r, s.section), s)
	}
	var text bytes.Buffer
	if err := component.Render(r.Context(), &text); err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Vary", "X-Fragment")
	w.WriteHeader(cmp.Or(s.status, http.StatusOK))
	_, _ = w.Write(text.Bytes()) // the browser is gone
}

func (p *Page) frame(r *http.Request, section string) frame {
	now := p.Board.Now()
	person := door.Of(r.Context())
	return frame{App: p.Config.App, Section: section, Person: person, ReadOnly: p.Desk.Person(person).ReadOnly,
		InCart: len(cartOf(r)), Boot: p.Board.Boot(), ID: stream.Position(p.Board.Boot(), now.ID)}
}

// fail answers with what went wrong, and what to do.
func (p *Page) fail(w http.ResponseWriter, r *http.Request, err error) {
	status := tagboat.KindOf(err).HTTPStatus()
	var absent notFound
	switch {
	case errors.As(err, &absent):
		status, err = http.StatusNotFound, absent.of
	case errors.Is(err, desk.ErrNotAllowed):
		status = http.StatusForbidden
	}
	p.write(w, r, screen{title: http.StatusText(status), body: failure(status, tagboat.DetailOf(err)), status: status})
}

// notFound is an error about something that is not there.
type notFound struct{ of *tagboat.Error }

func (e notFound) Error() string { return e.of.Error() }

func missing(hint, format string, args ...any) error {
	return notFound{tagboat.Usagef(format, args...).WithHint("%s", hint)}
}

func (p *Page) nothing(r *http.Request) (screen, error) {
	return screen{}, missing("go to the matrix, and find it from there", "there is no page %q", r.URL.Path)
}

// asset answers with an embedded file, which never changes: its address has its hash. A page of another
// version of the server may ask for the same file with another hash, and must not keep what it gets.
func (p *Page) asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	text, err := assets.ReadFile("assets/" + name)
	if err != nil {
		p.fail(w, r, missing("load the page anew", "there is no file %q", name))
		return
	}
	if r.PathValue("hash") == hashes()[name] {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(text))
}

// Form writes the page with the login form of a door.
func (p *Page) Form(w http.ResponseWriter, r *http.Request, f door.Form) {
	var text bytes.Buffer
	if err := login(p.Config.App, f).Render(r.Context(), &text); err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(cmp.Or(f.Status, http.StatusOK))
	_, _ = w.Write(text.Bytes()) // the browser is gone
}
