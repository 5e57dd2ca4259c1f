package serve

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// strict sets the headers that tell a browser to allow nothing that the page does not need. A handler
// may set Cache-Control anew, for what never changes.
// https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CSP
func strict(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// bodyLimit is the most that a request may send: what a webhook may, and a byte to tell that it is more.
const bodyLimit = 1<<20 + 1

// whole reads the body of a request before anything is done for it, so that a slow client has a
// deadline, and an answer that takes long has none for reading.
func whole(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength == 0 || r.Body == nil {
			next.ServeHTTP(w, r)
			return
		}
		control := http.NewResponseController(w)
		_ = control.SetReadDeadline(time.Now().Add(bodyTime)) // a connection has deadlines
		body, err := io.ReadAll(io.LimitReader(r.Body, bodyLimit))
		if err != nil {
			status := http.StatusBadRequest
			if errors.Is(err, os.ErrDeadlineExceeded) {
				status = http.StatusRequestTimeout
			}
			http.Error(w, "the body ended early", status)
			return
		}
		_ = control.SetReadDeadline(time.Time{})
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}
