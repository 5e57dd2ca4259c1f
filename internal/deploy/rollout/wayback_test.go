package rollout_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/deploytest"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/expect"
)

func TestD4_R3_CrashesAreExplainedAndRolledBack(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		f.Rolls = deploytest.BadCrashes
		began := time.Now()
		got := deploytest.Run(t, f, "bad", deploytest.Wait())
		deploytest.Check(t, f, got, deploytest.Outcome{
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
		if got.Images[0].Running != deploytest.Digest("v1") || got.Images[0].Pinned != deploytest.Digest("bad") {
			t.Errorf("images: %+v", got.Images)
		}
	})
}

// What ran was never good: the way back leads to what ran well before that.
func TestR1_BackToWhatRanWell(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		f.Rolls = deploytest.Never
		never := f.Register(deploytest.Definition(t, "never").JSON())
		f.Mu.Lock()
		f.Start(f.Services["api"], never)
		f.Mu.Unlock()
		f.Rolls = deploytest.BadCrashes
		f.BubbleBadOnly()
		deploytest.Check(t, f, deploytest.Run(t, f, "bad", deploytest.Wait()), deploytest.Outcome{
			Verdict: tagboat.VerdictRolledBack, TaskDefinition: "api:3", Previous: "api:2", Running: "api:1",
			Changes: "RegisterTaskDefinition 1, UpdateService 2",
		})
	})
}

// What ran well was deregistered meanwhile: it is registered again.
func TestR1_BackToADeregisteredRevision(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		f.Definitions[0].Status = "INACTIVE"
		f.Rolls = deploytest.BadCrashes
		deploytest.Check(t, f, deploytest.Run(t, f, "bad", deploytest.Wait()), deploytest.Outcome{
			Verdict: tagboat.VerdictRolledBack, TaskDefinition: "api:2", Previous: "api:1", Running: "api:3",
			Changes: "RegisterTaskDefinition 2, UpdateService 2",
		})
	})
}

func TestR2_FirstDeploymentIsStoppedAndSaysSo(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.New()
		f.Rolls = deploytest.BadCrashes
		got := deploytest.Run(t, f, "bad", deploytest.Wait())
		deploytest.Check(t, f, got, deploytest.Outcome{
			Verdict: tagboat.VerdictFailed, TaskDefinition: "api:1", Running: "api:1",
			Changes: "RegisterTaskDefinition 1, CreateService 1, UpdateService 1, TagResource 1",
		})
		for _, word := range []string{"service api is left in cluster c", "desired count 0", "aws ecs delete-service --cluster c --service api --force"} {
			if !strings.Contains(got.Reason, word) {
				t.Errorf("the reason does not say %q: %s", word, got.Reason)
			}
		}

		clear(f.Calls)
		deploytest.Check(t, f, deploytest.Run(t, f, "v1", deploytest.Wait()), deploytest.Outcome{
			Verdict: tagboat.VerdictSucceeded, TaskDefinition: "api:2", Previous: "api:1", Running: "api:2",
			Changes: "RegisterTaskDefinition 1, UpdateService 1, UntagResource 1",
		})
		if n := f.Services["api"].Desired; n != 2 {
			t.Errorf("the service wants %d tasks", n)
		}
	})
}

// The same version again after it was stopped is another try, not "unchanged".
func TestR2_StoppedIsNotUnchanged(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.New()
		f.Rolls = deploytest.BadCrashes
		deploytest.Run(t, f, "bad", deploytest.Wait())
		again := deploytest.Target(t, f.Client(), "bad")
		again.Desired.ServiceDefinition = nil // the count comes from the tag
		plans := expect.Value(deploy.Prepare(t.Context(), []deploy.Target{again}))(t)
		f.Rolls = deploytest.Completes
		got := new(rollout.Runner).Run(t.Context(), plans, deploytest.Wait())[0]
		if got.Verdict != tagboat.VerdictSucceeded || f.Services["api"].Desired != 2 || len(f.Definitions) != 1 {
			t.Errorf("got %s with desired %d and %d revisions: %s", got.Verdict, f.Services["api"].Desired, len(f.Definitions), got.Reason)
		}
	})
}

// ECS's circuit breaker failed the deployment and rolls nothing back: we do.
func TestR3_BreakerWithoutRollback(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		f.Rolls = func(f *deploytest.ECS, s *ecs.Service) {
			if d := &s.Deployments[0]; f.Bad(*d) {
				d.RolloutState, d.RolloutReason = "FAILED", "ECS deployment circuit breaker: tasks failed to start."
				return
			}
			deploytest.Completes(f, s)
		}
		deploytest.Check(t, f, deploytest.Run(t, f, "bad", deploytest.Wait()), deploytest.Outcome{
			Verdict: tagboat.VerdictRolledBack, TaskDefinition: "api:2", Previous: "api:1", Running: "api:1",
			Changes: "RegisterTaskDefinition 1, UpdateService 2",
		})
	})
}

func TestNoRollbackLeavesItAndSaysSo(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		f.Rolls = deploytest.BadCrashes
		o := deploytest.Wait()
		o.NoRollback = true
		got := deploytest.Run(t, f, "bad", o)
		deploytest.Check(t, f, got, deploytest.Outcome{
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
		deploytest.InBubble(t, func(t *testing.T) {
			f := deploytest.Running(t)
			if first {
				f = deploytest.New()
			}
			f.Rolls = deploytest.BadCrashes
			theirs := ""
			f.Refuse = func(op string) error {
				if op == "GetLogEvents" && theirs == "" {
					theirs = f.Register(deploytest.Definition(t, "theirs").JSON())
					f.Start(f.Services["api"], theirs)
				}
				return nil
			}
			got := deploytest.Run(t, f, "bad", deploytest.Wait())
			if got.Verdict != tagboat.VerdictSuperseded || !strings.Contains(got.Reason, "not rolled back") {
				t.Errorf("got %s: %s", got.Verdict, got.Reason)
			}
			if s := f.Services["api"]; s.Deployments[0].TaskDefinition != theirs || s.Desired != 2 {
				t.Errorf("%s with %d tasks is what the service has", s.Deployments[0].TaskDefinition, s.Desired)
			}
		})
	}
}

func TestRollbackThatDoesNotEnd(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		f.Rolls = func(f *deploytest.ECS, s *ecs.Service) {
			if d := &s.Deployments[0]; f.Bad(*d) {
				f.Crash(s, d, 3)
			}
		}
		o := deploytest.Wait()
		o.Timeout = 5 * time.Minute
		got := deploytest.Run(t, f, "bad", o)
		if got.Verdict != tagboat.VerdictFailed || !strings.Contains(got.Reason, "the rollback to api:1") || !strings.Contains(got.Reason, "its end was not seen") {
			t.Errorf("got %s: %s", got.Verdict, got.Reason)
		}
	})
}

func TestRollbackRefused(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		f.Rolls = deploytest.BadCrashes
		updates := 0
		f.Refuse = func(op string) error {
			if op == "UpdateService" {
				updates++
			}
			if op == "UpdateService" && updates > 1 {
				return errors.New("AccessDeniedException")
			}
			return nil
		}
		got := deploytest.Run(t, f, "bad", deploytest.Wait())
		if got.Verdict != tagboat.VerdictFailed || !strings.Contains(got.Reason, "AccessDeniedException") {
			t.Errorf("got %s: %s", got.Verdict, got.Reason)
		}
	})
}

func TestImageNotFoundNeedsTwoTasks(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		failed := 0
		f.Rolls = func(f *deploytest.ECS, s *ecs.Service) {
			d := &s.Deployments[0]
			if !f.Bad(*d) {
				deploytest.Completes(f, s)
				return
			}
			if failed < 2 {
				failed++
				d.FailedTasks++
				task := f.Task(s, *d, fmt.Sprintf("%032d", failed), "STOPPED")
				task.StopCode = "TaskFailedToStart"
				task.StoppedReason = "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref " + deploytest.Reference("bad").Pinned() + ": not found"
				f.Tasks = append(f.Tasks, task)
			}
		}
		got := deploytest.Run(t, f, "bad", deploytest.Wait())
		if got.Verdict != tagboat.VerdictRolledBack || got.Causes[0].Cause != "the image is not in the registry (container app), in 2 tasks" {
			t.Errorf("got %s: %+v", got.Verdict, got.Causes)
		}
	})
}

func TestTimedOutGoesOn(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		f.Rolls = deploytest.Never
		o := deploytest.Wait()
		o.Timeout = 3 * time.Minute
		got := deploytest.Run(t, f, "v2", o)
		deploytest.Check(t, f, got, deploytest.Outcome{
			Verdict: tagboat.VerdictTimedOut, TaskDefinition: "api:2", Previous: "api:1", Running: "api:2",
			Changes: "RegisterTaskDefinition 1, UpdateService 1",
		})
		if !strings.Contains(got.Reason, "continues") {
			t.Errorf("the reason does not say that it goes on: %s", got.Reason)
		}
	})
}

func TestInterruptedRollback(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		ctx, cancel := context.WithCancel(t.Context())
		f.Rolls = func(f *deploytest.ECS, s *ecs.Service) {
			if d := &s.Deployments[0]; f.Bad(*d) {
				f.Crash(s, d, 3)
			} else if len(s.Deployments) > 1 {
				cancel()
			}
		}
		got := deploytest.RunIn(ctx, t, f, "bad", deploytest.Wait())
		if got.Verdict != tagboat.VerdictInterrupted || !strings.Contains(got.Reason, "rollback to api:1") {
			t.Errorf("got %s: %s", got.Verdict, got.Reason)
		}
	})
}

func TestDeletedMeanwhile(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		polls := 0
		f.Rolls = func(f *deploytest.ECS, s *ecs.Service) {
			if polls++; polls > 2 {
				delete(f.Services, "api")
			}
		}
		got := deploytest.Run(t, f, "v2", deploytest.Wait())
		if got.Verdict != tagboat.VerdictFailed || !strings.Contains(got.Reason, "deleted") {
			t.Errorf("got %s: %s", got.Verdict, got.Reason)
		}
	})
}

// Nothing was seen of the deployment in time: that is what is said, and no numbers.
func TestTimedOutBeforeAnyAnswer(t *testing.T) {
	deploytest.InBubble(t, func(t *testing.T) {
		f := deploytest.Running(t)
		o := deploytest.Wait()
		o.Timeout = time.Nanosecond
		got := deploytest.Run(t, f, "v2", o)
		if got.Verdict != tagboat.VerdictTimedOut || !strings.Contains(got.Reason, "was in no answer of AWS yet after 1ns and continues in ECS") {
			t.Errorf("got %s: %s", got.Verdict, got.Reason)
		}
	})
}
