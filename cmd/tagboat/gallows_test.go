package main

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
)

// gallows stands in front of a sandbox and kills the process that asks, as kill -9 does,
// at the call that it is told. After that nothing that the process still sent arrives.
type gallows struct {
	next http.Handler

	mu        sync.Mutex
	victim    *exec.Cmd
	calls     int            // since the victim was started
	at        int            // the call that kills; 0 for none
	delivered bool           // that call takes effect, and only its answer is lost
	dead      bool           // nothing arrives any more
	changes   map[string]int // calls that took effect, by operation
}

// start starts cmd, which is to die at a call, and counts its calls from there.
func (g *gallows) start(cmd *exec.Cmd, at int, delivered bool) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.victim, g.calls, g.at, g.delivered, g.dead = cmd, 0, at, delivered, false
	return cmd.Start()
}

// ServeHTTP implements http.Handler.
func (g *gallows) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	delivered, answered := g.judge()
	if !delivered {
		panic(http.ErrAbortHandler)
	}
	answer := httptest.NewRecorder()
	g.next.ServeHTTP(answer, r)
	if answer.Code == http.StatusOK {
		g.note(r.Header.Get("X-Amz-Target"))
	}
	if !answered {
		g.kill()
		panic(http.ErrAbortHandler)
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// judge says whether the call arrives, and whether its answer does.
func (g *gallows) judge() (delivered, answered bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls++
	if g.dead {
		return false, false
	}
	if g.calls != g.at {
		return true, true
	}
	g.dead = true
	if !g.delivered {
		_ = g.victim.Process.Kill()
	}
	return g.delivered, false
}

func (g *gallows) kill() {
	g.mu.Lock()
	defer g.mu.Unlock()
	_ = g.victim.Process.Kill()
}

func (g *gallows) note(target string) {
	_, operation, _ := strings.Cut(target, ".")
	g.mu.Lock()
	defer g.mu.Unlock()
	g.changes[operation]++
}

// changed returns how often operations took effect.
func (g *gallows) changed(operations ...string) (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, operation := range operations {
		n += g.changes[operation]
	}
	return n
}

// counted returns how many calls the process made that was started last.
func (g *gallows) counted() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.calls
}
