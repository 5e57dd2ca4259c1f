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
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// rollbackTo goes back to what ran at a time, and returns the error of planning that.
func rollbackTo(w *apptest.World, at time.Time) error {
	w.Helper()
	a := w.Open()
	back, err := a.Rollbacks.Plan(w.Context(), apptest.Dev, access.When{At: at})
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
			apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
				w.AWS("ecs.CreateCluster", map[string]any{"clusterName": "dev", "capacityProviders": []string{"FARGATE", "FARGATE_SPOT"}})
				apptest.Shop{Service: tc.before, Container: ports}.Begin(w)
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
