package deploy_test

import (
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
)

func TestExplain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		f.rolls = badCrashes
		o := wait
		o.Wait = false
		run(t, f, "bad", o)
		causes, err := deploy.Explain(t.Context(), target(t, f.client(), "bad"))
		if err != nil || len(causes) != 1 || causes[0].Cause != "container app exited with code 3" {
			t.Errorf("got %+v, %v", causes, err)
		}
		other := target(t, f.client(), "v1")
		other.Desired.ServiceName, other.Desired.ServiceDefinition = "other", nil
		if _, err := deploy.Explain(t.Context(), other); tagboat.KindOf(err) != tagboat.Usage {
			t.Errorf("a service that does not exist: %v", err)
		}
	})
}
