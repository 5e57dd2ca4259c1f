package watch_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/watch/hint"
)

// untilUpdate counts the calls of AWS's APIs from some moment on until all of some services were updated.
type untilUpdate struct {
	next http.RoundTripper

	mu    sync.Mutex
	left  int // services to be updated
	calls map[string]int
}

// RoundTrip implements http.RoundTripper.
func (u *untilUpdate) RoundTrip(r *http.Request) (*http.Response, error) {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		_, operation, _ := strings.Cut(target, ".")
		u.mu.Lock()
		if u.left > 0 {
			u.calls[short(target, operation)]++
		}
		if operation == "UpdateService" {
			u.left--
		}
		u.mu.Unlock()
	}
	return u.next.RoundTrip(r)
}

// TestCallsFromPushToUpdate counts what a watcher that has been at work for a while asks AWS between a
// push and the update of the service: six calls for an environment, three for the push, however many
// environments follow it, and a look a minute whether everything is frozen. It does not grow with the
// services and environments that do not use the image.
func TestCallsFromPushToUpdate(t *testing.T) {
	for name, c := range map[string]struct {
		services int
		more     string // tagboat.yaml
	}{
		"2 services, 6 environments":   {2, ""},
		"30 services, 26 environments": {30, others(20)},
	} {
		t.Run(name, func(t *testing.T) {
			f := apptest.Family{More: c.more}
			for i := range c.services {
				f.Services = append(f.Services, fmt.Sprintf("s%02d", i))
			}
			apptest.Run(t, sandbox.Config{Quotas: "off"}, func(w *apptest.World) {
				f.Open(w)
				for _, service := range f.Services {
					w.Push("shop/" + service + ":v1")
				}
				u := &untilUpdate{}
				watcher := w.Open(func(next http.RoundTripper) http.RoundTripper { u.next = next; return u }).Watcher()
				watcher.Log, watcher.Sweep = slog.New(slog.DiscardHandler), 24*time.Hour
				ctx, cancel := context.WithCancel(w.Context())
				defer cancel()
				from, ended := make(source), make(chan error, 1)
				go func() { ended <- watcher.Run(ctx, from) }()
				w.Later(2 * time.Hour)
				for _, tag := range []string{"v2", "v3"} { // the second one finds all warm
					w.Push("shop/s00:" + tag)
					u.mu.Lock()
					u.left, u.calls = 2, map[string]int{}
					u.mu.Unlock()
					from <- hint.Message{Hints: []hint.Hint{pushed("s00", tag)}}
					w.Later(time.Hour)
				}
				cancel()
				expect.OK(t, <-ended)
				got := maps.Clone(u.calls)
				expect.Equal(t, 2, got["ecs.UpdateService"])
				delete(got, "ecs.UpdateService")
				const forOne, forBoth = 1, 2
				expect.Equal(t, map[string]int{
					"ecr.DescribeImages": forOne, "ecr.BatchGetImage": forOne,
					"ssm.PutParameter":     forOne + 2*forBoth, // the release's number; the claim, and the pins
					"ssm.GetParameters":    forOne + 2*forBoth, // the freeze; what is there before, and once all is pinned
					"ecs.DescribeServices": forBoth, "ecs.RegisterTaskDefinition": forBoth,
				}, got)
			})
		})
	}
}

// others returns the lines of environments of a stage that nobody moves by itself.
func others(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  other%d: {stage: prod, tenant: o%d, region: us-east-1, cluster: other%d}\n", i, i, i)
	}
	return b.String()
}
