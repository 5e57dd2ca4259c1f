package promotion_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/promotion"
)

// answering is a transport that refuses requests with some text in their address, operation and body.
func answering(refused string, status int) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			var body []byte
			if r.Body != nil {
				body, _ = io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(body))
			}
			if strings.Contains(r.URL.Path+" "+r.Header.Get("X-Amz-Target")+" "+string(body), refused) {
				return &http.Response{StatusCode: status, Body: http.NoBody, Header: http.Header{}, Request: r}, nil
			}
			return next.RoundTrip(r)
		})
	}
}

// meanwhile is a transport that does something before the first call of an operation.
func meanwhile(operation string, do func()) func(http.RoundTripper) http.RoundTripper {
	var once atomic.Bool
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+operation) && once.CompareAndSwap(false, true) {
				do()
			}
			return next.RoundTrip(r)
		})
	}
}

// TestTagsWhenKilledAtEveryCall puts the stage's tags, whenever the promotion was killed.
func TestTagsWhenKilledAtEveryCall(t *testing.T) {
	for at := int64(1); ; at++ {
		done := false
		run(t, apptest.Family{Services: []string{"api", "web"}, Stages: "[{name: dev, auto: newest, tags: [in-dev]}, {name: staging}, {name: prod}]"}, func(w *apptest.World) {
			two(w)
			r := promotion.Request{Selection: apptest.In("dev"), Release: "2"}
			k := &killer{at: at, sent: true}
			_, _ = promoteThrough(w, r, k.through)
			done = k.n.Load() < at
			w.Promote(r)
			for _, image := range []tagboat.ImageName{"api", "web"} {
				ref := w.Pinned(image).Reference()
				ref.Tag, ref.Digest = "in-dev", ""
				if is, err := w.Open().Pinning.Tags.Catalog.Registry.Digest(w.Context(), ref); err != nil || is != w.Pushed["shop/"+string(image)+":v2"] {
					w.Errorf("killed at call %d: in-dev is %s of %s, %v", at, is, image, err)
				}
			}
		})
		if done || t.Failed() {
			return
		}
		at += step() - 1
	}
}

// TestAbortOfWhatWaits leaves what was pinned by hand while a promotion waited.
func TestAbortOfWhatWaits(t *testing.T) {
	run(t, apptest.Family{Stages: "[{name: dev, auto: newest}, {name: staging}, {name: prod}]"}, func(w *apptest.World) {
		inProd(w)
		begins, ends := time.Now(), time.Now().Add(time.Hour)
		if err := w.Open().Promotions.Home.Freeze(w.Context(), &tagboat.Hold{Reason: "Black Friday", By: "ann", Since: &begins, Until: &ends}); err != nil {
			w.Fatal(err)
		}
		states(w, w.Promote(person("1", "prod")), "prod waiting frozen-until")
		w.Push("shop/web:v9")
		w.Pin("prod", "web=v9")
		if _, err := w.Open().Promotions.Abort(w.Context(), apptest.In("prod"), "not today"); err != nil {
			w.Fatal(err)
		}
		if pin := pinOf(w, "prod"); pin.Tag != "v9" {
			w.Errorf("web is pinned to %s in prod, want v9", pin.Tag)
		}
	})
}

// pinOf returns the pin of web in an environment.
func pinOf(w *apptest.World, env tagboat.EnvName) tagboat.Pin {
	w.Helper()
	pins, err := w.Open().Fleet.Pinned(w.Context(), env, []tagboat.ImageName{"web"})
	if err != nil {
		w.Fatal(err)
	}
	return pins[0]
}

// TestAbortedMeanwhile says that a promotion was ended while its first service rolled, whether it
// changes pins or templates alone, and whether something is left to do.
func TestAbortedMeanwhile(t *testing.T) {
	for name, c := range map[string]struct{ images, depends string }{
		"pins":                  {"v2", ""},
		"pins, one by one":      {"v2", ", dependsOn: [api]"},
		"templates":             {"v1", ""},
		"templates, one by one": {"v1", ", dependsOn: [api]"},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, apptest.Family{Services: []string{"api", "web"}}, func(w *apptest.World) {
				two(w)
				w.Write("tagboat.yaml", strings.Replace(w.Read("tagboat.yaml"), "containers: {app: web}}", "containers: {app: web}"+c.depends+"}", 1))
				for _, file := range []string{"api.taskdef.json", "web.taskdef.json"} {
					w.Write(file, strings.Replace(w.Read(file), `"512"`, `"1024"`, 1))
				}
				if _, err := w.Open().Releases.Create(w.Context(), requestOf("api="+c.images, "web="+c.images)); err != nil {
					w.Fatal(err)
				}
				document, err := promoteThrough(w, person("3", "dev"), meanwhile("UpdateService", func() {
					if _, err := w.Open().Promotions.Abort(w.Context(), apptest.In("dev"), "stop"); err != nil {
						w.Error(err)
					}
				}))
				if err != nil {
					w.Fatal(err)
				}
				states(w, document, "dev superseded")
				if got, want := remembers(w), "v1 v1 [1] active <nil>"; got != want {
					w.Errorf("got %s, want %s", got, want)
				}
			})
		})
	}
}

// TestOneBadReleaseTwiceAtOnce both find that it fails: one goes back, and the environment
// remembers that.
func TestOneBadReleaseTwiceAtOnce(t *testing.T) {
	for seed := range rounds() {
		run(t, apptest.Family{Services: []string{"api", "web"}}, func(w *apptest.World) {
			two(w, "exit=3@5s")
			var all sync.WaitGroup
			documents := make([]tagboat.PromotionDocument, 2)
			for i := range 2 {
				all.Go(func() {
					var err error
					if documents[i], err = promoteThrough(w, person("2", "dev"), slow(uint64(seed), uint64(i), 400)); err != nil {
						w.Error(err)
					}
				})
			}
			all.Wait()
			if got, want := remembers(w), "v1 v1 [1 2-failed] active <nil>"; got != want {
				w.Errorf("seed %d: got %s, want %s: %s and %s", seed, got, want, documents[0].Promotions[0].State, documents[1].Promotions[0].State)
			}
		})
	}
}

// TestBadReleaseAfterHalfOfOne goes back to what was there before both.
func TestBadReleaseAfterHalfOfOne(t *testing.T) {
	run(t, apptest.Family{Services: []string{"api", "web"}, Stages: nine}, func(w *apptest.World) {
		w.Write("tagboat.yaml", strings.Replace(w.Read("tagboat.yaml"), "containers: {app: web}}", "containers: {app: web}, dependsOn: [api]}", 1))
		for n, labels := range [][]string{nil, nil, {"exit=3@5s"}} {
			w.Push(fmt.Sprintf("shop/api:v%d", n+1))
			w.Push(fmt.Sprintf("shop/web:v%d", n+1), labels...)
			if _, err := w.Open().Releases.Create(w.Context(), requestOf(fmt.Sprintf("api=v%d", n+1), fmt.Sprintf("web=v%d", n+1))); err != nil {
				w.Fatal(err)
			}
		}
		glass := func(release string) promotion.Request {
			r := person(release, "prod")
			r.BreakGlass, r.Message = true, "a test"
			return r
		}
		states(w, w.Promote(glass("1")), "prod promoted")
		for _, name := range []tagboat.EnvName{"dev", "staging"} { // so that prod may have 2
			states(w, w.Promote(person("2", name)), string(name)+" promoted")
		}
		w.Later(until(w, 9, 59))
		states(w, w.Promote(person("2", "prod")), "prod waiting window-opens-at")
		states(w, w.Promote(glass("3")), "prod rolled-back")
		if pin := pinOf(w, "prod"); pin.Tag != "v1" {
			w.Errorf("web is pinned to %s in prod, want v1", pin.Tag)
		}
		running(w, "prod=v1")
	})
}

// TestNothingIsMadeOfWhatWaits makes no release of versions that the stage does not take yet.
func TestNothingIsMadeOfWhatWaits(t *testing.T) {
	run(t, apptest.Family{Stages: "[{name: dev, auto: newest, keep: 1h}, {name: staging}, {name: prod}]"}, func(w *apptest.World) {
		w.Push("shop/web:v1")
		dev := promotion.Request{Selection: apptest.In("dev"), Automation: true}
		states(w, w.Promote(dev), "dev promoted")
		w.Push("shop/web:v2")
		states(w, w.Promote(dev), "dev blocked kept-until")
		if made, err := w.Open().Releases.List(w.Context(), 10); err != nil || len(made.Releases) != 1 {
			w.Errorf("%d releases, %v", len(made.Releases), err)
		}
	})
}

// TestOneTenantsTrouble stops no other: an account that does not answer, and a release that
// nobody can read.
func TestOneTenantsTrouble(t *testing.T) {
	run(t, apptest.Family{}, func(w *apptest.World) {
		w.Push("shop/web:v1")
		states(w, w.Promote(to("dev", automation)), "dev promoted", "mb-dev promoted")
		w.Push("shop/web:v2")
		states(w, w.Promote(promotion.Request{Selection: apptest.In("dev"), Automation: true}), "dev promoted")
		for name, refuse := range map[string]func(http.RoundTripper) http.RoundTripper{
			"release": answering("manifests/"+string(idOf(w, "1")), http.StatusNotFound),
			"account": answering(`ServiceV20141113.DescribeServices {"cluster":"mb-staging"`, http.StatusBadRequest),
		} {
			set, err := w.Open(refuse).Promotions.Plan(w.Context(), to("staging", automation))
			if err != nil {
				w.Fatalf("%s: %v", name, err)
			}
			states(w, set.Document(), "staging ready", "mb-staging blocked problem")
		}
	})
}

// idOf returns the id of a release.
func idOf(w *apptest.World, name string) tagboat.Digest {
	w.Helper()
	found, err := w.Open().Releases.Find(w.Context(), name)
	if err != nil {
		w.Fatal(err)
	}
	return found.ID
}

// TestBackNeedsNoStageBefore goes back though what the stage before has cannot be read.
func TestBackNeedsNoStageBefore(t *testing.T) {
	run(t, apptest.Family{}, func(w *apptest.World) {
		withReleases(w, 2)
		w.AWS("ssm.PutParameter", map[string]any{"Name": "/tagboat/staging/shop/holds", "Value": "{", "Overwrite": true, "Type": "String"})
		states(w, w.Promote(person("2", "prod")), "prod unchanged already-there")
		states(w, w.Promote(back("1", "prod")), "prod promoted")
		running(w, "prod=v1")
	})
}

// TestHoldOfWhatChangesTemplatesAlone keeps automation away without a claim, though no pin changes.
func TestHoldOfWhatChangesTemplatesAlone(t *testing.T) {
	run(t, apptest.Family{}, func(w *apptest.World) {
		withReleases(w, 1)
		w.Write("web.taskdef.json", strings.Replace(w.Read("web.taskdef.json"), `"512"`, `"1024"`, 1))
		if _, err := w.Open().Releases.Create(w.Context(), requestOf("web=v1")); err != nil {
			w.Fatal(err)
		}
		for _, env := range []tagboat.EnvName{"dev", "staging"} {
			states(w, w.Promote(person("2", env)), string(env)+" promoted")
		}
		if _, err := w.Open().Pinning.Holds.Hold(w.Context(), pinning.HoldRequest{Environment: "prod", Message: "audit"}); err != nil {
			w.Fatal(err)
		}
		before := w.Calls("ssm.PutParameter")
		states(w, w.Promote(promotion.Request{Selection: apptest.In("prod"), Automation: true}), "prod blocked held")
		if n := w.Calls("ssm.PutParameter") - before; n != 0 {
			w.Errorf("%d parameters were written", n)
		}
	})
}

// TestHeldMidway lets what rolls finish when somebody holds the environment; automation takes the rest
// up once it is not held any more, and a person whenever he asks.
func TestHeldMidway(t *testing.T) {
	for name, lifted := range map[string]bool{"unheld": true, "a person": false} {
		t.Run(name, func(t *testing.T) {
			run(t, apptest.Family{Services: []string{"api", "web"}}, func(w *apptest.World) {
				w.Write("tagboat.yaml", strings.Replace(w.Read("tagboat.yaml"), "containers: {app: web}}", "containers: {app: web}, dependsOn: [api]}", 1))
				two(w)
				dev := promotion.Request{Selection: apptest.In("dev"), Automation: true}
				document, err := promoteThrough(w, dev, meanwhile("UpdateService", func() {
					apptest.Hold(w, pinning.HoldRequest{Environment: "dev", Message: "audit"})
				}))
				if err != nil {
					w.Fatal(err)
				}
				states(w, document, "dev waiting held")
				before := w.Calls("ssm.PutParameter")
				states(w, w.Promote(dev), "dev blocked held")
				if n := w.Calls("ssm.PutParameter") - before; n != 0 {
					w.Errorf("%d parameters were written", n)
				}
				if lifted {
					apptest.Unhold(w, pinning.HoldRequest{Environment: "dev"})
				} else {
					dev = person("2", "dev")
				}
				states(w, w.Promote(dev), "dev promoted")
				if got, want := remembers(w), "v2 v2 [1 2] active <nil>"; got != want {
					w.Errorf("got %s, want %s", got, want)
				}
				running(w, "dev=v2")
			})
		})
	}
}

// TestNothingIsAskedOfWhatIsUnread runs no check of the team's where nobody knows what there is.
func TestNothingIsAskedOfWhatIsUnread(t *testing.T) {
	run(t, apptest.Family{Stages: "[{name: dev, auto: newest}, {name: staging, gates: {check: {command: [sh, -c, 'echo x >>asked']}}}, {name: prod}]"}, func(w *apptest.World) {
		w.Push("shop/web:v1")
		states(w, w.Promote(person("", "dev")), "dev promoted")
		a := w.Open(answering(`AmazonSSM.GetParameters {"Names":["/containers/staging/`, http.StatusBadRequest))
		set, err := a.Promotions.Plan(w.Context(), person("1", "staging"))
		if err != nil {
			w.Fatal(err)
		}
		states(w, set.Document(), "staging blocked problem")
		if _, err := os.Stat(filepath.Join(w.Dir, "asked")); err == nil {
			w.Errorf("the check was run")
		}
	})
}

// TestPersonAutomationAndBackAtOnce promotes a release by two processes, and goes back at some moment
// of that: what is pinned is of one release and runs, and nothing stays under way.
func TestPersonAutomationAndBackAtOnce(t *testing.T) {
	for seed := range 2 * rounds() {
		labels := [][]string{nil, {"exit=3@5s"}}[seed%2]
		run(t, apptest.Family{Services: []string{"api", "web"}, More: "ledger: {groups: {api: {images: [api]}, web: {images: [web]}}}\n"}, func(w *apptest.World) {
			two(w, labels...)
			var all sync.WaitGroup
			documents := make([]tagboat.PromotionDocument, 3)
			for i, r := range []promotion.Request{person("2", "dev"), {Selection: apptest.In("dev"), Automation: true}, back("1", "dev")} {
				all.Go(func() {
					w.Later(time.Duration(i*(seed%20)*4) * time.Second)
					var err error
					if documents[i], err = promoteThrough(w, r, slow(uint64(seed), uint64(i), 3000)); err != nil {
						w.Error(err)
					}
				})
			}
			all.Wait()
			got := remembers(w)
			if !strings.HasPrefix(got, "v1 v1 ") && !strings.HasPrefix(got, "v2 v2 ") || !strings.HasSuffix(got, "active <nil>") {
				w.Errorf("seed %d: dev remembers %s", seed, got)
			}
			document, err := w.Open().View.Status(w.Context(), apptest.In("dev"))
			if err != nil {
				w.Fatal(err)
			}
			for _, s := range document.Services {
				if s.Images[0].Running != s.Images[0].Pinned && !superseded(documents, s.Service) {
					w.Errorf("seed %d: %s, and %s runs %s, which nobody says", seed, got, s.Service, s.Images[0].RunningTag)
				}
			}
		})
	}
}

// superseded reports whether a run says that what it brought to a service is not what should run:
// between the last look at the pins and the update of a service somebody else may go back.
func superseded(documents []tagboat.PromotionDocument, service tagboat.ServiceName) bool {
	for _, document := range documents {
		for _, r := range document.Promotions {
			for _, d := range r.Deployments {
				if d.Service == service && d.Verdict == tagboat.VerdictSuperseded {
					return true
				}
			}
		}
	}
	return false
}
