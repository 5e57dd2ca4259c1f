// Package serve puts the page, the API and a watcher's answers together into one HTTP server:
//
//	request ──▶ headers ──▶ /healthz, /readyz, /metrics, /webhooks/ ──▶ watch/endpoint
//	                   └──▶ door ──▶ /api/ ──▶ api ──▶ desk, board
//	                            └──▶ /     ──▶ page ──▶ desk, board
package serve

import "net/http"

// Parts are what a server is put together of. What is nil is not there.
type Parts struct {
	// Door lets in who may come in, and says to what is behind it who that is.
	Door func(http.Handler) http.Handler
	API  http.Handler // below /api/
	Page http.Handler // everything else
	// Endpoint answers health, metrics and webhooks, whose callers it knows itself.
	Endpoint http.Handler
}

// Handler returns the one handler of all parts.
func Handler(p Parts) http.Handler {
	inside := http.NewServeMux()
	inside.Handle("/api/", or(p.API, "there is no API here"))
	inside.Handle("/", or(p.Page, "there is no page here"))
	mux := http.NewServeMux()
	mux.Handle("/", through(p.Door, inside))
	outside := or(p.Endpoint, "there is no watcher here")
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/webhooks/"} {
		mux.Handle(path, outside)
	}
	return strict(mux)
}

// or returns h, or what says that it is not there.
func or(h http.Handler, missing string) http.Handler {
	if h != nil {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, missing, http.StatusNotFound) })
}

func through(door func(http.Handler) http.Handler, inside http.Handler) http.Handler {
	if door == nil {
		return inside
	}
	return door(inside)
}
