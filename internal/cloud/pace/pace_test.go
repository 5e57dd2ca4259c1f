package pace_test

import (
	"context"
	"errors"
	"strings"
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

// A process that lives long has calls given up all the time.
func TestEndedContextsLeaveTheQueue(t *testing.T) {
	const operation = "ecs.DescribeServices"
	for _, c := range []struct {
		name    string
		giveUp  func(ctx context.Context, p *pace.Pacer) error // one call that never goes out
		refused error
	}{
		{"ended before", func(ctx context.Context, p *pace.Pacer) error {
			ended, cancel := context.WithCancel(ctx)
			cancel()
			return p.Wait(ended, "here", operation)
		}, context.Canceled},
		{"its deadline has passed", func(ctx context.Context, p *pace.Pacer) error {
			ended, cancel := context.WithDeadline(ctx, time.Now().Add(-time.Second))
			defer cancel()
			return p.Wait(ended, "here", operation)
		}, context.DeadlineExceeded},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := pace.New(nil)
				for range 600 {
					if err := c.giveUp(t.Context(), p); !errors.Is(err, c.refused) {
						t.Fatalf("the error is %v", err)
					}
				}
				soon, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				start := time.Now()
				if err := p.Wait(soon, "here", operation); err != nil || time.Since(start) != 0 {
					t.Errorf("a full bucket makes wait for %s: %v", time.Since(start), err)
				}
			})
		})
	}
}

// Those that end while they wait, first in the queue or behind, make room for the others.
func TestContextsThatEndWhileTheyWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, start := pace.New(nil), time.Now()
		wait := func(ctx context.Context) error { return p.Wait(ctx, "here", "ecs.RegisterTaskDefinition") }
		for range 19 {
			if err := wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		patient, cancel := context.WithCancel(t.Context())
		for range 30 {
			go func() { _ = wait(patient) }()
		}
		synctest.Wait()
		soon, stop := context.WithTimeout(t.Context(), 30*time.Second)
		defer stop()
		if err := wait(soon); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "has to wait 31s") {
			t.Errorf("behind thirty others the error is %v", err)
		}
		<-time.After(500 * time.Millisecond)
		cancel()
		synctest.Wait()
		soon, stop = context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if err := wait(soon); err != nil || time.Since(start) != time.Second {
			t.Errorf("once they have gone it takes %s: %v", time.Since(start), err)
		}
	})
}

// Two scopes that turn out to be the same account and region share AWS's bucket.
func TestMergedScopesShareTheirBuckets(t *testing.T) {
	for _, c := range []struct {
		name             string
		unknown, account int // revisions that were registered before
		then             time.Duration
	}{
		{"nothing was used", 0, 0, 0},
		{"some of both", 5, 5, 0},
		{"used up by the one", 19, 0, 10 * time.Second},
		{"used up by both", 10, 9, 10 * time.Second},
		{"more than there is", 19, 19, 29 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, start := pace.New(nil), time.Now()
				register := func(scope string, times int) {
					for range times {
						if err := p.Wait(t.Context(), scope, "ecs.RegisterTaskDefinition"); err != nil {
							t.Fatal(err)
						}
					}
				}
				register("/here", c.unknown)
				register("111/here", c.account)
				p.Merge("/here", "111/here")
				if c.then == 0 {
					c.then = max(0, time.Duration(c.unknown+c.account+10-19)) * time.Second
				}
				register("/here", 5)
				register("111/here", 5)
				if took := time.Since(start).Round(time.Millisecond); took != c.then {
					t.Errorf("it took %s, not %s", took, c.then)
				}
			})
		})
	}
}

func TestAMergedScopeIsAsSlowAsTheSlower(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pace.New(nil)
		p.Refused("/here", "ecs.RegisterTaskDefinition")
		p.Merge("/here", "111/here")
		start := time.Now()
		if err := p.Wait(t.Context(), "111/here", "ecs.RegisterTaskDefinition"); err != nil || time.Since(start) != 2*time.Second {
			t.Errorf("after a refusal it took %s: %v", time.Since(start), err)
		}
	})
}
