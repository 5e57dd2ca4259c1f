package app_test

import (
	"sync"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox"
)

func TestDeploys(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		began := time.Now()
		apptest.Shop{Services: []string{"web"}}.Open(w, "web:v1")
		w.Pin("dev", "web=v1")
		w.Expect(w.One(), tagboat.VerdictSucceeded)
		t.Log(time.Since(began), w.Calls(""))
		w.Push("shop/web:v2", "exit=3@5s", "log=fatal: no database")
		w.Pin("dev", "web=v2")
		began = time.Now()
		d := w.One()
		t.Log(time.Since(began), w.Calls(""), d.Reason, d.Causes)
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
