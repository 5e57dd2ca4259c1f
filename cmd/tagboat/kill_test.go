package main

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
)

// killing is a deployment that the process is killed in, and what has to come of it when
// the same command runs again.
type killing struct {
	name string
	from string // what runs before; "" for nothing
	to   string // what is deployed
	runs string // what runs in the end; "" for what is deployed
	// verdict is that of the run that nobody kills, and of the last one as well, where the
	// killed one has not come to it itself.
	verdict tagboat.Verdict
	code    int
	// revisions is how many there are to be in all, however often it ran.
	revisions int
	// rollouts is how many are started in all, and more how many the second run may add:
	// where the first one has gone back already, it tries again what is pinned.
	rollouts, more int
}

// TestKilledAtEveryCall kills the process at each call that it makes, before the call
// arrives and after it has taken effect, and runs the same command again: it has to end
// as if nothing had been, with no second revision and no rollout that was not needed. It
// tries every sixth call of good rollouts, and all calls of all with TAGBOAT_EXHAUSTIVE=1.
func TestKilledAtEveryCall(t *testing.T) {
	kinds, step := []killing{
		{name: "created", to: "v1", verdict: tagboat.VerdictSucceeded, revisions: 2, rollouts: 2},
		{name: "changed", from: "v1", to: "v2", verdict: tagboat.VerdictSucceeded, revisions: 4, rollouts: 4},
	}, 6
	if os.Getenv("TAGBOAT_EXHAUSTIVE") != "" {
		kinds, step = append(kinds, killing{
			name: "broken", from: "v1", to: "bad", runs: "v1", verdict: tagboat.VerdictRolledBack, code: 4, revisions: 4, rollouts: 6, more: 4,
		}), 1
	}
	if expect.Race {
		step = 18
	}
	for _, k := range kinds {
		calm := k.prepare(t)
		k.check(t, calm, calm.deploy(t, 0, false))
		calls := calm.gallows.counted()
		t.Logf("%s: %d calls", k.name, calls)
		for call := 1; call <= calls; call += step {
			for _, delivered := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/call %d, delivered %t", k.name, call, delivered), func(t *testing.T) {
					t.Parallel()
					k.killAt(t, call, delivered)
				})
			}
		}
	}
}

// killAt kills the process at one call and runs the command again.
func (k killing) killAt(t *testing.T, call int, delivered bool) {
	t.Helper()
	p := k.prepare(t)
	if d := p.deploy(t, call, delivered); d.code >= 0 {
		t.Logf("it ended after %d calls already", p.gallows.counted())
	}
	k.check(t, p, p.deploy(t, 0, false))
}

// check compares how it ended.
func (k killing) check(t *testing.T, p *place, ended outcome) {
	t.Helper()
	if ended.code != k.code {
		t.Fatalf("exit code %d: %s%s", ended.code, ended.stdout, ended.stderr)
	}
	for _, d := range ended.document.Deployments {
		if d.Verdict != k.verdict && d.Verdict != tagboat.VerdictUnchanged || d.Images[0].Running != p.digests[cmp.Or(k.runs, k.to)] {
			t.Errorf("%s ended as %s with %s running: %s", d.Service, d.Verdict, d.Images[0].Running, d.Reason)
		}
	}
	expect.EqualIn(t, "revisions were registered", k.revisions, p.gallows.changed("RegisterTaskDefinition"))
	if n := p.gallows.changed("CreateService", "UpdateService"); n < k.rollouts || n > k.rollouts+k.more {
		t.Errorf("%d rollouts were started, not %d to %d", n, k.rollouts, k.rollouts+k.more)
	}
}

// prepare makes a place where k begins.
func (k killing) prepare(t *testing.T) *place {
	t.Helper()
	p := newPlace(t)
	for _, tag := range []string{k.from, k.to} {
		if tag == "" {
			continue
		}
		p.push(t, tag)
		p.must(t, "pin", "app="+tag, "--env", "dev")
		if tag == k.from {
			p.must(t, "deploy", "--env", "dev")
		}
	}
	return p
}

// gallows is a proxy in front of a sandbox. At a given call it kills the process that makes
// the call, as kill -9 does, and drops everything that the process sent after that.
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
