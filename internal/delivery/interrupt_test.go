package delivery_test

import (
	"context"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// D8: who interrupts a deployment waits for nothing: not for calls that are under way, and
// not for a journal that does not answer.
func TestD8_InterruptEndsSoon(t *testing.T) {
	for _, operation := range []string{"ecs.RegisterTaskDefinition", "ecs.UpdateService", "ecs.DescribeServices", "logs.*"} {
		t.Run(operation, func(t *testing.T) {
			apptest.Shop{}.Run(t, func(w *apptest.World) {
				next(w, "start=60s")
				a := w.Open()
				set := planOf(w, a, fleet.Selection{})
				w.Fault(sandbox.Fault{Operation: operation, Kind: "latency", Latency: "30m"})
				ctx, interrupt := context.WithTimeout(w.Context(), 10*time.Second)
				defer interrupt()
				began := time.Now()
				d := a.Delivery.Deploy(ctx, set, apptest.Wait).Deployments[0]
				took := time.Since(began)
				w.Expect(d, tagboat.VerdictInterrupted)
				if took > 15*time.Second {
					t.Errorf("it ended %s after the interrupt", took-10*time.Second)
				}
				w.Control("DELETE", "faults", "")
				w.Expect(w.One(), tagboat.VerdictSucceeded)
				if n := revisions(w, "web"); n != 2 {
					t.Errorf("there are %d revisions", n)
				}
			})
		})
	}
}
