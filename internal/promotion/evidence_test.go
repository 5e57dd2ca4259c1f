package promotion_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/promotion"
)

// TestReplica waits for what has not arrived in an environment's own registry, and pulls from there.
func TestReplica(t *testing.T) {
	const replica = "127.0.0.1:4599"
	run(t, apptest.Family{}, func(w *apptest.World) {
		file := w.Read("tagboat.yaml")
		w.Write("tagboat.yaml", strings.Replace(file, "cluster: mb-prod,", "cluster: mb-prod, registry: "+replica+",", 1))
		w.Push("shop/web:v1")
		states(w, w.Promote(to("dev", automation)), "dev promoted", "mb-dev promoted")
		states(w, w.Promote(to("staging", automation)), "staging promoted", "mb-staging promoted")
		var arrived atomic.Bool
		through := func(next http.RoundTripper) http.RoundTripper {
			return roundTrip(func(r *http.Request) (*http.Response, error) {
				if r.URL.Host == replica && strings.Contains(r.URL.Path, "/manifests/") && !arrived.Load() {
					r.URL.Path = "/v2/shop/web/manifests/none"
				}
				return next.RoundTrip(r)
			})
		}
		promote := func() tagboat.PromotionDocument {
			document, err := promoteThrough(w, to("prod", automation), through)
			if err != nil {
				w.Fatal(err)
			}
			return document
		}
		document := promote()
		states(w, document, "prod promoted", "mb-prod blocked not-replicated")
		if reason := document.Promotions[1].Reason; !strings.Contains(reason, "web has not arrived in "+replica) {
			w.Errorf("the reason is %q", reason)
		}
		arrived.Store(true)
		states(w, promote(), "prod unchanged already-there", "mb-prod promoted")
		pins, err := w.Open().Fleet.Pinned(w.Context(), "mb-prod", nil)
		if err != nil || len(pins) != 1 || !strings.HasPrefix(pins[0].Repository, replica+"/") {
			w.Errorf("mb-prod pins %+v, %v", pins, err)
		}
	})
}

// TestCheckOfTheTeamsOwn asks a command, and an address, and records what they say.
func TestCheckOfTheTeamsOwn(t *testing.T) {
	said := `{command: [sh, -c, 'echo "$TAGBOAT_CHECK_RELEASE in $TAGBOAT_CHECK_ENVIRONMENT"; exit %d']}`
	for name, c := range map[string]struct{ check, state, reason string }{
		"passes":  {fmt.Sprintf(said, 0), "dev promoted", "1 in dev"},
		"fails":   {fmt.Sprintf(said, 3), "dev blocked check-failed", "exit status 3: 1 in dev"},
		"missing": {"{command: [./no-such-program]}", "dev blocked check-failed", "no-such-program"},
		"answers": {"{url: 'http://127.0.0.1:4510/_sandbox/calls'}", "dev blocked check-failed", "it answered 405"},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, apptest.Family{Stages: "[{name: dev, gates: {check: " + c.check + "}}, {name: staging}, {name: prod}]"}, func(w *apptest.World) {
				w.Push("shop/web:v1")
				if _, err := w.Open().Releases.Create(w.Context(), requestOf("web=v1")); err != nil {
					w.Fatal(err)
				}
				document := w.Promote(person("1", "dev"))
				states(w, document, c.state)
				gates := document.Promotions[0].Gates
				if len(gates) == 0 || !strings.Contains(gates[len(gates)-1].Reason, c.reason) {
					w.Errorf("got %+v, want %q", gates, c.reason)
				}
			})
		})
	}
}

// TestTagsOfTheStage puts the tags of a stage on what was promoted, once it runs.
func TestTagsOfTheStage(t *testing.T) {
	run(t, apptest.Family{Stages: "[{name: dev, auto: newest, tags: ['{stage}', '{environment}-{time:20060102}']}, {name: staging}, {name: prod}]"}, func(w *apptest.World) {
		w.Push("shop/web:v1")
		states(w, w.Promote(person("", "dev")), "dev promoted")
		first := w.Pinned("web").Digest
		w.Push("shop/web:v2", "exit=3@5s")
		states(w, w.Promote(person("", "dev")), "dev rolled-back")
		pin := w.Pinned("web")
		for _, tag := range []string{"dev", "dev-20260101"} {
			ref := pin.Reference()
			ref.Tag, ref.Digest = tag, ""
			if is, err := w.Open().Releases.Catalog.Registry.Digest(w.Context(), ref); err != nil || is != first {
				w.Errorf("the tag %s stands for %s, %v", tag, is, err)
			}
		}
	})
}

// TestP1SaysThatASoakCannotEnd tells it with both numbers.
func TestP1SaysThatASoakCannotEnd(t *testing.T) {
	run(t, apptest.Family{Stages: "[{name: dev, auto: newest}, {name: staging, auto: upstream, gates: {soak: 2h}}, {name: prod}]"}, func(w *apptest.World) {
		for n := range 5 {
			w.Push(fmt.Sprintf("shop/web:v%d", n+1))
			states(w, w.Promote(promotion.Request{Selection: apptest.In("dev"), Automation: true}), "dev promoted")
			w.Later(10 * time.Minute)
		}
		set, err := w.Open().Promotions.Plan(w.Context(), promotion.Request{Selection: apptest.In("staging"), Automation: true, DryRun: true})
		if err != nil {
			w.Fatal(err)
		}
		document := set.Document()
		states(w, document, "staging blocked soaking-until")
		if len(document.Warnings) != 1 || !strings.Contains(document.Warnings[0], "2h") || !strings.Contains(document.Warnings[0], "every 1") {
			w.Errorf("the warnings are %q", document.Warnings)
		}
	})
}
