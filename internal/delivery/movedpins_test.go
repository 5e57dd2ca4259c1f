package delivery_test

import (
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/proxytest"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// rolledTwice has web run v1 and then v2, and pins v3, which is to be deployed.
func rolledTwice(w *apptest.World) {
	w.Helper()
	apptest.Shop{}.Begin(w)
	w.Release("v2")
	w.Push("shop/web:v3")
	w.Pin("dev", "web=v3")
}

// TestARollbackThatEndedBeforeTheChangeIsNotRunOver has a rollback end while the revision of
// a deployment is registered.
func TestARollbackThatEndedBeforeTheChangeIsNotRunOver(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		rolledTwice(w)
		a := w.Open(apptest.After("RegisterTaskDefinition", "", func() { w.Rollback() }))
		got := w.DeployWith(w.Context(), a, apptest.Wait)[0]
		w.Expect(got, tagboat.VerdictSuperseded, "the service was not changed", "image web is pinned to v2 by now", "it is broken")
		w.Expect(w.One(), tagboat.VerdictUnchanged)
	})
}

// TestARollbackThatEndedDuringTheChangeIsTold has a rollback end while UpdateService is on its
// way: what was deployed should run no more.
func TestARollbackThatEndedDuringTheChangeIsTold(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		rolledTwice(w)
		a := w.Open(apptest.Before("UpdateService", "", func() { w.Rollback() }))
		got := w.DeployWith(w.Context(), a, apptest.Wait)[0]
		w.Expect(got, tagboat.VerdictSuperseded, "and should no more", "image web is pinned to v2 by now", "tagboat deploy --env dev web")
		w.Expect(w.One(), tagboat.VerdictSucceeded)
	})
}

// TestAPinDuringADeploymentIsTold has somebody pin something else while a deployment rolls.
func TestAPinDuringADeploymentIsTold(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		rolledTwice(w)
		a := w.Open(apptest.Before("UpdateService", "", func() {
			if _, err := w.PinAs(false, []string{"web=v2"}); err != nil {
				w.Error(err)
			}
		}))
		got := w.DeployWith(w.Context(), a, apptest.Wait)[0]
		w.Expect(got, tagboat.VerdictSuperseded, "image web is pinned to v2 by now", "(mine)")
	})
}

// TestARejectionComesBeforeThePin has a rollback that rejected what is to be deployed, and has
// not pinned yet.
func TestARejectionComesBeforeThePin(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		rolledTwice(w)
		back := plannedBack(w, w.Open(), apptest.Dev)
		a := w.Open(apptest.After("RegisterTaskDefinition", "", func() {
			r, _ := through(w, proxytest.Order{Kind: proxytest.Drop, Operation: "ssm.PutParameter", Match: `/containers/dev/shop"`})
			_, _ = r.Rollbacks.Do(w.Context(), back, "it is broken", rollout.Options{})
		}))
		got := w.DeployWith(w.Context(), a, apptest.Wait)[0]
		w.Expect(got, tagboat.VerdictSuperseded, "the service was not changed", "v3 of image web was rejected meanwhile by a rollback")
	})
}

// TestAHoldComesWhileAutomationDeploys has somebody hold the image after the plan was made.
func TestAHoldComesWhileAutomationDeploys(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		next(w)
		a := w.Open(apptest.After("RegisterTaskDefinition", "", func() {
			if _, err := w.Open().Pinning.Holds.Hold(w.Context(), pinning.HoldRequest{Environment: "dev", Message: "a sale"}); err != nil {
				w.Error(err)
			}
		}))
		set, err := a.Delivery.Plan(w.Context(), apptest.Dev)
		if err == nil {
			err = a.Delivery.Automate(w.Context(), set)
		}
		if err != nil {
			w.Fatal(err)
		}
		got := a.Delivery.Deploy(w.Context(), set, apptest.Wait).Deployments[0]
		w.Expect(got, tagboat.VerdictBlocked, "image web is held in dev: a sale", "the service was not changed")
		w.Expect(w.One(), tagboat.VerdictSucceeded)
	})
}

// TestManyServicesAskTogether counts the reads of pins: services that change at once share one.
func TestManyServicesAskTogether(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		names := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"}
		apptest.Shop{Services: names}.Open(w)
		var all []string
		for _, name := range names {
			w.Push("shop/" + name + ":v1")
			all = append(all, name+"=v1")
		}
		w.Pin("dev", all...)
		before := w.Calls("ssm.GetParameters")
		for _, d := range w.Deploy() {
			w.Expect(d, tagboat.VerdictSucceeded)
		}
		if n := w.Calls("ssm.GetParameters") - before; n > 1+2*len(names) {
			w.Errorf("%d reads of pins", n)
		} else {
			w.Logf("%d reads of pins for %d services", n, len(names))
		}
	})
}
