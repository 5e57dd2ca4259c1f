package sandbox

import (
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Guard lets through only what programs on this machine ask for on purpose. The sandbox
// checks no signature, so a page in a browser must not reach it: neither under a name of its
// own that leads to this machine (DNS rebinding), nor across sites. Where next listens on
// loopback addresses only, that leaves nobody else.
func Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if why := foreign(r); why != "" {
			http.Error(w, "the sandbox answers programs on this machine alone: "+why+
				"\nhint: use http://127.0.0.1 with the sandbox's port, or localhost", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// foreign names what shows that a request comes from elsewhere; "" where nothing does.
func foreign(r *http.Request) string {
	if !isLoopback(r.Host) {
		return "it is called " + strconv.Quote(r.Host) + ", which is no name of this machine"
	}
	// https://fetch.spec.whatwg.org/#origin-header
	if origin := r.Header.Get("Origin"); origin != "" && !sameOrigin(origin, r.Host) {
		return "a page of " + strconv.Quote(origin) + " asks"
	}
	// https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "none" && site != "same-origin" {
		return "a page of another site asks"
	}
	return ""
}

// isLoopback reports whether a Host header names this machine and nothing else can.
// https://www.rfc-editor.org/rfc/rfc6761#section-6.3
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

func sameOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Scheme == "http" && u.Host == host
}
