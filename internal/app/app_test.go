package app_test

import (
	"sync"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// TestDeploys deploys a version that runs, and then one that does not.
func TestDeploys(t *testing.T) {
	apptest.Shop{}.Run(t, func(w *apptest.World) {
		w.Push("shop/web:v2", "exit=3@5s", "log=fatal: no database")
		w.Pin("dev", "web=v2")
		w.Expect(w.One(), tagboat.VerdictRolledBack, "fatal: no database")
	})
}

func TestAnAppIsSharedByWhatRunsAtOnce(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"api", "web"}, Tenants: []string{"", "mb"}}.Open(w)
		for _, name := range []string{"api", "web"} {
			w.Push("shop/" + name + ":v1")
		}
		for _, env := range []tagboat.EnvName{"dev", "mb-dev"} {
			w.Pin(env, "api=v1", "web=v1")
		}
		a := w.Open()
		var all sync.WaitGroup
		for _, env := range []tagboat.EnvName{"dev", "mb-dev"} {
			for range 8 {
				all.Go(func() {
					if _, err := a.Delivery.Plan(w.Context(), fleet.Selection{Environments: []tagboat.EnvName{env}}); err != nil {
						w.Error(err)
					}
				})
			}
			all.Go(func() { w.DeployWith(w.Context(), a, apptest.Wait) })
		}
		all.Wait()
	})
}
