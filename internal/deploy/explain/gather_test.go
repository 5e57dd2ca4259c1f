package explain_test

import (
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy/deploytest"
	"github.com/tagboat/tagboat/internal/deploy/explain"
)

func TestExplain(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		f.Rolls = deploytest.BadCrashes
		o := deploytest.Wait()
		o.Wait = false
		deploytest.Run(t, f, "bad", o)
		causes, err := explain.Service(t.Context(), deploytest.Target(t, f.Client(), "bad"))
		if err != nil || len(causes) != 1 || causes[0].Cause != "container app exited with code 3" {
			t.Errorf("got %+v, %v", causes, err)
		}
		other := deploytest.Target(t, f.Client(), "v1")
		other.Desired.ServiceName, other.Desired.ServiceDefinition = "other", nil
		if _, err := explain.Service(t.Context(), other); tagboat.KindOf(err) != tagboat.Usage {
			t.Errorf("a service that does not exist: %v", err)
		}
	})
}
