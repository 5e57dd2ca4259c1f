package watch_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
	"github.com/tagboat/tagboat/internal/watch/hint"
)

// heard is what became of a message.
type heard struct {
	mu  sync.Mutex
	all []string
}

// words returns what was heard.
func (h *heard) words() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.all)
}

// about returns a message with hints.
func (h *heard) about(hints ...hint.Hint) hint.Message {
	return hint.Message{Hints: hints, Done: func(err error) {
		h.mu.Lock()
		defer h.mu.Unlock()
		switch {
		case err == nil:
			h.all = append(h.all, "done")
		case errors.Is(err, hint.ErrUndone):
			h.all = append(h.all, "undone")
		default:
			h.all = append(h.all, err.Error())
		}
	}}
}

// runs returns the tag that a service runs in an environment.
func runs(w *apptest.World, env tagboat.EnvName, service tagboat.ServiceName) string {
	w.Helper()
	document := expect.Value(w.Open().View.Status(w.Context(), fleet.Selection{Environments: []tagboat.EnvName{env}, Services: []tagboat.ServiceName{service}}))(w.T)
	return document.Services[0].Images[0].RunningTag
}

// TestOutages: for ten minutes something is away. It is said once that it is, and once that this is
// over; the message waits, and what was pushed goes out.
func TestOutages(t *testing.T) {
	for name, c := range map[string]struct {
		fault sandbox.Fault
		down  bool // the registry answers nothing
	}{
		"the registry is down":       {down: true},
		"ECS is throttled":           {fault: sandbox.Fault{Operation: "ecs.*", Kind: "throttle"}},
		"the ledger cannot be read":  {fault: sandbox.Fault{Operation: "ssm.*", Kind: "error"}},
		"the ledger is throttled":    {fault: sandbox.Fault{Operation: "ssm.*", Kind: "throttle"}},
		"ECR answers with errors":    {fault: sandbox.Fault{Operation: "ecr.*", Kind: "error"}},
		"ECS resets its connections": {fault: sandbox.Fault{Operation: "ecs.*", Kind: "reset"}},
	} {
		t.Run(name, func(t *testing.T) {
			stages := apptest.Family{Stages: "[{name: dev, auto: newest}, {name: staging}, {name: prod}]"}
			run(t, stages, func(w *apptest.World) {
				w.Push("shop/web:v1")
				var away atomic.Bool
				at := beginWith(w, &updates{of: map[string]int{}}, 15*time.Minute, func(next http.RoundTripper) http.RoundTripper {
					return roundTrip(func(r *http.Request) (*http.Response, error) {
						if away.Load() && r.Header.Get("X-Amz-Target") == "" && r.URL.Host == sandboxtest.Host {
							return nil, sandboxtest.ErrReset
						}
						return next.RoundTrip(r)
					})
				})
				w.Later(5 * time.Minute)
				w.Push("shop/web:v2")
				if away.Store(c.down); !c.down {
					w.Fault(c.fault)
				}
				var came heard
				at.source <- came.about(pushed("web", "v2"))
				w.Later(10 * time.Minute)
				expect.Equal(t, []string(nil), came.words())
				if away.Store(false); !c.down {
					w.Control(http.MethodDelete, "faults", "")
				}
				w.Later(8 * time.Minute)
				expect.Equal(t, []string{"done"}, came.words())
				for _, env := range []tagboat.EnvName{"dev", "mb-dev"} {
					expect.Equal(t, "v2", runs(w, env, "web"))
				}
				if err := at.stop(); err != nil {
					t.Error(err)
				}
				log := at.log.String()
				if throttled := c.fault.Kind == "throttle"; throttled != (strings.Count(log, `msg="looking takes long`) == 1) {
					t.Errorf("it was throttled: %v, and the log says:\n%s", throttled, log)
				}
				if strings.Count(log, "msg=\"outage begins\"") != 1 || strings.Count(log, "msg=\"outage ends\"") != 1 || t.Failed() {
					t.Errorf("the log does not say once that it began, and once that it is over:\n%s", log)
				}
			})
		})
	}
}
