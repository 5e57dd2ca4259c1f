package app_test

import (
	"sync"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// Whatever runs at once in a process that lives long shares the polls of a place, whether
// or not an environment says the region that the AWS configuration has.
func TestOnePlaceHasOneClient(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		shop{services: []string{"api"}}.open(w)
		a := w.open()
		got := make([]*deploy.Client, 64)
		var all sync.WaitGroup
		for i := range got {
			env := config.Environment{Name: "dev", Region: []string{"", "us-east-1"}[i%2]}
			all.Go(func() { got[i] = a.Fleet.Access.Client(env) })
		}
		all.Wait()
		for i, client := range got {
			if client != got[0] {
				t.Errorf("the client of call %d is another one", i)
			}
		}
	})
}

func TestAnAppIsSharedByWhatRunsAtOnce(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		shop{services: []string{"api", "web"}, tenants: []string{"", "mb"}}.open(w)
		for _, name := range []string{"api", "web"} {
			w.push("shop/" + name + ":v1")
		}
		for _, env := range []tagboat.EnvName{"dev", "mb-dev"} {
			w.pin(env, "api=v1", "web=v1")
		}
		a := w.open()
		var all sync.WaitGroup
		for _, env := range []tagboat.EnvName{"dev", "mb-dev"} {
			for range 8 {
				all.Go(func() {
					if _, err := a.Delivery.Plan(w.Context(), fleet.Selection{Environments: []tagboat.EnvName{env}}); err != nil {
						w.Error(err)
					}
				})
			}
			all.Go(func() { w.deployWith(w.Context(), a, wait) })
		}
		all.Wait()
	})
}
