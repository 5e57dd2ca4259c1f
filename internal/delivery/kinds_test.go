package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// second deploys version v2 of service web, whose containers do what labels say.
func (w *world) second(labels ...string) tagboat.Deployment {
	w.Helper()
	w.push("shop/web:v2", labels...)
	w.pin("dev", "web=v2")
	return w.one()
}

// TestDesiredCountOfNought has no task to look at: the deployment completes at once, and
// says that nothing runs.
func TestDesiredCountOfNought(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{service: map[string]any{"desiredCount": 0}})
		d := w.second("exit=3@1s")
		w.expect(d, tagboat.VerdictSucceeded, "no task")
		if d.Images[0].Running != "" {
			w.Errorf("%s is said to run", d.Images[0].Running)
		}
	})
}

// TestD5MoreThanAHundredTasks has the tasks of a service on several pages, of which the
// last tasks run something else.
func TestD5MoreThanAHundredTasks(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{service: map[string]any{"desiredCount": 230}})
		d := w.second()
		w.expect(d, tagboat.VerdictSucceeded)
		if d.Images[0].Running != w.pushed["shop/web:v2"] {
			w.Errorf("%s runs", d.Images[0].Running)
		}
		if n := w.calls("ecs.ListTasks"); n < 6 {
			w.Errorf("%d calls for lists of three pages, twice", n)
		}
	})
}

// TestAutoscalingIsLeftAlone has somebody else change the desired count before and while we
// deploy: it is never set back, unless the file says so.
func TestAutoscalingIsLeftAlone(t *testing.T) {
	for _, desired := range []any{nil, 2} {
		inWorld(t, sandbox.Config{}, func(w *world) {
			w.begin(shop{})
			scale := func(to int) {
				w.aws("ecs.UpdateService", map[string]any{"cluster": "dev", "service": "web", "desiredCount": to})
			}
			shop{service: map[string]any{"desiredCount": desired}}.files(w, "web")
			scale(4)
			go func() {
				<-time.After(15 * time.Second)
				scale(6)
			}()
			w.expect(w.second("start=40s"), tagboat.VerdictSucceeded)
			w.later(time.Minute)
			want := 6
			if desired != nil {
				w.push("shop/web:v3")
				w.pin("dev", "web=v3")
				w.expect(w.one(), tagboat.VerdictSucceeded)
				want = 2
			}
			if got := w.desired("web"); got != want {
				w.Errorf("with %v in the file %d tasks are desired, want %d", desired, got, want)
			}
		})
	}
}

func (w *world) desired(service string) int {
	w.Helper()
	answer := w.aws("ecs.DescribeServices", map[string]any{"cluster": "dev", "services": []string{service}})
	return int(answer["services"].([]any)[0].(map[string]any)["desiredCount"].(float64))
}

// TestSpotTasksThatAreTakenAway is no failure of the version: ECS starts others.
func TestSpotTasksThatAreTakenAway(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.begin(shop{service: map[string]any{"launchType": nil, "capacityProviderStrategy": []any{
			map[string]any{"capacityProvider": "FARGATE_SPOT", "weight": 1},
		}}})
		go func() {
			for range 4 {
				<-time.After(10 * time.Second)
				w.control(http.MethodPost, "harm", `{"kind":"interrupt","cluster":"dev","service":"web"}`)
			}
		}()
		w.expect(w.second("start=5s"), tagboat.VerdictSucceeded)
	})
}

// TestControllersThatAreNotECS are somebody else's to deploy, and that is said before
// anything is changed.
func TestControllersThatAreNotECS(t *testing.T) {
	for _, controller := range []string{"CODE_DEPLOY", "EXTERNAL"} {
		inWorld(t, sandbox.Config{}, func(w *world) {
			shop{services: []string{"web"}}.open(w)
			w.push("shop/web:v1")
			w.pin("dev", "web=v1")
			input := map[string]any{
				"cluster": "dev", "serviceName": "web", "desiredCount": 1, "deploymentController": map[string]any{"type": controller},
			}
			if controller == "CODE_DEPLOY" {
				input["taskDefinition"] = w.registerAs("web", "web")
				input["networkConfiguration"] = map[string]any{"awsvpcConfiguration": map[string]any{"subnets": []string{"subnet-1"}}}
				input["launchType"] = "FARGATE"
			}
			w.aws("ecs.CreateService", input)
			set, err := w.open().Delivery.Plan(w.Context(), fleet.Selection{})
			if err != nil {
				w.Fatal(err)
			}
			problems := fmt.Sprint(set.Document().Problems)
			if !strings.Contains(problems, controller) {
				w.Errorf("the plan says %s", problems)
			}
			if n := w.calls("ecs.UpdateService") + w.calls("ecs.RegisterTaskDefinition"); controller == "EXTERNAL" && n != 0 {
				w.Errorf("%d changing calls", n)
			}
			if _, err := w.open().View.Status(w.Context(), fleet.Selection{}); err != nil {
				w.Errorf("status: %v", err)
			}
		})
	}
}

// TestDaemons have as many tasks as there are instances, and no desired count of ours.
func TestDaemons(t *testing.T) {
	for labels, verdict := range map[string]tagboat.Verdict{"start=2s": tagboat.VerdictSucceeded, "exit=3@1s": tagboat.VerdictRolledBack} {
		inWorld(t, sandbox.Config{}, func(w *world) {
			w.begin(shop{
				service: map[string]any{"launchType": "EC2", "schedulingStrategy": "DAEMON", "desiredCount": nil},
				task:    map[string]any{"requiresCompatibilities": []string{"EC2"}},
			})
			w.expect(w.second(labels), verdict)
		})
	}
}

// TestCredentialsThatExpireMidway has a deployment take longer than the hour that a role's
// credentials last: they are renewed, and nobody notices.
func TestCredentialsThatExpireMidway(t *testing.T) {
	inWorld(t, sandbox.Config{}, func(w *world) {
		w.write("tagboat.yaml", "app: shop\nregistry: "+host+"\nimages: {web: {repository: shop/web}}\n"+
			"services: {web: {taskDefinition: web.taskdef.json, service: web.service.json, containers: {app: web}}}\n"+
			"stages: [{name: dev}]\nenvironments: {dev: {stage: dev, region: us-east-1, cluster: dev, role: 'arn:aws:iam::210987654321:role/deploy'}}\n")
		shop{}.files(w, "web")
		w.awsAs("210987654321", "ecs.CreateCluster", map[string]any{"clusterName": "dev"})
		w.awsAs("210987654321", "logs.CreateLogGroup", map[string]any{"logGroupName": "/shop"})
		w.push("shop/web:v1")
		w.pin("dev", "web=v1")
		w.expect(w.one(), tagboat.VerdictSucceeded)
		rolls(map[string]any{"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 100}).files(w, "web")
		w.push("shop/web:v2")
		w.pin("dev", "web=v2")
		o := wait
		o.Timeout = 3 * time.Hour
		began, before := time.Now(), w.calls("sts.AssumeRole")
		w.expect(w.deployWith(w.Context(), w.open(), o)[0], tagboat.VerdictSucceeded)
		if took := time.Since(began); took < 90*time.Minute {
			w.Errorf("it took %s, which proves nothing", took)
		}
		if n := w.calls("sts.AssumeRole") - before; n < 2 {
			w.Errorf("the role was assumed %d times", n)
		}
	})
}
