package pace_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tagboat/tagboat/internal/cloud/pace"
)

func TestWaitKeepsToTheRate(t *testing.T) {
	for _, c := range []struct {
		operation string
		calls     int
		takes     time.Duration
	}{
		{"ecs.RegisterTaskDefinition", 19, 0},
		{"ecs.RegisterTaskDefinition", 29, 10 * time.Second},
		{"ecs.UpdateService", 97, 10 * time.Second},
		{"ecs.DescribeServices", 295, 10 * time.Second},
		{"ssm.PutParameter", 5, time.Second},
		{"sts.GetCallerIdentity", 1000, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			p, start := pace.New(nil), time.Now()
			for range c.calls {
				if err := p.Wait(t.Context(), "here", c.operation); err != nil {
					t.Fatal(err)
				}
			}
			if took := time.Since(start).Round(time.Millisecond); took != c.takes {
				t.Errorf("%d %s took %s", c.calls, c.operation, took)
			}
		})
	}
}

func TestGroupsShareABucketAndScopesDoNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, start := pace.New(nil), time.Now()
		wait := func(scope, operation string) {
			if err := p.Wait(t.Context(), scope, operation); err != nil {
				t.Fatal(err)
			}
		}
		for range 23 {
			wait("here", "ecs.UpdateService")
			wait("here", "ecs.CreateService")
			wait("there", "ecs.UpdateService")
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("within the burst it took %s", took)
		}
		wait("here", "ecs.DeleteService")
		wait("here", "ecs.DeleteService")
		if took := time.Since(start); took != 200*time.Millisecond {
			t.Errorf("beyond the burst it took %s", took)
		}
	})
}

func TestWaitEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pace.New(nil)
		for range 19 {
			if err := p.Wait(t.Context(), "here", "ecs.RegisterTaskDefinition"); err != nil {
				t.Fatal(err)
			}
		}
		soon, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		start := time.Now()
		if err := p.Wait(soon, "here", "ecs.RegisterTaskDefinition"); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 0 {
			t.Errorf("%v after %s", err, time.Since(start))
		}
		gone, stop := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Millisecond, stop)
		if err := p.Wait(gone, "here", "ecs.RegisterTaskDefinition"); !errors.Is(err, context.Canceled) {
			t.Errorf("the error is %v", err)
		}
		// Neither of the two took a turn.
		if err := p.Wait(t.Context(), "here", "ecs.RegisterTaskDefinition"); err != nil || time.Since(start) != time.Second {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
}
