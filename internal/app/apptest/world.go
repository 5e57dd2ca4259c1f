// Package apptest has Tagboat at work on a sandbox in memory, for tests of its use cases.
package apptest

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// World is a sandbox in memory, and Tagboat's configuration to use it.
type World struct {
	*sandboxtest.World
	Pushed map[string]tagboat.Digest // by REPOSITORY:TAG
	Cache  string                    // directory that runs share; "" for none
	Getenv func(string) string       // nothing where it is nil
	Heard  Heard
	ctx    context.Context
}

// Run runs a story in a World of its own.
func Run(t *testing.T, config sandbox.Config, story func(w *World)) {
	t.Helper()
	sandboxtest.Run(t, config, func(s *sandboxtest.World) {
		w := &World{World: s, Pushed: map[string]tagboat.Digest{}}
		w.ctx, _ = operation.Start(s.Context(), w.Heard.hear)
		story(w)
	})
}

// Heard is what operations said of themselves beside their results.
type Heard struct {
	mu      sync.Mutex
	Notices []string
}

func (h *Heard) hear(e operation.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.Notices = append(h.Notices, e.String())
}

// Has reports whether a notice has all words.
func (h *Heard) Has(words ...string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, notice := range h.Notices {
		all := true
		for _, word := range words {
			all = all && strings.Contains(notice, word)
		}
		if all {
			return true
		}
	}
	return false
}

// Context is that of an operation whose events the World hears.
func (w *World) Context() context.Context { return w.ctx }

// Push puts an image into the registry whose containers do what labels say: NAME=VALUE.
func (w *World) Push(image string, labels ...string) tagboat.Digest {
	w.Helper()
	w.Pushed[image] = tagboat.Digest(w.World.Push(image, labels...))
	return w.Pushed[image]
}

// Open opens Tagboat as a process that was just started does, with what its calls go through.
func (w *World) Open(wrap ...func(http.RoundTripper) http.RoundTripper) *app.App {
	w.Helper()
	var transport http.RoundTripper = sandboxtest.Carrier{Handler: w.Server}
	for _, f := range wrap {
		transport = f(transport)
	}
	a, err := app.Open(w.Context(), app.Options{
		Config: filepath.Join(w.Dir, "tagboat.yaml"), Transport: transport, Getenv: w.Getenv, Cache: w.Cache,
	})
	if err != nil {
		w.Fatal(err)
	}
	return a
}

// Pin pins IMAGE=TAG in an environment.
func (w *World) Pin(env tagboat.EnvName, images ...string) {
	w.Helper()
	if _, err := w.Open().Pinning.Pin(w.Context(), request(env, images)); err != nil {
		w.Fatal(err)
	}
}

// PinAs pins in dev what is IMAGE=TAG, or IMAGE as its rule chooses, as a person with the
// message "mine" or as automation.
func (w *World) PinAs(automation bool, images []string, wrap ...func(http.RoundTripper) http.RoundTripper) (pinning.Result, error) {
	w.Helper()
	r := request("dev", images)
	r.Automation, r.Message = automation, "mine"
	return w.Open(wrap...).Pinning.Pin(w.Context(), r)
}

// Automate is PinAs automation.
func (w *World) Automate(images ...string) error {
	w.Helper()
	_, err := w.PinAs(true, images)
	return err
}

func request(env tagboat.EnvName, images []string) pinning.Request {
	r := pinning.Request{Environment: env}
	for _, image := range images {
		name, tag, _ := strings.Cut(image, "=")
		r.Images = append(r.Images, catalog.ImageArg{Image: tagboat.ImageName(name), Tag: tag})
	}
	return r
}

// Pinned returns the pin of an image in dev; the zero Pin where it has none.
func (w *World) Pinned(image tagboat.ImageName) tagboat.Pin {
	w.Helper()
	pins, err := w.Open().Pinning.Pins(w.Context(), pinning.PinsRequest{Environment: "dev"})
	if err != nil {
		w.Fatal(err)
	}
	for _, pin := range pins.Pins {
		if pin.Image == image {
			return pin
		}
	}
	return tagboat.Pin{}
}

// Blocked expects an error of that kind with those words.
func (w *World) Blocked(err error, words string) {
	w.Helper()
	if tagboat.KindOf(err) != tagboat.Blocked || !strings.Contains(err.Error(), words) {
		w.Errorf("%v, want it blocked: %s", err, words)
	}
}

// History returns the events of a request.
func (w *World) History(r history.Request) tagboat.HistoryDocument {
	w.Helper()
	document, err := w.Open().History.Events(w.Context(), r)
	if err != nil {
		w.Fatal(err)
	}
	return document
}

// Wait is how most stories deploy.
var Wait = rollout.Options{Wait: true, MaxParallel: 40}

// Dev selects all services of the environment dev.
var Dev = fleet.Selection{Environments: []tagboat.EnvName{"dev"}}

// Deploy deploys services of the environment dev to their end.
func (w *World) Deploy(services ...tagboat.ServiceName) []tagboat.Deployment {
	w.Helper()
	return w.DeployWith(w.Context(), w.Open(), Wait, services...)
}

// DeployWith is Deploy with more to say of how.
func (w *World) DeployWith(ctx context.Context, a *app.App, o rollout.Options, services ...tagboat.ServiceName) []tagboat.Deployment {
	w.Helper()
	set, err := a.Delivery.Plan(ctx, fleet.Selection{Environments: Dev.Environments, Services: services})
	if err != nil {
		w.Fatal(err)
	}
	if problems := set.Document().Problems; len(problems) > 0 {
		w.Fatalf("the plan has problems: %+v", problems)
	}
	return a.Delivery.Deploy(ctx, set, o).Deployments
}

// One deploys the only service and returns how that ended.
func (w *World) One() tagboat.Deployment {
	w.Helper()
	return w.Deploy()[0]
}

// Expect compares a verdict, and looks in its reason for words.
func (w *World) Expect(got tagboat.Deployment, verdict tagboat.Verdict, words ...string) {
	w.Helper()
	text := got.Reason
	for _, c := range got.Causes {
		text += "\n" + c.Cause + "\n" + c.Evidence + "\n" + c.Advice
	}
	if got.Verdict != verdict {
		w.Errorf("%s ended as %s, want %s: %s", got.Service, got.Verdict, verdict, text)
	}
	for _, word := range words {
		if !strings.Contains(text, word) {
			w.Errorf("%s does not say %q: %s", got.Service, word, text)
		}
	}
}

// Release pushes, pins and deploys versions of service web, one a minute.
func (w *World) Release(tags ...string) {
	w.Helper()
	for _, tag := range tags {
		w.Push("shop/web:" + tag)
		w.Pin("dev", "web="+tag)
		w.Expect(w.One(), tagboat.VerdictSucceeded)
		w.Later(time.Minute)
	}
}

// Rollback goes one step back in dev because "it is broken".
func (w *World) Rollback(services ...tagboat.ServiceName) []tagboat.Deployment {
	w.Helper()
	back, err := w.TryRollback(services...)
	if err != nil {
		w.Fatal(err)
	}
	return back
}

// TryRollback is Rollback that may be refused.
func (w *World) TryRollback(services ...tagboat.ServiceName) ([]tagboat.Deployment, error) {
	w.Helper()
	a := w.Open()
	back, err := a.Rollbacks.Plan(w.Context(), delivery.RollbackRequest{Selection: fleet.Selection{Environments: Dev.Environments, Services: services}})
	if err != nil {
		return nil, err
	}
	document, err := a.Rollbacks.Do(w.Context(), back, "it is broken", Wait)
	return document.Deployments, err
}

// Hold holds images.
func Hold(w *World, r pinning.HoldRequest) {
	w.Helper()
	if _, err := w.Open().Pinning.Holds.Hold(w.Context(), r); err != nil {
		w.Fatal(err)
	}
}

// Unhold lifts holds.
func Unhold(w *World, r pinning.HoldRequest) {
	w.Helper()
	if _, err := w.Open().Pinning.Holds.Unhold(w.Context(), r); err != nil {
		w.Fatal(err)
	}
}
