package delivery_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

const expressConfig = "app: shop\nregistry: " + sandboxtest.Host + `
images: {web: {repository: shop/web}}
services: {web: {deploy: {through: express}, containers: {Main: web}}}
stages: [{name: dev}]
environments: {dev: {stage: dev, region: us-east-1, cluster: dev}}
`

// express runs a story with the service web of Express Mode, which runs v1 by its tag.
func express(t *testing.T, story func(w *apptest.World)) {
	t.Helper()
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		w.Push("shop/web:v1")
		makeExpress(w)
		w.Later(15 * time.Minute)
		story(w)
	})
}

// makeExpress writes the configuration and makes the service with v1.
func makeExpress(w *apptest.World) {
	w.Helper()
	w.Write("tagboat.yaml", expressConfig)
	w.AWS("ecs.CreateCluster", map[string]any{"clusterName": "dev", "capacityProviders": []string{"FARGATE"}})
	w.AWS("ecs.CreateExpressGatewayService", map[string]any{
		"cluster": "dev", "serviceName": "web", "infrastructureRoleArn": "arn:aws:iam::123456789012:role/infrastructure",
		"executionRoleArn": "arn:aws:iam::123456789012:role/execution", "scalingTarget": map[string]any{"minTaskCount": 2},
		"primaryContainer": map[string]any{"image": sandboxtest.Host + "/shop/web:v1", "environment": []any{map[string]any{"name": "COLOR", "value": "red"}}},
	})
}

// bring pins a version whose containers do what labels say.
func bring(w *apptest.World, version string, labels ...string) {
	w.Helper()
	w.Push("shop/web:"+version, labels...)
	w.Pin("dev", "web="+version)
}

// inExpress returns what Express Mode has of the container Main: its image, and its COLOR.
func inExpress(w *apptest.World) (image, color string) {
	w.Helper()
	out := w.AWS("ecs.DescribeExpressGatewayService", map[string]any{"serviceArn": "arn:aws:ecs:us-east-1:123456789012:service/dev/web"})
	active := out["service"].(map[string]any)["activeConfigurations"].([]any)[0].(map[string]any)["primaryContainer"].(map[string]any)
	return active["image"].(string), active["environment"].([]any)[0].(map[string]any)["value"].(string)
}

// has expects that a version runs, with all else as it was.
func has(w *apptest.World, version string) {
	w.Helper()
	image, color := inExpress(w)
	if want := sandboxtest.Host + "/shop/web@" + string(w.Pushed["shop/web:"+version]); image != want || color != "red" {
		w.Errorf("%s runs with the color %s, want %s", image, color, want)
	}
}

// TestExpressIsDeployed changes the image by Express Mode's own operation, and nothing else.
func TestExpressIsDeployed(t *testing.T) {
	express(t, func(w *apptest.World) {
		w.Pin("dev", "web=v1")
		w.Expect(w.One(), tagboat.VerdictUnchanged) // it runs under its tag
		bring(w, "v2")
		set, err := w.Open().Delivery.Plan(w.Context(), apptest.Dev)
		if err != nil {
			t.Fatal(err)
		}
		plan := set.Document()
		if len(plan.Changes) != 1 || len(plan.Problems)+len(plan.Warnings) > 0 {
			t.Fatalf("planned: %+v", plan)
		}
		expect.Equal(t, []string{"update the image of Express Mode service web in cluster dev"}, plan.Changes[0].Steps)
		expect.Equal(t, fmt.Sprintf("- containerDefinitions[Main].image: %q\n+ containerDefinitions[Main].image: %q\n",
			sandboxtest.Host+"/shop/web:v1", sandboxtest.Host+"/shop/web@"+string(w.Pushed["shop/web:v2"])), plan.Changes[0].Diff)

		before := map[string]int{}
		changing := []string{"ecs.UpdateExpressGatewayService", "ecs.DescribeExpressGatewayService", "ecs.UpdateService", "ecs.RegisterTaskDefinition"}
		for _, operation := range changing {
			before[operation] = w.Calls(operation)
		}
		began := time.Now()
		d := w.One()
		w.Expect(d, tagboat.VerdictSucceeded, "dev-web:2 runs, with the pinned digests")
		if took := time.Since(began); took < 6*time.Minute { // twice three minutes of baking
			t.Errorf("the canary took %s", took)
		}
		var calls []int
		for _, operation := range changing {
			calls = append(calls, w.Calls(operation)-before[operation])
		}
		expect.Equal(t, []int{1, 1, 0, 0}, calls)
		has(w, "v2")
		w.Expect(w.One(), tagboat.VerdictUnchanged)
		status, err := w.Open().View.Status(w.Context(), apptest.Dev)
		if err != nil {
			t.Fatal(err)
		}
		s := status.Services[0]
		expect.Equal(t, []any{"steady", 0, tagboat.VerdictSucceeded, "v2", w.Pushed["shop/web:v2"]}, []any{s.State, len(s.Drift), s.Verdict, s.Images[0].Tag, s.Images[0].Running})
	})
}

// TestExpressComesBack goes back to the image of before: by Tagboat where tasks fail, by ECS where
// the alarm of the canary rings, and because somebody says so.
func TestExpressComesBack(t *testing.T) {
	t.Run("tasks that end", func(t *testing.T) {
		express(t, func(w *apptest.World) {
			bring(w, "v2", "exit=3@1s")
			go func() {
				w.Later(45 * time.Second)
				causes, err := w.Open().View.Explain(w.Context(), apptest.Dev)
				if err != nil || !strings.Contains(fmt.Sprint(causes), "container Main exited with code 3") {
					w.Errorf("explained as %+v, %v", causes, err)
				}
			}()
			w.Expect(w.One(), tagboat.VerdictRolledBack, "dev-web:2 failed: container Main exited with code 3", "rolled back to the image of dev-web:1, as dev-web:3, which runs")
			if image, color := inExpress(w); image != sandboxtest.Host+"/shop/web:v1" || color != "red" {
				t.Errorf("%s runs with the color %s", image, color)
			}
		})
	})
	t.Run("the alarm of the canary", func(t *testing.T) {
		express(t, func(w *apptest.World) {
			bring(w, "v2")
			go func() {
				w.Later(3 * time.Minute)
				service := w.AWS("ecs.DescribeServices", map[string]any{"cluster": "dev", "services": []string{"web"}})["services"].([]any)[0].(map[string]any)
				alarm := service["deploymentConfiguration"].(map[string]any)["alarms"].(map[string]any)["alarmNames"].([]any)[0]
				w.AWS("monitoring.SetAlarmState", map[string]any{"AlarmName": alarm, "StateValue": "ALARM", "StateReason": "2 datapoints were greater than 1"})
			}()
			w.Expect(w.One(), tagboat.VerdictRolledBack, "dev-web:1", "RollbackAlarm")
		})
	})
	t.Run("a rollback", func(t *testing.T) {
		express(t, func(w *apptest.World) {
			for _, version := range []string{"v2", "v3"} {
				bring(w, version)
				w.Expect(w.One(), tagboat.VerdictSucceeded)
				w.Later(time.Minute)
			}
			w.Expect(w.Rollback()[0], tagboat.VerdictSucceeded, "with the pinned digests")
			has(w, "v2")
			w.Blocked(w.Automate("web=v3"), "")
			expect.Equal(t, w.Pushed["shop/web:v2"], w.Pinned("web").Digest)
		})
	})
	t.Run("the first version", func(t *testing.T) { // somebody else's to end
		apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
			w.Push("shop/web:v1", "exit=3@1s")
			makeExpress(w)
			bring(w, "v2", "exit=4@1s")
			w.Expect(w.One(), tagboat.VerdictFailed, "no other version ran well, so it was left as it is")
			expect.Equal(t, 0, w.Calls("ecs.UpdateService"))
		})
	})
}

// TestExpressKilledAtEveryCall starts again after each call: the same end, and one update.
func TestExpressKilledAtEveryCall(t *testing.T) {
	for _, answered := range []bool{true, false} {
		for calls := int64(8); calls < 26; calls++ {
			t.Run(fmt.Sprintf("after %d calls, answered %t", calls, answered), func(t *testing.T) {
				express(t, func(w *apptest.World) {
					bring(w, "v2")
					ctx, kill := context.WithCancel(w.Context())
					defer kill()
					var left atomic.Int64
					left.Store(calls)
					a := w.Open(func(next http.RoundTripper) http.RoundTripper {
						return dying{next: next, left: &left, answered: answered, kill: kill}
					})
					if set, err := a.Delivery.Plan(ctx, apptest.Dev); err == nil {
						a.Delivery.Deploy(ctx, set, apptest.Wait)
					}
					d := w.One()
					if d.Verdict != tagboat.VerdictSucceeded && d.Verdict != tagboat.VerdictUnchanged {
						w.Errorf("ended as %s: %s", d.Verdict, d.Reason)
					}
					has(w, "v2")
					if n := revisions(w, "dev-web"); n != 2 {
						w.Errorf("there are %d revisions", n)
					}
				})
			})
		}
	}
}

// TestExpressAnswersAreLost looks for what came of an update, and makes it once.
func TestExpressAnswersAreLost(t *testing.T) {
	for _, effect := range []bool{true, false} {
		t.Run(fmt.Sprint(effect), func(t *testing.T) {
			express(t, func(w *apptest.World) {
				bring(w, "v2")
				w.Fault(sandbox.Fault{Operation: "ecs.UpdateExpressGatewayService", Kind: "reset", Count: 1, After: &effect})
				d := w.One()
				if effect {
					w.Expect(d, tagboat.VerdictSucceeded)
					has(w, "v2")
					return
				}
				w.Expect(d, tagboat.VerdictFailed, "whether the service changed is not known; tagboat deploy looks again")
				w.Expect(w.One(), tagboat.VerdictSucceeded)
				has(w, "v2")
			})
		})
	}
}

// TestExpressIsOvertaken leaves somebody else's deployment alone.
func TestExpressIsOvertaken(t *testing.T) {
	express(t, func(w *apptest.World) {
		bring(w, "v2")
		w.Push("shop/web:theirs")
		go func() {
			w.Later(4 * time.Minute)
			w.AWS("ecs.UpdateExpressGatewayService", map[string]any{
				"serviceArn": "arn:aws:ecs:us-east-1:123456789012:service/dev/web", "primaryContainer": map[string]any{"image": sandboxtest.Host + "/shop/web:theirs"},
			})
		}()
		w.Expect(w.One(), tagboat.VerdictSuperseded, "dev-web:3")
	})
}

// TestExpressRefused says before anything changes what is wrong, and what to do.
func TestExpressRefused(t *testing.T) {
	plain := "services: {web: {taskDefinition: {family: dev-web}, containers: {Main: web}}}"
	own := "services: {web: {deploy: {through: express}, containers: {Main: web}}}"
	for name, tt := range map[string]struct {
		config string
		before func(w *apptest.World)
		want   string
	}{
		"a plain service of Express Mode": {strings.Replace(expressConfig, own, plain, 1), nil,
			`service "web" in cluster "dev" was made by Express Mode (resourceManagementType ECS), which owns its task definition and its settings`},
		"no service": {strings.Replace(expressConfig, "{web: {deploy", "{absent: {deploy", 1), nil, `Express Mode service "absent" does not exist in cluster "dev"`},
		"one that is deleted": {expressConfig, func(w *apptest.World) {
			w.AWS("ecs.DeleteExpressGatewayService", map[string]any{"serviceArn": "arn:aws:ecs:us-east-1:123456789012:service/dev/web"})
		}, `service "web" in cluster "dev" is being deleted`},
		"one of others": {strings.Replace(expressConfig, "{web: {deploy", "{other: {deploy", 1), func(w *apptest.World) {
			w.AWS("ecs.CreateService", map[string]any{
				"cluster": "dev", "serviceName": "other", "taskDefinition": "dev-web:1", "desiredCount": 0, "launchType": "FARGATE",
				"networkConfiguration": map[string]any{"awsvpcConfiguration": map[string]any{"subnets": []string{"subnet-1"}}},
			})
		}, `service "other" in cluster "dev" was not made by Express Mode`},
		"an image that is gone": {expressConfig, func(w *apptest.World) {
			w.AWS("ecr.BatchDeleteImage", map[string]any{"repositoryName": "shop/web", "imageIds": []any{map[string]any{"imageDigest": w.Pushed["shop/web:v2"]}}})
		}, "container Main: image " + sandboxtest.Host + "/shop/web:v2@"},
	} {
		t.Run(name, func(t *testing.T) {
			express(t, func(w *apptest.World) {
				bring(w, "v2")
				if tt.before != nil {
					tt.before(w)
				}
				w.Write("tagboat.yaml", tt.config)
				if got := problems(w); !strings.Contains(got, tt.want) {
					t.Errorf("the plan says %q", got)
				}
			})
		})
	}
}

// TestExpressRefusedByAWS tells what AWS says, and changes nothing.
func TestExpressRefusedByAWS(t *testing.T) {
	express(t, func(w *apptest.World) {
		bring(w, "v2")
		w.Fault(sandbox.Fault{Operation: "ecs.UpdateExpressGatewayService", Kind: "error", Status: 400, Code: "AccessDeniedException"})
		w.Expect(w.One(), tagboat.VerdictFailed, "updating Express Mode service", "the service was not changed", "tagboat generate iam-policy --for deploy --env dev")
		if image, _ := inExpress(w); image != sandboxtest.Host+"/shop/web:v1" {
			t.Errorf("%s runs", image)
		}
	})
}
