package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// beginThen starts version v1 of a plain service web and gives the file of its service
// another shape, which the next deployment brings.
func (w *world) beginThen(s shop) {
	w.Helper()
	w.begin(shop{})
	s.files(w, "web")
}

// rolls is a service with a deployment configuration.
func rolls(configuration map[string]any) shop {
	return shop{service: map[string]any{"deploymentConfiguration": configuration}}
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
			inWorld(t, sandbox.Config{}, func(w *world) {
				w.beginThen(rolls(configuration))
				w.push("shop/web:v2")
				w.pin("dev", "web=v2")
				began := time.Now()
				d := w.one()
				w.expect(d, tagboat.VerdictSucceeded)
				if took := time.Since(began); took < 2*time.Minute {
					w.Errorf("it was watched for %s, and bakes longer", took)
				}
				if d.Images[0].Running != w.pushed["shop/web:v2"] {
					w.Errorf("%s runs", d.Images[0].Running)
				}
			})
			inWorld(t, sandbox.Config{}, func(w *world) {
				w.beginThen(rolls(configuration))
				w.push("shop/web:v2", "exit=3@1s", "log=fatal: no database")
				w.pin("dev", "web=v2")
				w.expect(w.one(), tagboat.VerdictRolledBack, "code 3", "fatal: no database")
			})
		})
	}
}

// hooked is a canary with a hook.
func hooked(hook map[string]any) shop {
	return rolls(map[string]any{
		"strategy": "CANARY", "bakeTimeInMinutes": 1, "canaryConfiguration": map[string]any{"canaryPercent": 10, "canaryBakeTimeInMinutes": 1},
		"lifecycleHooks": []any{hook},
	})
}

const checker = "arn:aws:lambda:us-east-1:123456789012:function:check"

// TestAHookThatFails has ECS go back because a function said so.
func TestAHookThatFails(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.beginThen(hooked(map[string]any{
			"hookTargetArn": checker, "roleArn": "arn:aws:iam::123456789012:role/hooks", "lifecycleStages": []string{"POST_SCALE_UP"},
		}))
		w.control(http.MethodPost, "functions", `{"function": "*check", "status": "FAILED"}`)
		w.push("shop/web:v2")
		w.pin("dev", "web=v2")
		w.expect(w.one(), tagboat.VerdictRolledBack, "POST_SCALE_UP", checker)
	})
}

// pause waits for somebody after the test traffic has shifted.
var pause = map[string]any{"targetType": "PAUSE", "lifecycleStages": []string{"POST_TEST_TRAFFIC_SHIFT"}}

// TestAPauseIsToldAndContinued has a deployment wait for somebody, who lets it go on or back.
func TestAPauseIsToldAndContinued(t *testing.T) {
	for _, back := range []bool{false, true} {
		inWorld(t, sandbox.Config{}, func(w *world) {
			w.beginThen(hooked(pause))
			w.push("shop/web:v2")
			w.pin("dev", "web=v2")
			var told []string
			o := wait
			o.Progress = tell(func(text string) {
				if len(told) == 0 || told[len(told)-1] != text {
					told = append(told, text)
				}
			})
			go func() {
				<-time.After(10 * time.Minute)
				selection := fleet.Selection{Environments: []tagboat.EnvName{"dev"}, Services: []tagboat.ServiceName{"web"}}
				if _, err := w.open().Delivery.Continue(w.Context(), selection, back); err != nil {
					w.Error(err)
				}
			}()
			go func() {
				<-time.After(8 * time.Minute)
				causes, err := w.open().View.Explain(w.Context(), fleet.Selection{Environments: []tagboat.EnvName{"dev"}})
				if err != nil || !strings.Contains(fmt.Sprint(causes), "waits in stage POST_TEST_TRAFFIC_SHIFT") {
					w.Errorf("explained as %+v, %v", causes, err)
				}
			}()
			began := time.Now()
			d := w.deployWith(w.Context(), w.open(), o)[0]
			want := tagboat.VerdictSucceeded
			if back {
				want = tagboat.VerdictRolledBack
			}
			w.expect(d, want)
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
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.beginThen(hooked(pause))
		w.push("shop/web:v2")
		w.pin("dev", "web=v2")
		w.expect(w.one(), tagboat.VerdictTimedOut, "tagboat continue --env dev web")
	})
}

// alarm gives a CloudWatch alarm a state; it makes it where it is not there.
func (w *world) alarm(name, state string) {
	w.Helper()
	w.aws("monitoring.PutMetricAlarm", map[string]any{
		"AlarmName": name, "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold", "MetricName": "5xx",
		"Namespace": "AWS/ApplicationELB", "Threshold": 1, "Period": 60, "Statistic": "Sum",
	})
	w.aws("monitoring.SetAlarmState", map[string]any{"AlarmName": name, "StateValue": state, "StateReason": "errors are many"})
}

// alarmed is a service whose deployments an alarm watches while they bake.
func alarmed(rollback bool) shop {
	return rolls(map[string]any{
		"bakeTimeInMinutes": 20, "alarms": map[string]any{"alarmNames": []string{"errors"}, "enable": true, "rollback": rollback},
	})
}

// TestAnAlarmEndsTheWait has an alarm ring while a deployment bakes: ECS goes back, or
// leaves that to us.
func TestAnAlarmEndsTheWait(t *testing.T) {
	for _, rollback := range []bool{true, false} {
		inWorld(t, sandbox.Config{}, func(w *world) {
			w.alarm("errors", "OK")
			w.beginThen(alarmed(rollback))
			w.push("shop/web:v2")
			w.pin("dev", "web=v2")
			began := time.Now()
			go func() {
				<-time.After(5 * time.Minute)
				w.alarm("errors", "ALARM")
			}()
			w.expect(w.one(), tagboat.VerdictRolledBack, "errors", "errors are many")
			if took := time.Since(began); took > 12*time.Minute {
				w.Errorf("the wait went on for %s", took)
			}
		})
	}
}

// TestAnAlarmThatRangBefore is one that ECS ignores for the whole deployment.
func TestAnAlarmThatRangBefore(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.alarm("errors", "ALARM")
		w.beginThen(alarmed(true))
		w.push("shop/web:v2")
		w.pin("dev", "web=v2")
		w.expect(w.one(), tagboat.VerdictSucceeded)
	})
}

// tell hears the notes of a deployment.
type tell func(text string)

// Event implements rollout.Progress.
func (f tell) Event(u rollout.Update) { f(u.Note) }
