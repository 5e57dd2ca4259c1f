package board_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/serve/board"
)

// latency has each call take its time.
type latency struct {
	next http.RoundTripper
	each time.Duration
}

// RoundTrip implements http.RoundTripper.
func (l *latency) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-time.After(l.each):
		return l.next.RoundTrip(r)
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// spent adds up what looks cost.
type spent struct {
	mu    sync.Mutex
	calls map[string]int
}

func (s *spent) add(c tagboat.Calls) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, n := range c.ByOperation {
		s.calls[name] += n
	}
}

// take returns what was spent since the last call, in words.
func (s *spent) take() (words string, total int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, name := range slices.Sorted(maps.Keys(s.calls)) {
		all = append(all, fmt.Sprintf("%s %d", name, s.calls[name]))
		total += s.calls[name]
	}
	s.calls = map[string]int{}
	return strings.Join(all, ", "), total
}

// running creates services that nobody pinned or deployed by Tagboat, in all environments.
func running(w *apptest.World, services []string) {
	keys := map[string]string{"dev": "sandbox", "staging": "sandbox", "prod": apptest.ProdAccount, "mb-dev": apptest.TenantAccount, "mb-staging": apptest.TenantAccount, "mb-prod": apptest.TenantAccount}
	for _, service := range services {
		w.Push("shop/" + service + ":v1")
		for env, key := range keys {
			w.AWSAs(key, "ecs.RegisterTaskDefinition", map[string]any{
				"family": service, "requiresCompatibilities": []string{"FARGATE"}, "networkMode": "awsvpc", "cpu": "256", "memory": "512",
				"executionRoleArn":     "arn:aws:iam::123456789012:role/execution",
				"containerDefinitions": []any{map[string]any{"name": "app", "essential": true, "image": "127.0.0.1:4510/shop/" + service + ":v1"}},
			})
			w.AWSAs(key, "ecs.CreateService", map[string]any{
				"cluster": env, "serviceName": service, "taskDefinition": service, "desiredCount": 1, "launchType": "FARGATE",
				"networkConfiguration": map[string]any{"awsvpcConfiguration": map[string]any{"subnets": []string{"subnet-1"}}},
			})
		}
	}
	w.Later(5 * time.Minute)
}

// TestTheFirstMatrix holds what the first matrix of 20 services and 6 environments in three accounts
// costs and takes, with 40 ms a call, where nothing was set up in AWS: no pins, no releases, no queue;
// and what it costs to keep it for somebody who looks.
func TestTheFirstMatrix(t *testing.T) {
	for name, c := range map[string]struct {
		stages        string
		first, minute int // calls, at most
		within        time.Duration
	}{
		"without releases": {"[{name: dev}, {name: staging}, {name: prod}]", 150, 120, time.Second},
		"with releases":    {"", 154, 120, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			apptest.Run(t, sandbox.Config{Quotas: "off"}, func(w *apptest.World) {
				f := apptest.Family{Stages: c.stages}
				for i := range 20 {
					f.Services = append(f.Services, fmt.Sprintf("s%02d", i))
				}
				f.Open(w)
				running(w, f.Services)
				slow := &latency{each: 40 * time.Millisecond}
				a := w.Open(func(next http.RoundTripper) http.RoundTripper { slow.next = next; return slow })
				cost := &spent{calls: map[string]int{}}
				b, began := boardOf(t, a, cost), time.Now()
				ctx, cancel := context.WithCancel(w.Context())
				ended := make(chan error, 1)
				go func() { ended <- b.Run(ctx) }()
				for b.Now().At.IsZero() { // until it runs, nothing is waited for
					w.Later(time.Millisecond)
				}
				s := b.Fresh(w.Context(), time.Hour)
				took := time.Since(began)
				words, total := cost.take()
				t.Logf("the first matrix: %d calls, %v, which is %d one after the other: %s", total, took, took/slow.each, words)
				expect.Equal(t, []any{120, 0}, []any{len(s.Document.Services), len(s.Document.Errors)})
				for _, service := range s.Document.Services {
					if service.State != "steady" || service.Main().Running == "" {
						t.Fatalf("it is %+v", service)
					}
				}
				if took > c.within || total > c.first {
					t.Errorf("it took %v of %v and %d calls of %d", took, c.within, total, c.first)
				}

				w.Later(time.Hour)
				words, total = cost.take()
				t.Logf("an hour while nobody looks: %d calls: %s", total, words)
				viewer := b.Subscribe(b.Now().ID)
				defer viewer.Close()
				w.Later(time.Second)
				cost.take()
				w.Later(time.Minute)
				words, total = cost.take()
				t.Logf("a minute while somebody looks: %d calls: %s", total, words)
				if total > c.minute {
					t.Errorf("a minute costs %d calls of %d", total, c.minute)
				}
				if got := b.Now().ID; got != s.ID {
					t.Errorf("there are %d events where nothing happened", got-s.ID)
				}
				cancel()
				expect.OK(t, <-ended)
			})
		})
	}
}

// boardOf returns a board of all environments.
func boardOf(t *testing.T, a *app.App, cost *spent) *board.Board {
	t.Helper()
	return board.New(board.Options{
		Config: a.Config, Environments: expect.Value(a.Fleet.Environments(fleet.Selection{}))(t), Look: a.View.Status, Sweep: 15 * time.Minute, Calls: cost.add,
	})
}
