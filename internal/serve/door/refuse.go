package door

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/wait"
)

// refusal is the answer to somebody who is kept out.
type refusal struct {
	status        int
	message, hint string
	guess         bool // somebody may be guessing secrets: the answer is held back
}

// Error implements error.
func (r refusal) Error() string { return r.message }

// Wrong guesses are answered after a while, so that guessing takes longer than anybody has; so many at
// a time, and beyond that they are refused at once, so that guessing costs the server nothing.
const (
	holdBack = time.Second
	heldBack = 64
)

// hold waits before a wrong guess is answered. It reports false at once where too many wait already.
func (d *Door) hold(r *http.Request) bool {
	select {
	case d.failures <- struct{}{}:
		defer func() { <-d.failures }()
	default:
		return false
	}
	_ = wait.For(r.Context(), holdBack) // a client that has gone needs no answer
	return true
}

// log notes who was kept out, and why, without what was sent.
func (d *Door) log(r *http.Request, why error) {
	d.options.Log.WarnContext(r.Context(), "kept out", "from", r.RemoteAddr, "method", r.Method, "path", r.URL.Path, "why", why.Error())
}

// refuse answers somebody who is kept out: a browser that wants a page is sent to the form.
func (d *Door) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var why refusal
	errors.As(err, &why) // nothing else is refused for
	d.log(r, err)
	if why.guess && !d.hold(r) {
		why = refusal{status: http.StatusTooManyRequests, message: "too many attempts", hint: "try again later"}
		w.Header().Set("Retry-After", "10")
	}
	api := strings.HasPrefix(r.URL.Path, "/api/")
	if why.status == http.StatusUnauthorized {
		if !api && r.Method == http.MethodGet && len(d.options.Tokens) > 0 && r.Header.Get("Authorization") == "" {
			http.Redirect(w, r, LoginPath+"?"+url.Values{NextField: {r.URL.RequestURI()}}.Encode(), http.StatusSeeOther)
			return
		}
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	if !api {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(why.status)
		_, _ = w.Write([]byte(why.message + "\nhint: " + why.hint + "\n"))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(why.status)
	_ = json.NewEncoder(w).Encode(tagboat.ErrorDocument{Error: tagboat.DetailOf(tagboat.Errorf(tagboat.Blocked, "%s", why.message).WithHint("%s", why.hint))})
}
