package delivery_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/proxytest"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// plannedBack plans one step back.
func plannedBack(w *apptest.World, a *app.App, selection fleet.Selection) *delivery.Rollback {
	w.Helper()
	back, err := a.Rollbacks.Plan(w.Context(), delivery.RollbackRequest{Selection: selection})
	if err != nil {
		w.Fatal(err)
	}
	return back
}

// R1: a revision that never ran well lies between what runs and what ran well.
func TestR1_RollbackSkipsWhatNeverRanWell(t *testing.T) {
	apptest.Shop{Service: breaker}.Run(t, func(w *apptest.World) {
		next(w, "exit=1@1s")
		w.Expect(w.One(), tagboat.VerdictRolledBack)
		w.Release("v3")
		back := w.Rollback()
		w.Expect(back[0], tagboat.VerdictSucceeded)
		if back[0].Images[0].Running != w.Pushed["shop/web:v1"] || revisions(w, "web") != 3 {
			w.Errorf("it runs %s of %d revisions", back[0].Images[0].Running, revisions(w, "web"))
		}
		if pin := w.Pinned("web"); pin.Digest != w.Pushed["shop/web:v1"] || pin.Tag != "v1" || pin.Message != "it is broken" {
			w.Errorf("pinned is %+v", pin)
		}
	})
}

// R2: a first deployment has nothing before it, and nothing is touched.
func TestR2_RollbackOfAFirstDeployment(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		if _, err := w.TryRollback(); tagboat.KindOf(err) != tagboat.Usage {
			w.Errorf("it went back: %v", err)
		}
		if pin := w.Pinned("web"); pin.Digest != w.Pushed["shop/web:v1"] {
			w.Errorf("pinned is %+v", pin)
		}
	})
}

// R5: ECS went back by itself: what runs stays, and the pins say so again.
func TestR5_RollbackAfterECSOwn(t *testing.T) {
	apptest.Shop{Service: breaker}.Run(t, func(w *apptest.World) {
		next(w, "exit=1@1s")
		w.Expect(w.One(), tagboat.VerdictRolledBack)
		before := w.Calls("ecs.UpdateService")
		back := w.Rollback()
		w.Expect(back[0], tagboat.VerdictUnchanged)
		if pin := w.Pinned("web"); pin.Digest != w.Pushed["shop/web:v1"] || w.Calls("ecs.UpdateService") != before {
			w.Errorf("pinned is %+v after %d updates", pin, w.Calls("ecs.UpdateService")-before)
		}
	})
}

// R5: we went back, and what was pinned is what failed. A rollback keeps what runs and
// pins that; only the next one goes further back.
func TestR5_RollbackAfterOurOwn(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		w.Release("v2")
		w.Push("shop/web:v3", "exit=1@1s")
		w.Pin("dev", "web=v3")
		w.Expect(w.One(), tagboat.VerdictRolledBack)
		for _, want := range []struct {
			tag     string
			verdict tagboat.Verdict
		}{{"v2", tagboat.VerdictUnchanged}, {"v1", tagboat.VerdictSucceeded}} {
			back := w.Rollback()
			w.Expect(back[0], want.verdict)
			if pin := w.Pinned("web"); pin.Digest != w.Pushed["shop/web:"+want.tag] || back[0].Images[0].Running != pin.Digest {
				w.Errorf("pinned is %+v, and %+v", pin, back[0].Images)
			}
		}
	})
}

// TestR1_RollbackTwice goes back twice: not to and fro between two versions, but past the
// one that was rejected.
func TestR1_RollbackTwice(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		w.Release("v2", "v3")
		for _, want := range []string{"v2", "v1"} {
			back := w.Rollback()
			w.Expect(back[0], tagboat.VerdictSucceeded)
			if running := back[0].Images[0].Running; running != w.Pushed["shop/web:"+want] || w.Pinned("web").Tag != want {
				w.Errorf("%s runs and %s is pinned, want %s", running, w.Pinned("web").Tag, want)
			}
		}
		if _, err := w.TryRollback(); tagboat.KindOf(err) != tagboat.Usage {
			w.Errorf("there is nothing left: %v", err)
		}
	})
}

// TestRollbackToATime goes back past what ran well since, pins and definition both.
func TestRollbackToATime(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		first := time.Now()
		for _, tag := range []string{"v2", "v3"} {
			w.Later(time.Hour)
			w.Push("shop/web:" + tag)
			w.Pin("dev", "web="+tag)
			w.Expect(w.One(), tagboat.VerdictSucceeded)
		}
		a, all := w.Open(), apptest.Dev
		if _, err := a.Rollbacks.Plan(w.Context(), delivery.RollbackRequest{Selection: all, To: access.When{At: first.Add(-24 * time.Hour)}}); tagboat.KindOf(err) != tagboat.Usage {
			w.Errorf("before the first: %v", err)
		}
		back, err := a.Rollbacks.Plan(w.Context(), delivery.RollbackRequest{Selection: all, To: access.When{At: first.Add(time.Minute)}})
		if err != nil {
			w.Fatal(err)
		}
		document, err := a.Rollbacks.Do(w.Context(), back, "", apptest.Wait)
		if err != nil {
			w.Fatal(err)
		}
		w.Expect(document.Deployments[0], tagboat.VerdictSucceeded)
		if document.Deployments[0].Images[0].Running != w.Pushed["shop/web:v1"] || w.Pinned("web").Tag != "v1" {
			w.Errorf("it went back to %+v", document.Deployments[0].Images)
		}
	})
}

// rollbackTo goes back to what ran at a time, and returns the error of planning that.
func rollbackTo(w *apptest.World, at time.Time) error {
	w.Helper()
	a := w.Open()
	back, err := a.Rollbacks.Plan(w.Context(), delivery.RollbackRequest{Selection: apptest.Dev, To: access.When{At: at}})
	if err != nil {
		return err
	}
	if _, err := a.Rollbacks.Do(w.Context(), back, "", apptest.Wait); err != nil {
		w.Fatal(err)
	}
	return nil
}

// TestRollbackToATimeToCome is refused, as pins --as-of does.
func TestRollbackToATimeToCome(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		if err := rollbackTo(w, time.Now().Add(time.Hour)); tagboat.KindOf(err) != tagboat.Usage {
			w.Error(err)
		}
	})
}

// TestRollbackToWhatWasRejected is a person's word that the version is good after all.
func TestRollbackToWhatWasRejected(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		w.Release("v2")
		w.Later(time.Minute)
		second := time.Now()
		w.Later(time.Minute)
		w.Rollback()
		if err := rollbackTo(w, second); err != nil || w.Pinned("web").Tag != "v2" {
			w.Fatal(w.Pinned("web"), err)
		}
		apptest.Unhold(w, pinning.HoldRequest{Environment: "dev"})
		w.Blocked(w.Automate("web=v1"), "was rejected")
		w.Pin("dev", "web=v1")
		if err := w.Automate("web=v2"); err != nil {
			w.Error(err)
		}
	})
}

// TestRollbackMovesTheTagsOfTheStage has a tag that says what is pinned.
func TestRollbackMovesTheTagsOfTheStage(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web"}, Tags: `"{environment}"`}.Configure(w)
		w.Release("v2")
		w.Rollback()
		ref, err := name.ParseReference(sandboxtest.Host+"/shop/web:dev", name.Insecure)
		if err != nil {
			w.Fatal(err)
		}
		tagged, err := remote.Head(ref, remote.WithTransport(sandboxtest.Carrier{Handler: w.Server}))
		if err != nil || tagboat.Digest(tagged.Digest.String()) != w.Pushed["shop/web:v1"] {
			w.Errorf("the tag is on %v, %v", tagged, err)
		}
	})
}

// TestATagWithoutDigestIsPinned, though nobody can tell what that is: it is not deployed, and
// to pin it again is no change.
func TestATagWithoutDigestIsPinned(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web"}}.Open(w)
		w.Write("tagboat.yaml", w.Read("tagboat.yaml")+"ledger: {form: tag}\n")
		w.Push("shop/web:v1")
		w.Pin("dev", "web=v1")
		apptest.Hold(w, pinning.HoldRequest{Environment: "dev"})
		if err := w.Automate("web=v1"); err != nil {
			w.Errorf("nothing changes: %v", err)
		}
		_, err := w.Open().Delivery.Plan(w.Context(), fleet.Selection{})
		if tagboat.KindOf(err) != tagboat.Usage || !strings.Contains(err.Error(), "is pinned in dev as v1, without a digest") {
			w.Error(err)
		}
	})
}

// TestRollbackBringsBackSettings has a deployment that fails by the settings that its file
// brought. Going back neither brings them again nor leaves them.
func TestRollbackBringsBackSettings(t *testing.T) {
	for _, tc := range []struct {
		name         string
		before, then map[string]any
		left         bool // as it failed
		verdict      tagboat.Verdict
	}{
		{"what was rolled back", nil, otherSettings, false, tagboat.VerdictUnchanged},
		{"what was left as it failed", nil, otherSettings, true, tagboat.VerdictSucceeded},
		{"what was taken away", otherSettings, settingsOff, true, tagboat.VerdictSucceeded},
		{"a capacity provider strategy", nil, spot, true, tagboat.VerdictSucceeded},
		{"a launch type", spot, map[string]any{"launchType": nil, "capacityProviderStrategy": []any{}}, true, tagboat.VerdictSucceeded},
	} {
		t.Run(tc.name, func(t *testing.T) {
			apptest.Shop{Service: tc.before, Container: ports}.Run(t, func(w *apptest.World) {
				before := settings(w)
				apptest.Shop{Services: []string{"web"}, Service: tc.then, Container: ports}.Configure(w)
				next(w, "exit=1@1s")
				failed := w.DeployWith(w.Context(), w.Open(), rollout.Options{Wait: true, NoRollback: tc.left})
				w.Expect(failed[0], map[bool]tagboat.Verdict{true: tagboat.VerdictFailed, false: tagboat.VerdictRolledBack}[tc.left])
				back := w.Rollback()
				w.Expect(back[0], tc.verdict)
				after := settings(w)
				if tc.left { // no service revision holds them
					for _, name := range []string{"desiredCount", "deploymentConfiguration", "propagateTags", "enableECSManagedTags", "platformVersion"} {
						delete(before, name)
						delete(after, name)
					}
				}
				if diff := cmp.Diff(before, after); diff != "" {
					t.Errorf("not all went back (-before +after):\n%s", diff)
				}
			})
		})
	}
}

// TestRollbackWithABrokenFile goes back although the file in the tree is one that ECS refuses.
func TestRollbackWithABrokenFile(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		w.Release("v2")
		apptest.Shop{Services: []string{"web"}, Task: map[string]any{"cpu": "3"}, Service: map[string]any{"schedulingStrategy": "DAEMON"}}.Configure(w)
		back := w.Rollback()
		w.Expect(back[0], tagboat.VerdictSucceeded)
	})
}

// TestRollbackToWhatWasDeleted says what is gone, and what to do.
func TestRollbackToWhatWasDeleted(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		first := time.Now()
		w.Later(time.Hour)
		w.Release("v2")
		deregister(w, "web:1")
		w.AWS("ecs.DeleteTaskDefinitions", map[string]any{"taskDefinitions": []string{"web:1"}})
		w.Later(time.Hour)
		err := rollbackTo(w, first)
		if tagboat.KindOf(err) != tagboat.Usage || !strings.Contains(err.Error(), "ran web:1 at") {
			t.Errorf("it went back: %v", err)
		}
	})
}

// TestARollbackThatDiedIsCompleted has one that brought one of two services back and wrote
// nothing to the journal, or what it came to. The same command completes it, and goes no further.
func TestARollbackThatDiedIsCompleted(t *testing.T) {
	for _, recorded := range []bool{false, true} {
		t.Run(map[bool]string{false: "killed", true: "recorded"}[recorded], func(t *testing.T) {
			apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
				apptest.Shop{Services: []string{"api", "web"}}.Open(w)
				for _, tag := range []string{"v1", "v2", "v3"} {
					w.Later(time.Minute)
					w.Push("shop/web:" + tag)
					w.Push("shop/api:" + tag)
					w.Pin("dev", "web="+tag, "api="+tag)
					w.Deploy()
				}
				w.Later(time.Minute)
				orders := []proxytest.Order{{Kind: proxytest.Drop, Operation: "ecs.UpdateService", Match: `"api"`}}
				if !recorded {
					orders = append(orders, proxytest.Order{Kind: proxytest.Drop, Operation: "logs.PutLogEvents", Match: `succeeded`})
				}
				a, _ := through(w, orders...)
				if _, err := a.Rollbacks.Do(w.Context(), plannedBack(w, a, apptest.Dev), "", apptest.Wait); err != nil {
					w.Fatal(err)
				}
				w.Later(time.Minute)
				for _, d := range w.Rollback() {
					want := map[tagboat.ServiceName]tagboat.Verdict{"api": tagboat.VerdictSucceeded, "web": tagboat.VerdictUnchanged}[d.Service]
					w.Expect(d, want)
					if d.Images[0].Running != w.Pushed["shop/"+string(d.Service)+":v2"] {
						w.Errorf("%s runs %s", d.Service, d.Images[0].Running)
					}
				}
				w.Later(time.Minute)
				for _, d := range w.Rollback() { // that was finished: one more goes further back
					w.Expect(d, tagboat.VerdictSucceeded)
					if d.Images[0].Running != w.Pushed["shop/"+string(d.Service)+":v1"] {
						w.Errorf("%s runs %s", d.Service, d.Images[0].Running)
					}
				}
			})
		})
	}
}
