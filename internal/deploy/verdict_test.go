package deploy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
)

func TestSucceeded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		got := run(t, f, "v2", wait)
		check(t, f, got, outcome{
			Verdict: tagboat.VerdictSucceeded, TaskDefinition: "api:2", Previous: "api:1", Running: "api:2",
			Changes: "RegisterTaskDefinition 1, UpdateService 1",
		})
		want := []tagboat.ImageState{{
			Container: "app", Image: "api", Tag: "v2", Pinned: digest("v2"), Running: digest("v2"), RunningTag: "v2",
			Previous: digest("v1"), PreviousTag: "v1",
		}}
		if diff := cmp.Diff(want, got.Images); diff != "" {
			t.Errorf("images (-want +got):\n%s", diff)
		}
	})
}

func TestCreated(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFake()
		check(t, f, run(t, f, "v1", wait), outcome{
			Verdict: tagboat.VerdictSucceeded, TaskDefinition: "api:1", Running: "api:1",
			Changes: "RegisterTaskDefinition 1, CreateService 1",
		})
	})
}

func TestStarted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		o := wait
		o.Wait = false
		check(t, f, run(t, f, "v2", o), outcome{
			Verdict: tagboat.VerdictStarted, TaskDefinition: "api:2", Previous: "api:1", Running: "api:2",
			Changes: "RegisterTaskDefinition 1, UpdateService 1",
		})
	})
}
