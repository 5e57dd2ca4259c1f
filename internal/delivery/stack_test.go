package delivery_test

import (
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// inStack runs a story in which version v1 of the services of a stack runs.
func inStack(t *testing.T, s apptest.Stack, story func(w *apptest.World)) {
	t.Helper()
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		s.Run(w)
		story(w)
	})
}

// TestThroughAStack deploys a version through a parameter of the stack, and through the pins that a
// parameter with an SSM type reads.
func TestThroughAStack(t *testing.T) {
	for _, way := range []string{apptest.ByParameter, apptest.ByPins} {
		t.Run(way, func(t *testing.T) {
			inStack(t, apptest.Stack{Image: way}, func(w *apptest.World) {
				w.Expect(w.One(), tagboat.VerdictUnchanged)
				w.Push("shop/web:v2")
				w.Pin("dev", "web=v2")
				d := w.One()
				w.Expect(d, tagboat.VerdictSucceeded, "with the pinned digests")
				if d.Images[0].Running != w.Pushed["shop/web:v2"] || d.DeploymentID == "" || d.TaskDefinition == d.PreviousTaskDefinition {
					w.Errorf("%+v", d)
				}
				w.StackEnds("shop-dev", "UPDATE_COMPLETE")
				if left := w.ChangeSets("shop-dev"); len(left) > 0 {
					w.Errorf("change sets are left: %v", left)
				}
				w.Expect(w.One(), tagboat.VerdictUnchanged)
			})
		})
	}
}
