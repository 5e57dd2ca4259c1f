package delivery_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// second deploys version v2 of service web, whose containers do what labels say.
func second(w *apptest.World, labels ...string) tagboat.Deployment {
	w.Helper()
	next(w, labels...)
	return w.One()
}

// TestDesiredCountOfNought has no task to look at: the deployment completes at once, and
// says that nothing runs.
func TestDesiredCountOfNought(t *testing.T) {
	apptest.Shop{Service: map[string]any{"desiredCount": 0}}.Run(t, func(w *apptest.World) {
		d := second(w, "exit=3@1s")
		w.Expect(d, tagboat.VerdictSucceeded, "no task")
		if d.Images[0].Running != "" {
			w.Errorf("%s is said to run", d.Images[0].Running)
		}
	})
}

// TestD5MoreThanAHundredTasks has the tasks of a service on several pages, of which the
// last tasks run something else.
func TestD5MoreThanAHundredTasks(t *testing.T) {
	apptest.Shop{Service: map[string]any{"desiredCount": 230}}.Run(t, func(w *apptest.World) {
		d := second(w)
		w.Expect(d, tagboat.VerdictSucceeded)
		if d.Images[0].Running != w.Pushed["shop/web:v2"] {
			w.Errorf("%s runs", d.Images[0].Running)
		}
		if n := w.Calls("ecs.ListTasks"); n < 6 {
			w.Errorf("%d calls for lists of three pages, twice", n)
		}
	})
}

// TestAutoscalingIsLeftAlone has somebody else change the desired count before and while we
// deploy: it is never set back, unless the file says so.
func TestAutoscalingIsLeftAlone(t *testing.T) {
	for _, desired := range []any{nil, 2} {
		apptest.Shop{}.Run(t, func(w *apptest.World) {
			scale := func(to int) {
				w.AWS("ecs.UpdateService", map[string]any{"cluster": "dev", "service": "web", "desiredCount": to})
			}
			apptest.Shop{Service: map[string]any{"desiredCount": desired}}.Files(w, "web")
			scale(4)
			go func() {
				<-time.After(15 * time.Second)
				scale(6)
			}()
			w.Expect(second(w, "start=40s"), tagboat.VerdictSucceeded)
			w.Later(time.Minute)
			want := 6.0
			if desired != nil {
				w.Release("v3")
				want = 2
			}
			if got := described(w)["desiredCount"]; got != want {
				w.Errorf("with %v in the file %v tasks are desired, want %v", desired, got, want)
			}
		})
	}
}

// TestSpotTasksThatAreTakenAway is no failure of the version: ECS starts others.
func TestSpotTasksThatAreTakenAway(t *testing.T) {
	apptest.Shop{Service: spot}.Run(t, func(w *apptest.World) {
		go func() {
			for range 4 {
				<-time.After(10 * time.Second)
				w.Control(http.MethodPost, "harm", `{"kind":"interrupt","cluster":"dev","service":"web"}`)
			}
		}()
		w.Expect(second(w, "start=5s"), tagboat.VerdictSucceeded)
	})
}

// TestControllersThatAreNotECS are somebody else's to deploy, and that is said before
// anything is changed.
func TestControllersThatAreNotECS(t *testing.T) {
	for _, controller := range []string{"CODE_DEPLOY", "EXTERNAL"} {
		apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
			apptest.Shop{Services: []string{"web"}}.Open(w, "web:v1")
			w.Pin("dev", "web=v1")
			input := map[string]any{
				"cluster": "dev", "serviceName": "web", "desiredCount": 1, "deploymentController": map[string]any{"type": controller},
			}
			if controller == "CODE_DEPLOY" {
				input["taskDefinition"] = registerImage(w, "shop/web:v1")
				input["networkConfiguration"] = map[string]any{"awsvpcConfiguration": map[string]any{"subnets": []string{"subnet-1"}}}
				input["launchType"] = "FARGATE"
			}
			w.AWS("ecs.CreateService", input)
			set := planOf(w, w.Open(), fleet.Selection{})
			problems := fmt.Sprint(set.Document().Problems)
			if !strings.Contains(problems, controller) {
				w.Errorf("the plan says %s", problems)
			}
			if n := w.Calls("ecs.UpdateService") + w.Calls("ecs.RegisterTaskDefinition"); controller == "EXTERNAL" && n != 0 {
				w.Errorf("%d changing calls", n)
			}
			if _, err := w.Open().View.Status(w.Context(), fleet.Selection{}); err != nil {
				w.Errorf("status: %v", err)
			}
		})
	}
}

// TestDaemons have as many tasks as there are instances, and no desired count of ours.
func TestDaemons(t *testing.T) {
	for labels, verdict := range map[string]tagboat.Verdict{"start=2s": tagboat.VerdictSucceeded, "exit=3@1s": tagboat.VerdictRolledBack} {
		apptest.Shop{
			Service: map[string]any{"launchType": "EC2", "schedulingStrategy": "DAEMON", "desiredCount": nil},
			Task:    map[string]any{"requiresCompatibilities": []string{"EC2"}},
		}.Run(t, func(w *apptest.World) {
			w.Expect(second(w, labels), verdict)
		})
	}
}

// TestCredentialsThatExpireMidway has a deployment take longer than the hour that a role's
// credentials last: they are renewed, and nobody notices.
func TestCredentialsThatExpireMidway(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		w.Write("tagboat.yaml", "app: shop\nregistry: "+sandboxtest.Host+"\nimages: {web: {repository: shop/web}}\n"+
			"services: {web: {taskDefinition: web.taskdef.json, service: web.service.json, containers: {app: web}}}\n"+
			"stages: [{name: dev}]\nenvironments: {dev: {stage: dev, region: us-east-1, cluster: dev, role: 'arn:aws:iam::210987654321:role/deploy'}}\n")
		apptest.Shop{}.Files(w, "web")
		w.AWSAs("210987654321", "ecs.CreateCluster", map[string]any{"clusterName": "dev"})
		w.AWSAs("210987654321", "logs.CreateLogGroup", map[string]any{"logGroupName": "/shop"})
		w.Release("v1")
		rolls(map[string]any{"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 100}).Files(w, "web")
		next(w)
		o := apptest.Wait
		o.Timeout = 3 * time.Hour
		began, before := time.Now(), w.Calls("sts.AssumeRole")
		w.Expect(w.DeployWith(w.Context(), w.Open(), o)[0], tagboat.VerdictSucceeded)
		if took := time.Since(began); took < 90*time.Minute {
			w.Errorf("it took %s, which proves nothing", took)
		}
		if n := w.Calls("sts.AssumeRole") - before; n < 2 {
			w.Errorf("the role was assumed %d times", n)
		}
	})
}

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
				if _, err := w.Open().Delivery.Continue(w.Context(), delivery.ContinueRequest{Selection: selection, Rollback: back}); err != nil {
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

// TestSecondDeploymentIsUnchanged deploys each input of the cases of what ECS answers
// twice, through everything that there is. The second time nothing is to change, with the
// label that remembers the input and without it.
func TestSecondDeploymentIsUnchanged(t *testing.T) {
	casetest.Each(t, "../taskdef/testdata/answers/*/input.json", func(t *testing.T, input string) {
		apptest.Run(t, sandbox.Config{}, func(w *apptest.World) { twice(w, filepath.Dir(input)) })
	})
}

// twice deploys the case in dir. Where it has no service.json, the service is a plain one;
// a file platform says what its images are for.
func twice(w *apptest.World, dir string) {
	w.Helper()
	raw := file(w, dir, "input.json")
	var d struct {
		Family, NetworkMode     string
		RequiresCompatibilities []string
		ContainerDefinitions    []struct{ Name string }
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		w.Fatal(err)
	}
	var containers []string
	for _, c := range d.ContainerDefinitions {
		containers = append(containers, c.Name+": web")
	}
	service := `{"desiredCount":0`
	if d.NetworkMode == "awsvpc" {
		service += `,"networkConfiguration":{"awsvpcConfiguration":{"subnets":["subnet-1"]}}`
	}
	if slices.Contains(d.RequiresCompatibilities, "FARGATE") {
		service += `,"launchType":"FARGATE"`
	}
	service += "}"
	if own := file(w, dir, "service.json"); own != nil {
		service = string(own)
	}
	w.Write("web.taskdef.json", string(raw))
	w.Write("web.service.json", service)
	w.Write("tagboat.yaml", fmt.Sprintf(`
app: shop
registry: 127.0.0.1:4510
images: {web: {repository: shop/web}}
services: {web: {taskDefinition: web.taskdef.json, service: web.service.json, containers: {%s}}}
stages: [{name: dev}]
environments: {dev: {stage: dev, region: us-east-1, cluster: dev}}
`, strings.Join(containers, ", ")))
	w.AWS("ecs.CreateCluster", map[string]any{"clusterName": "dev"})
	w.AWS("logs.CreateLogGroup", map[string]any{"logGroupName": "/web"})
	for _, name := range []string{"/t", "/s", "s", "/token", "/a", "/ad", "ad"} {
		w.AWS("ssm.PutParameter", map[string]any{"Name": name, "Value": "x", "Type": "SecureString"})
	}
	w.PushFor(strings.TrimSpace(string(file(w, dir, "platform"))), "shop/web:v1")
	w.Pin("dev", "web=v1")
	w.Expect(w.One(), tagboat.VerdictSucceeded)
	w.Expect(w.One(), tagboat.VerdictUnchanged)
	if n := revisions(w, d.Family); n != 1 {
		w.Errorf("%d revisions after the second deployment", n)
	}
}

// file returns what a file has; nil where there is none.
func file(w *apptest.World, dir, name string) []byte {
	w.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.Fatal(err)
	}
	return raw
}
