package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// rollbackTo goes back to what ran at a time, and returns the error of planning that.
func (w *world) rollbackTo(at time.Time) error {
	w.Helper()
	a := w.open()
	back, err := a.Rollbacks.Plan(w.Context(), fleet.Selection{Environments: []tagboat.EnvName{"dev"}}, access.When{At: at})
	if err != nil {
		return err
	}
	if _, err := a.Rollbacks.Do(w.Context(), back, "", wait); err != nil {
		w.Fatal(err)
	}
	return nil
}

// TestRollbackToATimeToCome is refused, as pins --as-of does.
func TestRollbackToATimeToCome(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{})
		if err := w.rollbackTo(time.Now().Add(time.Hour)); tagboat.KindOf(err) != tagboat.Usage {
			w.Error(err)
		}
	})
}

// TestRollbackToWhatWasRejected is a person's word that the version is good after all.
func TestRollbackToWhatWasRejected(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{})
		w.push("shop/web:v2")
		w.pin("dev", "web=v2")
		w.expect(w.one(), tagboat.VerdictSucceeded)
		w.later(time.Minute)
		second := time.Now()
		w.later(time.Minute)
		if _, err := w.rollback(); err != nil {
			w.Fatal(err)
		}
		if err := w.rollbackTo(second); err != nil || w.pinned("web").Tag != "v2" {
			w.Fatal(w.pinned("web"), err)
		}
		if _, err := w.open().Pinning.Holds.Unhold(w.Context(), pinning.HoldRequest{Environment: "dev"}); err != nil {
			w.Fatal(err)
		}
		w.blocked(w.automate("web=v1"), "was rejected")
		w.pin("dev", "web=v1")
		if err := w.automate("web=v2"); err != nil {
			w.Error(err)
		}
	})
}

// TestRollbackMovesTheTagsOfTheStage has a tag that says what is pinned.
func TestRollbackMovesTheTagsOfTheStage(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{})
		shop{services: []string{"web"}, tags: `"{environment}"`}.configure(w)
		w.push("shop/web:v2")
		w.pin("dev", "web=v2")
		w.expect(w.one(), tagboat.VerdictSucceeded)
		if _, err := w.rollback(); err != nil {
			w.Fatal(err)
		}
		ref, err := name.ParseReference(host+"/shop/web:dev", name.Insecure)
		if err != nil {
			w.Fatal(err)
		}
		tagged, err := remote.Head(ref, remote.WithTransport(sandboxtest.Carrier{Handler: w.server}))
		if err != nil || tagboat.Digest(tagged.Digest.String()) != w.pushed["shop/web:v1"] {
			w.Errorf("the tag is on %v, %v", tagged, err)
		}
	})
}

// TestATagWithoutDigestIsPinned, though nobody can tell what that is: it is not deployed, and
// to pin it again is no change.
func TestATagWithoutDigestIsPinned(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		shop{services: []string{"web"}}.open(w)
		w.configure("ledger: {form: tag}\n")
		w.push("shop/web:v1")
		w.pin("dev", "web=v1")
		if _, err := w.open().Pinning.Holds.Hold(w.Context(), pinning.HoldRequest{Environment: "dev"}); err != nil {
			w.Fatal(err)
		}
		if err := w.automate("web=v1"); err != nil {
			w.Errorf("nothing changes: %v", err)
		}
		_, err := w.open().Delivery.Plan(w.Context(), fleet.Selection{})
		if tagboat.KindOf(err) != tagboat.Usage || !strings.Contains(err.Error(), "is pinned in dev as v1, without a digest") {
			w.Error(err)
		}
	})
}

// TestRollbackBringsBackSettings has a deployment that fails by the settings that its file
// brought. Going back neither brings them again nor leaves them.
func TestRollbackBringsBackSettings(t *testing.T) {
	spot := map[string]any{"launchType": nil, "capacityProviderStrategy": []any{map[string]any{"capacityProvider": "FARGATE_SPOT", "weight": 1}}}
	ports := map[string]any{"portMappings": []any{map[string]any{"containerPort": 80, "name": "http"}}}
	for _, tc := range []struct {
		name         string
		before, then map[string]any
		left         bool // as it failed
		verdict      tagboat.Verdict
	}{
		{"what was rolled back", nil, otherSettings, false, tagboat.VerdictUnchanged},
		{"what was left as it failed", nil, otherSettings, true, tagboat.VerdictSucceeded},
		{"what was taken away", otherSettings, map[string]any{"serviceConnectConfiguration": map[string]any{"enabled": false}, "vpcLatticeConfigurations": []any{}, "serviceRegistries": []any{}}, true, tagboat.VerdictSucceeded},
		{"a capacity provider strategy", nil, spot, true, tagboat.VerdictSucceeded},
		{"a launch type", spot, map[string]any{"launchType": nil, "capacityProviderStrategy": []any{}}, true, tagboat.VerdictSucceeded},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inWorld(t, sandbox.Config{}, func(w *world) {
				w.aws("ecs.CreateCluster", map[string]any{"clusterName": "dev", "capacityProviders": []string{"FARGATE", "FARGATE_SPOT"}})
				w.begin(shop{service: tc.before, app: ports})
				before := w.settings()
				shop{services: []string{"web"}, service: tc.then, app: ports}.configure(w)
				w.push("shop/web:v2", "exit=1@1s")
				w.pin("dev", "web=v2")
				failed := w.deployWith(w.Context(), w.open(), rollout.Options{Wait: true, NoRollback: tc.left})
				w.expect(failed[0], map[bool]tagboat.Verdict{true: tagboat.VerdictFailed, false: tagboat.VerdictRolledBack}[tc.left])
				back, err := w.rollback()
				if err != nil {
					w.Fatal(err)
				}
				w.expect(back[0], tc.verdict)
				after := w.settings()
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
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{})
		w.push("shop/web:v2")
		w.pin("dev", "web=v2")
		w.expect(w.one(), tagboat.VerdictSucceeded)
		shop{services: []string{"web"}, task: map[string]any{"cpu": "3"}, service: map[string]any{"schedulingStrategy": "DAEMON"}}.configure(w)
		back, err := w.rollback()
		if err != nil {
			w.Fatal(err)
		}
		w.expect(back[0], tagboat.VerdictSucceeded)
	})
}

// TestRollbackToWhatWasDeleted says what is gone, and what to do.
func TestRollbackToWhatWasDeleted(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{})
		first := time.Now()
		w.later(time.Hour)
		w.push("shop/web:v2")
		w.pin("dev", "web=v2")
		w.expect(w.one(), tagboat.VerdictSucceeded)
		w.deregister("web:1")
		w.aws("ecs.DeleteTaskDefinitions", map[string]any{"taskDefinitions": []string{"web:1"}})
		w.later(time.Hour)
		err := w.rollbackTo(first)
		if tagboat.KindOf(err) != tagboat.Usage || !strings.Contains(err.Error(), "ran web:1 at") {
			t.Errorf("it went back: %v", err)
		}
	})
}
