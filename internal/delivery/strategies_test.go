package delivery_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// beginThen starts version v1 of a plain service web and gives the file of its service
// another shape, which the next deployment brings.
func beginThen(w *apptest.World, s apptest.Shop) {
	w.Helper()
	apptest.Shop{}.Begin(w)
	s.Files(w, "web")
}

// rolls is a service with a deployment configuration.
func rolls(configuration map[string]any) apptest.Shop {
	return apptest.Shop{Service: map[string]any{"deploymentConfiguration": configuration}}
}

var strategies = map[string]map[string]any{
	"blue/green": {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5},
	"linear": {"strategy": "LINEAR", "bakeTimeInMinutes": 2, "linearConfiguration": map[string]any{
		"stepPercent": 25, "stepBakeTimeInMinutes": 1,
	}},
	"canary": {"strategy": "CANARY", "bakeTimeInMinutes": 2, "canaryConfiguration": map[string]any{
		"canaryPercent": 10, "canaryBakeTimeInMinutes": 3,
	}},
}

// TestStrategiesAreWatchedToTheirEnd has each strategy end well, after its bake time, and
// fail.
func TestStrategiesAreWatchedToTheirEnd(t *testing.T) {
	for name, configuration := range strategies {
		t.Run(name, func(t *testing.T) {
			apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
				beginThen(w, rolls(configuration))
				next(w)
				began := time.Now()
				d := w.One()
				w.Expect(d, tagboat.VerdictSucceeded)
				if took := time.Since(began); took < 2*time.Minute {
					w.Errorf("it was watched for %s, and bakes longer", took)
				}
				if d.Images[0].Running != w.Pushed["shop/web:v2"] {
					w.Errorf("%s runs", d.Images[0].Running)
				}
			})
			apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
				beginThen(w, rolls(configuration))
				next(w, "exit=3@1s", "log=fatal: no database")
				w.Expect(w.One(), tagboat.VerdictRolledBack, "code 3", "fatal: no database")
			})
		})
	}
}

// hooked is a canary with a hook.
func hooked(hook map[string]any) apptest.Shop {
	return rolls(map[string]any{
		"strategy": "CANARY", "bakeTimeInMinutes": 1, "canaryConfiguration": map[string]any{"canaryPercent": 10, "canaryBakeTimeInMinutes": 1},
		"lifecycleHooks": []any{hook},
	})
}

const checker = "arn:aws:lambda:us-east-1:123456789012:function:check"

// TestAHookThatFails has ECS go back because a function said so.
func TestAHookThatFails(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		beginThen(w, hooked(map[string]any{
			"hookTargetArn": checker, "roleArn": "arn:aws:iam::123456789012:role/hooks", "lifecycleStages": []string{"POST_SCALE_UP"},
		}))
		w.Control(http.MethodPost, "functions", `{"function": "*check", "status": "FAILED"}`)
		next(w)
		w.Expect(w.One(), tagboat.VerdictRolledBack, "POST_SCALE_UP", checker)
	})
}

// pause waits for somebody after the test traffic has shifted.
var pause = map[string]any{"targetType": "PAUSE", "lifecycleStages": []string{"POST_TEST_TRAFFIC_SHIFT"}}

// TestAPauseIsToldAndContinued has a deployment wait for somebody, who lets it go on or back.
func TestAPauseIsToldAndContinued(t *testing.T) {
	for _, back := range []bool{false, true} {
		apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
			beginThen(w, hooked(pause))
			next(w)
			var told []string
			o := apptest.Wait
			o.Progress = tell(func(text string) {
				if len(told) == 0 || told[len(told)-1] != text {
					told = append(told, text)
				}
			})
			go func() {
				<-time.After(10 * time.Minute)
				selection := fleet.Selection{Environments: []tagboat.EnvName{"dev"}, Services: []tagboat.ServiceName{"web"}}
				if _, err := w.Open().Delivery.Continue(w.Context(), selection, back); err != nil {
					w.Error(err)
				}
			}()
			go func() {
				<-time.After(8 * time.Minute)
				causes, err := w.Open().View.Explain(w.Context(), apptest.Dev)
				if err != nil || !strings.Contains(fmt.Sprint(causes), "waits in stage POST_TEST_TRAFFIC_SHIFT") {
					w.Errorf("explained as %+v, %v", causes, err)
				}
			}()
			began := time.Now()
			d := w.DeployWith(w.Context(), w.Open(), o)[0]
			want := tagboat.VerdictSucceeded
			if back {
				want = tagboat.VerdictRolledBack
			}
			w.Expect(d, want)
			if time.Since(began) < 10*time.Minute {
				w.Errorf("it did not wait")
			}
			if all := strings.Join(told, "\n"); !strings.Contains(all, "POST_TEST_TRAFFIC_SHIFT") || !strings.Contains(all, "tagboat continue --env dev web") {
				w.Errorf("nobody was told that it waits, and how to go on:\n%s", all)
			}
		})
	}
}

// TestAPauseThatNobodyEnds says at the timeout what the deployment waits for.
func TestAPauseThatNobodyEnds(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		beginThen(w, hooked(pause))
		next(w)
		w.Expect(w.One(), tagboat.VerdictTimedOut, "tagboat continue --env dev web")
	})
}

// alarm gives a CloudWatch alarm a state; it makes it where it is not there.
func alarm(w *apptest.World, name, state string) {
	w.Helper()
	w.AWS("monitoring.PutMetricAlarm", map[string]any{
		"AlarmName": name, "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold", "MetricName": "5xx",
		"Namespace": "AWS/ApplicationELB", "Threshold": 1, "Period": 60, "Statistic": "Sum",
	})
	w.AWS("monitoring.SetAlarmState", map[string]any{"AlarmName": name, "StateValue": state, "StateReason": "errors are many"})
}

// alarmed is a service whose deployments an alarm watches while they bake.
func alarmed(rollback bool) apptest.Shop {
	return rolls(map[string]any{
		"bakeTimeInMinutes": 20, "alarms": map[string]any{"alarmNames": []string{"errors"}, "enable": true, "rollback": rollback},
	})
}

// TestAnAlarmEndsTheWait has an alarm ring while a deployment bakes: ECS goes back, or
// leaves that to us.
func TestAnAlarmEndsTheWait(t *testing.T) {
	for _, rollback := range []bool{true, false} {
		apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
			alarm(w, "errors", "OK")
			beginThen(w, alarmed(rollback))
			next(w)
			began := time.Now()
			go func() {
				<-time.After(5 * time.Minute)
				alarm(w, "errors", "ALARM")
			}()
			w.Expect(w.One(), tagboat.VerdictRolledBack, "errors", "errors are many")
			if took := time.Since(began); took > 12*time.Minute {
				w.Errorf("the wait went on for %s", took)
			}
		})
	}
}

// TestAnAlarmThatRangBefore is one that ECS ignores for the whole deployment.
func TestAnAlarmThatRangBefore(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		alarm(w, "errors", "ALARM")
		beginThen(w, alarmed(true))
		w.Release("v2")
	})
}

// tell hears the notes of a deployment.
type tell func(text string)

// Event implements rollout.Progress.
func (f tell) Event(u rollout.Update) { f(u.Note) }
