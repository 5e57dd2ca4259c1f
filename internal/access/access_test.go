package access_test

import (
	"sync"
	"testing"

	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// Whatever runs at once in a process that lives long shares the polls of a place, whether
// or not an environment says the region that the AWS configuration has.
func TestOnePlaceHasOneClient(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"api"}}.Open(w)
		a := w.Open()
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
