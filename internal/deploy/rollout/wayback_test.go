package deploy_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
)

// The way back, and the defects that users of other tools reported of it.

func TestD4_R3_CrashesAreExplainedAndRolledBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		f.rolls = badCrashes
		began := time.Now()
		got := run(t, f, "bad", wait)
		check(t, f, got, outcome{
			Verdict: tagboat.VerdictRolledBack, TaskDefinition: "api:2", Previous: "api:1", Running: "api:1",
			Changes: "RegisterTaskDefinition 1, UpdateService 2",
		})
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("it took %s to see that three tasks crashed", took)
		}
		if len(got.Causes) != 1 {
			t.Fatalf("causes: %+v", got.Causes)
		}
		for _, word := range []string{"container app", "code 3"} {
			if !strings.Contains(got.Causes[0].Cause, word) {
				t.Errorf("the cause does not say %q: %s", word, got.Causes[0].Cause)
			}
		}
		if !strings.Contains(got.Causes[0].Evidence, "panic: no database") {
			t.Errorf("the last lines of the log are missing: %s", got.Causes[0].Evidence)
		}
		if got.Images[0].Running != digest("v1") || got.Images[0].Pinned != digest("bad") {
			t.Errorf("images: %+v", got.Images)
		}
	})
}

// What ran was never good: the way back leads to what ran well before that.
func TestR1_BackToWhatRanWell(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		f.rolls = never
		never := f.register(definition(t, "never").JSON())
		f.mu.Lock()
		f.start(f.services["api"], never)
		f.mu.Unlock()
		f.rolls = badCrashes
		f.bubbleBadOnly()
		check(t, f, run(t, f, "bad", wait), outcome{
			Verdict: tagboat.VerdictRolledBack, TaskDefinition: "api:3", Previous: "api:2", Running: "api:1",
			Changes: "RegisterTaskDefinition 1, UpdateService 2",
		})
	})
}

// bubbleBadOnly keeps rollouts of what is neither bad nor v1 from ending.
func (f *fake) bubbleBadOnly() {
	f.rolls = func(f *fake, s *ecs.Service) {
		record := string(f.definition(s.Deployments[0].TaskDefinition).Record)
		if strings.Contains(record, string(digest("never"))) {
			return
		}
		badCrashes(f, s)
	}
}

// What ran well was deregistered meanwhile: it is registered again.
func TestR1_BackToADeregisteredRevision(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		f.definitions[0].Status = "INACTIVE"
		f.rolls = badCrashes
		check(t, f, run(t, f, "bad", wait), outcome{
			Verdict: tagboat.VerdictRolledBack, TaskDefinition: "api:2", Previous: "api:1", Running: "api:3",
			Changes: "RegisterTaskDefinition 2, UpdateService 2",
		})
	})
}

func TestR2_FirstDeploymentIsStoppedAndSaysSo(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFake()
		f.rolls = badCrashes
		got := run(t, f, "bad", wait)
		check(t, f, got, outcome{
			Verdict: tagboat.VerdictFailed, TaskDefinition: "api:1", Running: "api:1",
			Changes: "RegisterTaskDefinition 1, CreateService 1, UpdateService 1, TagResource 1",
		})
		for _, word := range []string{"service api is left in cluster c", "desired count 0", "aws ecs delete-service --cluster c --service api --force"} {
			if !strings.Contains(got.Reason, word) {
				t.Errorf("the reason does not say %q: %s", word, got.Reason)
			}
		}

		clear(f.calls)
		check(t, f, run(t, f, "v1", wait), outcome{
			Verdict: tagboat.VerdictSucceeded, TaskDefinition: "api:2", Previous: "api:1", Running: "api:2",
			Changes: "RegisterTaskDefinition 1, UpdateService 1, UntagResource 1",
		})
		if n := f.services["api"].Desired; n != 2 {
			t.Errorf("the service wants %d tasks", n)
		}
	})
}

// The same version again after it was stopped is another try, not "unchanged".
func TestR2_StoppedIsNotUnchanged(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFake()
		f.rolls = badCrashes
		run(t, f, "bad", wait)
		again := target(t, f.client(), "bad")
		again.Desired.ServiceDefinition = nil // the count comes from the tag
		plans, err := deploy.Prepare(t.Context(), []deploy.Target{again})
		if err != nil {
			t.Fatal(err)
		}
		f.rolls = completes
		got := deploy.Run(t.Context(), plans, wait)[0]
		if got.Verdict != tagboat.VerdictSucceeded || f.services["api"].Desired != 2 || len(f.definitions) != 1 {
			t.Errorf("got %s with desired %d and %d revisions: %s", got.Verdict, f.services["api"].Desired, len(f.definitions), got.Reason)
		}
	})
}

// ECS's circuit breaker failed the deployment and rolls nothing back: we do.
func TestR3_BreakerWithoutRollback(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		f.rolls = func(f *fake, s *ecs.Service) {
			if d := &s.Deployments[0]; f.bad(*d) {
				d.RolloutState, d.RolloutReason = "FAILED", "ECS deployment circuit breaker: tasks failed to start."
				return
			}
			completes(f, s)
		}
		check(t, f, run(t, f, "bad", wait), outcome{
			Verdict: tagboat.VerdictRolledBack, TaskDefinition: "api:2", Previous: "api:1", Running: "api:1",
			Changes: "RegisterTaskDefinition 1, UpdateService 2",
		})
	})
}

func TestNoRollbackLeavesItAndSaysSo(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		f.rolls = badCrashes
		o := wait
		o.NoRollback = true
		got := run(t, f, "bad", o)
		check(t, f, got, outcome{
			Verdict: tagboat.VerdictFailed, TaskDefinition: "api:2", Previous: "api:1", Running: "api:2",
			Changes: "RegisterTaskDefinition 1, UpdateService 1",
		})
		if !strings.Contains(got.Reason, "left as it is") || !strings.Contains(got.Reason, "tagboat rollback --env dev api, which brings api:1 back") {
			t.Errorf("the reason says neither what is left nor the way back: %s", got.Reason)
		}
	})
}

// What somebody else deploys while we explain why ours failed is not rolled back.
func TestRollbackDoesNotRunOverOthers(t *testing.T) {
	for _, first := range []bool{false, true} {
		inBubble(t, func(t *testing.T) {
			f := running(t)
			if first {
				f = newFake()
			}
			f.rolls = badCrashes
			theirs := ""
			f.refuse = func(op string) error {
				if op == "GetLogEvents" && theirs == "" {
					theirs = f.register(definition(t, "theirs").JSON())
					f.start(f.services["api"], theirs)
				}
				return nil
			}
			got := run(t, f, "bad", wait)
			if got.Verdict != tagboat.VerdictSuperseded || !strings.Contains(got.Reason, "not rolled back") {
				t.Errorf("got %s: %s", got.Verdict, got.Reason)
			}
			if s := f.services["api"]; s.Deployments[0].TaskDefinition != theirs || s.Desired != 2 {
				t.Errorf("%s with %d tasks is what the service has", s.Deployments[0].TaskDefinition, s.Desired)
			}
		})
	}
}

func TestRollbackThatDoesNotEnd(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		f.rolls = func(f *fake, s *ecs.Service) {
			if d := &s.Deployments[0]; f.bad(*d) {
				f.crash(s, d, 3)
			}
		}
		o := wait
		o.Timeout = 5 * time.Minute
		got := run(t, f, "bad", o)
		if got.Verdict != tagboat.VerdictFailed || !strings.Contains(got.Reason, "the rollback to api:1") || !strings.Contains(got.Reason, "its end was not seen") {
			t.Errorf("got %s: %s", got.Verdict, got.Reason)
		}
	})
}

func TestRollbackRefused(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		f.rolls = badCrashes
		updates := 0
		f.refuse = func(op string) error {
			if op == "UpdateService" {
				updates++
			}
			if op == "UpdateService" && updates > 1 {
				return errors.New("AccessDeniedException")
			}
			return nil
		}
		got := run(t, f, "bad", wait)
		if got.Verdict != tagboat.VerdictFailed || !strings.Contains(got.Reason, "AccessDeniedException") {
			t.Errorf("got %s: %s", got.Verdict, got.Reason)
		}
	})
}

func TestImageNotFoundNeedsTwoTasks(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		failed := 0
		f.rolls = func(f *fake, s *ecs.Service) {
			d := &s.Deployments[0]
			if !f.bad(*d) {
				completes(f, s)
				return
			}
			if failed < 2 {
				failed++
				d.FailedTasks++
				task := f.task(s, *d, fmt.Sprintf("%032d", failed), "STOPPED")
				task.StopCode = "TaskFailedToStart"
				task.StoppedReason = "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref " + reference("bad").Pinned() + ": not found"
				f.tasks = append(f.tasks, task)
			}
		}
		got := run(t, f, "bad", wait)
		if got.Verdict != tagboat.VerdictRolledBack || got.Causes[0].Cause != "the image is not in the registry (container app), in 2 tasks" {
			t.Errorf("got %s: %+v", got.Verdict, got.Causes)
		}
	})
}

func TestTimedOutGoesOn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		f.rolls = never
		o := wait
		o.Timeout = 3 * time.Minute
		got := run(t, f, "v2", o)
		check(t, f, got, outcome{
			Verdict: tagboat.VerdictTimedOut, TaskDefinition: "api:2", Previous: "api:1", Running: "api:2",
			Changes: "RegisterTaskDefinition 1, UpdateService 1",
		})
		if !strings.Contains(got.Reason, "goes on") {
			t.Errorf("the reason does not say that it goes on: %s", got.Reason)
		}
	})
}

func TestInterruptedRollback(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		ctx, cancel := context.WithCancel(t.Context())
		f.rolls = func(f *fake, s *ecs.Service) {
			if d := &s.Deployments[0]; f.bad(*d) {
				f.crash(s, d, 3)
			} else if len(s.Deployments) > 1 {
				cancel()
			}
		}
		got := runIn(ctx, t, f, "bad", wait)
		if got.Verdict != tagboat.VerdictInterrupted || !strings.Contains(got.Reason, "rollback to api:1") {
			t.Errorf("got %s: %s", got.Verdict, got.Reason)
		}
	})
}

func TestDeletedMeanwhile(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		polls := 0
		f.rolls = func(f *fake, s *ecs.Service) {
			if polls++; polls > 2 {
				delete(f.services, "api")
			}
		}
		got := run(t, f, "v2", wait)
		if got.Verdict != tagboat.VerdictFailed || !strings.Contains(got.Reason, "deleted") {
			t.Errorf("got %s: %s", got.Verdict, got.Reason)
		}
	})
}

// Nothing was seen of the deployment in time: that is what is said, and no numbers.
func TestTimedOutBeforeAnyAnswer(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := running(t)
		o := wait
		o.Timeout = time.Nanosecond
		got := run(t, f, "v2", o)
		if got.Verdict != tagboat.VerdictTimedOut || !strings.Contains(got.Reason, "was in no answer of AWS yet after 1ns and goes on by itself") {
			t.Errorf("got %s: %s", got.Verdict, got.Reason)
		}
	})
}
