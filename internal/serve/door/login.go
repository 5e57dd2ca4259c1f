package door

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Form is what a login form shows.
type Form struct {
	Next    string // where the person wanted to go: a path of this server
	Problem string // why the last attempt failed; "" for none
	Status  int    // of the answer
}

// The paths that a Door answers itself: the form is shown and sent at one, and a session ends at the
// other.
const (
	LoginPath  = "/login"
	LogoutPath = "/logout"
	// TokenField is the form's field with the token, NextField that with where to go, and CSRFField
	// that of all other forms with Person.Token. CSRFHeader has the same as a header.
	TokenField = "token"
	NextField  = "next"
	CSRFField  = "csrf"
	CSRFHeader = "X-Csrf-Token"
)

// login shows the form, and lets in people who send a token with it.
func (d *Door) login(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		d.form(w, r, http.StatusOK, Form{Next: within(r.FormValue(NextField))})
		return
	case http.MethodPost:
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		d.refuse(w, r, refusal{status: http.StatusMethodNotAllowed, message: "the form is shown and sent", hint: "use GET or POST"})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, bodyLimit)
	if err := d.sameOrigin(r); err != nil {
		d.refuse(w, r, err)
		return
	}
	next := within(r.PostFormValue(NextField))
	p, err := d.byToken(strings.TrimSpace(r.PostFormValue(TokenField)))
	if err != nil {
		d.log(r, err)
		if d.hold(r) {
			d.form(w, r, http.StatusUnauthorized, Form{Next: next, Problem: "The token is not known."})
		} else {
			d.form(w, r, http.StatusTooManyRequests, Form{Next: next, Problem: "Too many attempts. Try again later."})
		}
		return
	}
	d.sessions.end(r)
	http.SetCookie(w, d.cookie(d.sessions.begin(p), int(lasts/time.Second)))
	http.Redirect(w, r, next, http.StatusSeeOther)
}

// logout ends a session.
func (d *Door) logout(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		d.refuse(w, r, refusal{status: http.StatusMethodNotAllowed, message: "a session ends by a form", hint: "use POST"})
		return
	}
	d.sessions.end(r)
	http.SetCookie(w, d.cookie("", -1))
	http.Redirect(w, r, LoginPath, http.StatusSeeOther)
}

func (d *Door) form(w http.ResponseWriter, r *http.Request, status int, f Form) {
	if d.options.Form == nil {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(f.Problem + "\nhint: send Authorization: Bearer TOKEN\n"))
		return
	}
	f.Status = status
	d.options.Form(w, r, f)
}

// within returns a path of this server, and the first page for anything else.
func within(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}

// cookie returns the session's, which no script reads. Another site's page sends it only where somebody
// follows a link, as from a chat, which changes nothing.
// https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Set-Cookie
func (d *Door) cookie(id string, age int) *http.Cookie {
	return &http.Cookie{
		Name: cookieName, Value: id, Path: "/", MaxAge: age, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: d.public != nil && d.public.Scheme == "https",
	}
}

const cookieName = "tagboat-session"

// How long a session lasts that is not used, and how many there are: the oldest ends for a new one.
const (
	lasts = 12 * time.Hour
	most  = 10_000
)

// sessions are those of this process. The zero value has none.
type sessions struct {
	mu  sync.Mutex
	all map[string]*session
}

type session struct {
	person Person
	used   time.Time
}

func (s *sessions) begin(p Person) string {
	id := rand.Text() + rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[string]*session{}
	}
	oldest := ""
	for id, one := range s.all {
		if time.Since(one.used) > lasts {
			delete(s.all, id)
		} else if oldest == "" || one.used.Before(s.all[oldest].used) {
			oldest = id
		}
	}
	if len(s.all) >= most {
		delete(s.all, oldest)
	}
	s.all[id] = &session{p, time.Now()}
	return id
}

// of returns the session of a request; false where it has none, or that has ended.
func (s *sessions) of(r *http.Request) (string, Person, bool) {
	sent, err := r.Cookie(cookieName)
	if err != nil {
		return "", Person{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.all[sent.Value]
	if !ok || time.Since(one.used) > lasts {
		return "", Person{}, false
	}
	one.used = time.Now()
	return sent.Value, one.person, true
}

func (s *sessions) end(r *http.Request) {
	sent, err := r.Cookie(cookieName)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, sent.Value)
}
