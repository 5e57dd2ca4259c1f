package delivery_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/notify"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// hooks are webhooks below https://hooks.example.com, which remember what they were sent.
type hooks struct {
	next http.RoundTripper
	mu   sync.Mutex
	got  map[string][]tagboat.Notification
	raw  map[string]string // the last body and signature
}

func (h *hooks) over(next http.RoundTripper) http.RoundTripper {
	h.next = next
	return h
}

// RoundTrip implements http.RoundTripper.
func (h *hooks) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != "hooks.example.com" {
		return h.next.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err := errors.Join(err, r.Context().Err()); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var n tagboat.Notification
	if err := json.Unmarshal(body, &n); err != nil {
		return nil, err
	}
	h.got[r.URL.Path] = append(h.got[r.URL.Path], n)
	h.raw[r.URL.Path] = string(body) + r.Header.Get(notify.SignatureHeader)
	answer := httptest.NewRecorder()
	if strings.HasPrefix(r.URL.Path, "/down") {
		answer.WriteHeader(http.StatusServiceUnavailable)
	}
	return answer.Result(), nil
}

// verdicts are what a webhook heard of in its last notification.
func (h *hooks) verdicts(path string) map[tagboat.ServiceName]tagboat.Verdict {
	heard := map[tagboat.ServiceName]tagboat.Verdict{}
	if all := h.got[path]; len(all) > 0 {
		for _, d := range all[len(all)-1].Deployments {
			heard[d.Service] = d.Verdict
		}
	}
	return heard
}

// withHooks runs a story with three services, of which api fails, and webhooks.
func withHooks(t *testing.T, yaml string, variables map[string]string, story func(w *apptest.World, h *hooks, got []tagboat.Deployment)) {
	t.Helper()
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"api", "job", "web"}, Service: breaker}.Open(w)
		w.Getenv = func(name string) string { return variables[name] }
		for _, name := range []string{"api", "job", "web"} {
			w.Push("shop/" + name + ":v1")
		}
		w.Pin("dev", "api=v1", "job=v1", "web=v1")
		w.Deploy("api", "job")
		w.Write("tagboat.yaml", w.Read("tagboat.yaml")+yaml)
		w.Push("shop/api:v2", "exit=1@1s", "log=password=hunter2")
		w.Pin("dev", "api=v2")
		h := &hooks{got: map[string][]tagboat.Notification{}, raw: map[string]string{}}
		set, err := w.Open(h.over).Delivery.Plan(w.Context(), fleet.Selection{})
		if err != nil {
			w.Fatal(err)
		}
		set.Message, w.Heard.Notices = "a new api", nil
		story(w, h, w.Open(h.over).Delivery.Deploy(w.Context(), set, apptest.Wait).Deployments)
	})
}

func TestWebhooksHearWhatTheyAskFor(t *testing.T) {
	const yaml = `
notify:
  - {urlEnv: DEFAULT}
  - {urlEnv: FAILURES, on: [failure], secretEnv: KEY, stages: [dev]}
  - {urlEnv: EVERYTHING, on: [all]}
`
	variables := map[string]string{
		"DEFAULT": "https://hooks.example.com/default", "FAILURES": "https://hooks.example.com/failures",
		"EVERYTHING": "https://hooks.example.com/all", "KEY": "k3y", "GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "ada",
	}
	withHooks(t, yaml, variables, func(w *apptest.World, h *hooks, got []tagboat.Deployment) {
		want := map[string]map[tagboat.ServiceName]tagboat.Verdict{
			"/default":  {"api": tagboat.VerdictRolledBack, "web": tagboat.VerdictSucceeded},
			"/failures": {"api": tagboat.VerdictRolledBack},
			"/all":      {"api": tagboat.VerdictRolledBack, "job": tagboat.VerdictUnchanged, "web": tagboat.VerdictSucceeded},
		}
		for path, verdicts := range want {
			if diff := cmp.Diff(verdicts, h.verdicts(path)); diff != "" {
				w.Errorf("%s (-want +got):\n%s", path, diff)
			}
		}
		n := h.got["/failures"][0]
		if n.ID == "" || n.App != "shop" || n.Command != "deploy" || n.Message != "a new api" || n.Actor != "ada" || n.At.IsZero() {
			w.Errorf("%+v", n)
		}
		if diff := cmp.Diff(got[:1], n.Deployments); diff != "" {
			w.Error(diff)
		}
		if !strings.Contains(h.raw["/failures"], "}t=") || strings.Contains(h.raw["/default"], "}t=") {
			w.Errorf("signed are not those with a key: %v", h.raw)
		}
		if len(w.Heard.Notices) > 0 {
			w.Errorf("%q", w.Heard.Notices)
		}
	})
}

// Nobody who cannot be told fails a deployment, and what is said of it keeps the secrets.
func TestWebhooksThatCannotBeToldFailNothing(t *testing.T) {
	const yaml = `
notify:
  - {urlEnv: DOWN}
  - {urlEnv: UNSET}
  - {urlEnv: PLAIN}
  - {urlEnv: GOOD, secretEnv: UNSET}
  - {urlEnv: GOOD}
`
	variables := map[string]string{
		"DOWN": "https://hooks.example.com/down/hush?hush=1", "PLAIN": "http://hooks.example.com/hush", "GOOD": "https://hooks.example.com/good",
	}
	withHooks(t, yaml, variables, func(w *apptest.World, h *hooks, got []tagboat.Deployment) {
		w.Expect(got[0], tagboat.VerdictRolledBack)
		w.Expect(got[2], tagboat.VerdictSucceeded)
		want := []string{
			"the webhook $DOWN was not told: hooks.example.com: it answered 503 Service Unavailable",
			"the webhook $UNSET was not told: the variable is not set",
			"the webhook $PLAIN was not told: its address must begin with https://, since what is sent, and the address itself, is for nobody else",
			"the webhook $GOOD was not told: $UNSET, which signs what is sent, is not set",
		}
		if diff := cmp.Diff(want, w.Heard.Notices); diff != "" {
			w.Error(diff)
		}
		if len(h.got["/good"]) != 1 || len(h.got["/down/hush"]) != 4 {
			w.Errorf("%d and %d notifications", len(h.got["/good"]), len(h.got["/down/hush"]))
		}
		for _, n := range h.got["/down/hush"] {
			if n.ID != h.got["/good"][0].ID {
				w.Error("an attempt has an id of its own")
			}
		}
	})
}

// Who interrupts a deployment has it told all the same, and a rollback is told as one.
func TestWebhooksHearOfInterruptionsAndRollbacks(t *testing.T) {
	const yaml = "\nnotify: [{urlEnv: HOOK}]\n"
	variables := map[string]string{"HOOK": "https://hooks.example.com/hook"}
	withHooks(t, yaml, variables, func(w *apptest.World, h *hooks, _ []tagboat.Deployment) {
		next(w, "start=60s")
		ctx, interrupt := context.WithTimeout(w.Context(), 20*time.Second)
		defer interrupt()
		w.DeployWith(ctx, w.Open(h.over), apptest.Wait, "web")
		if diff := cmp.Diff(map[tagboat.ServiceName]tagboat.Verdict{"web": tagboat.VerdictInterrupted}, h.verdicts("/hook")); diff != "" {
			w.Error(diff)
		}
		w.Later(3 * time.Minute)
		a := w.Open(h.over)
		back := plannedBack(w, a, fleet.Selection{Services: []tagboat.ServiceName{"web"}})
		if _, err := a.Rollbacks.Do(w.Context(), back, "too slow", apptest.Wait); err != nil {
			w.Fatal(err)
		}
		last := h.got["/hook"][len(h.got["/hook"])-1]
		if last.Command != "rollback" || last.Message != "too slow" || h.verdicts("/hook")["web"] != tagboat.VerdictSucceeded {
			w.Errorf("%+v", last)
		}
	})
}
