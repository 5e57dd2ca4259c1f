package cloud_test

import (
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/ecs"
)

// A process that starts while AWS's bucket is still empty waits for its turn.
func TestTheBucketOutlivesTheProcess(t *testing.T) {
	world := map[string][]string{"Sandbox-Id": {"AAAAAAAA"}}
	f := aws(t, map[string][]answer{
		"ecs.ListTasks":              {{body: `{}`, header: world}},
		"ecs.RegisterTaskDefinition": {registered},
	})
	cache := t.TempDir()
	register := func(n int) time.Duration {
		c, err := cloud.New(t.Context(), cloud.Options{Cache: cache})
		if err != nil {
			t.Fatal(err)
		}
		e := c.At(cloud.Place{}).ECS()
		if _, err := e.ListTasks(t.Context(), "dev", ecs.TaskFilter{}); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for range n {
			if _, err := e.RegisterTaskDefinition(t.Context(), minimal); err != nil {
				t.Fatal(err)
			}
		}
		return time.Since(began)
	}
	register(19)
	if took := register(1); took < 300*time.Millisecond {
		t.Errorf("the twentieth revision took %s", took)
	}
	if n := len(f.requests("ecs.RegisterTaskDefinition")); n != 20 {
		t.Errorf("%d revisions", n)
	}
}
