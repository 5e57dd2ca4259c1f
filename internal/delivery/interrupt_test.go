package app_test

import (
	"context"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// D8: who interrupts a deployment waits for nothing: not for calls that are under way, and
// not for a journal that does not answer.
func TestD8_InterruptEndsSoon(t *testing.T) {
	for _, operation := range []string{"ecs.RegisterTaskDefinition", "ecs.UpdateService", "ecs.DescribeServices", "logs.*"} {
		t.Run(operation, func(t *testing.T) {
			inWorld(t, sandbox.Config{}, func(w *world) {
				w.begin(shop{})
				w.push("shop/web:v2", "start=60s")
				w.pin("dev", "web=v2")
				a := w.open()
				set, err := a.Delivery.Plan(w.Context(), fleet.Selection{})
				if err != nil {
					t.Fatal(err)
				}
				w.fault(sandbox.Fault{Operation: operation, Kind: "latency", Latency: "30m"})
				ctx, interrupt := context.WithTimeout(w.Context(), 10*time.Second)
				defer interrupt()
				began := time.Now()
				d := a.Delivery.Deploy(ctx, set, wait).Deployments[0]
				took := time.Since(began)
				w.expect(d, tagboat.VerdictInterrupted)
				if took > 15*time.Second {
					t.Errorf("it ended %s after the interrupt", took-10*time.Second)
				}
				w.control("DELETE", "faults", "")
				w.expect(w.one(), tagboat.VerdictSucceeded)
				if n := w.revisions("web"); n != 2 {
					t.Errorf("there are %d revisions", n)
				}
			})
		})
	}
}
