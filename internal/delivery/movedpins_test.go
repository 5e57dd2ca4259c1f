package app_test

import (
	"net/http"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// rolledTwice has web run v1 and then v2, and pins v3, which is to be deployed.
func (w *world) rolledTwice() {
	w.Helper()
	w.begin(shop{})
	w.push("shop/web:v2")
	w.push("shop/web:v3")
	w.pin("dev", "web=v2")
	w.expect(w.one(), tagboat.VerdictSucceeded)
	w.pin("dev", "web=v3")
}

// pinsBack pins what a rollback goes back to, as a rollback does.
func (w *world) pinsBack() {
	if _, err := w.rollback(); err != nil {
		w.Error(err)
	}
}

// onceAnswered does something once, right after a call of that operation was answered.
func onceAnswered(operation string, then func()) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return answered{&first{next: next, operation: "." + operation, then: func() {}}, then}
	}
}

type answered struct {
	*first
	then func()
}

// RoundTrip implements http.RoundTripper.
func (a answered) RoundTrip(r *http.Request) (*http.Response, error) {
	mine := false
	if r.Header.Get("X-Amz-Target") == "AmazonEC2ContainerServiceV20141113"+a.operation {
		a.once.Do(func() { mine = true })
	}
	answer, err := a.next.RoundTrip(r)
	if mine {
		a.then()
	}
	return answer, err
}

// TestARollbackThatEndedBeforeTheChangeIsNotRunOver has a rollback end while the revision of
// a deployment is registered.
func TestARollbackThatEndedBeforeTheChangeIsNotRunOver(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.rolledTwice()
		a := w.open(onceAnswered("RegisterTaskDefinition", w.pinsBack))
		got := w.deployWith(w.Context(), a, wait)[0]
		w.expect(got, tagboat.VerdictSuperseded, "the service was not changed", "image web is pinned to v2 by now", "it is broken")
		w.expect(w.one(), tagboat.VerdictUnchanged)
	})
}

// TestARollbackThatEndedDuringTheChangeIsTold has a rollback end while UpdateService is on its
// way: what was deployed should run no more.
func TestARollbackThatEndedDuringTheChangeIsTold(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.rolledTwice()
		a := w.open(before("UpdateService", w.pinsBack))
		got := w.deployWith(w.Context(), a, wait)[0]
		w.expect(got, tagboat.VerdictSuperseded, "and should no more", "image web is pinned to v2 by now", "tagboat deploy --env dev web")
		w.expect(w.one(), tagboat.VerdictSucceeded)
	})
}

// TestAPinDuringADeploymentIsTold has somebody pin something else while a deployment rolls.
func TestAPinDuringADeploymentIsTold(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.rolledTwice()
		a := w.open(before("UpdateService", func() {
			if _, err := w.asked(false, []string{"web=v2"}); err != nil {
				w.Error(err)
			}
		}))
		got := w.deployWith(w.Context(), a, wait)[0]
		w.expect(got, tagboat.VerdictSuperseded, "image web is pinned to v2 by now", "(mine)")
	})
}

// TestARejectionComesBeforeThePin has a rollback that rejected what is to be deployed, and has
// not pinned yet.
func TestARejectionComesBeforeThePin(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.rolledTwice()
		back, err := w.open().Rollbacks.Plan(w.Context(), fleet.Selection{Environments: []tagboat.EnvName{"dev"}}, access.When{})
		if err != nil {
			w.Fatal(err)
		}
		a := w.open(onceAnswered("RegisterTaskDefinition", func() {
			r := w.open(refusingWritesOf("/containers/dev/shop"))
			_, _ = r.Rollbacks.Do(w.Context(), back, "it is broken", rollout.Options{})
		}))
		got := w.deployWith(w.Context(), a, wait)[0]
		w.expect(got, tagboat.VerdictSuperseded, "the service was not changed", "v3 of image web was rejected meanwhile by a rollback")
	})
}

// refusingWritesOf lets no write to a parameter through.
func refusingWritesOf(parameter string) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return &firstWrite{first: first{next: next, then: func() {}}, parameter: parameter, refuses: true}
	}
}

// TestManyServicesAskTogether counts the reads of pins: services that change at once share one.
func TestManyServicesAskTogether(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		names := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"}
		shop{services: names}.open(w)
		var all []string
		for _, name := range names {
			w.push("shop/" + name + ":v1")
			all = append(all, name+"=v1")
		}
		w.pin("dev", all...)
		before := w.calls("ssm.GetParameters")
		for _, d := range w.deploy() {
			w.expect(d, tagboat.VerdictSucceeded)
		}
		if n := w.calls("ssm.GetParameters") - before; n > 1+2*len(names) {
			w.Errorf("%d reads of pins", n)
		} else {
			w.Logf("%d reads of pins for %d services", n, len(names))
		}
	})
}
