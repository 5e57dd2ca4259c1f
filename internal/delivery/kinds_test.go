package delivery_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
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
