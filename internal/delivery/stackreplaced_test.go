package delivery_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// TestReplacedServices are followed where the stack makes them, whether that goes well or not.
func TestReplacedServices(t *testing.T) {
	inStack(t, apptest.Stack{}, func(w *apptest.World) {
		template := strings.Replace(apptest.Stack{Services: []string{"web"}}.Template(w), `"TaskDefinition": {`,
			`"ServiceName": {"Fn::Select": [1, {"Fn::Split": ["@sha256:", {"Ref": "WebImage"}]}]}, "TaskDefinition": {`, 1)
		w.CloudFormation("UpdateStack", url.Values{"StackName": {"shop-dev"}, "TemplateBody": {template}})
		w.StackEnds("shop-dev", "UPDATE_COMPLETE")
		next(w)
		refusedPlan(w, fleet.Selection{}, "change Web (AWS::ECS::Service), replaced", "--allow Web")
		before := w.StackService("shop-dev", "Web")
		d := deployed(w, fleet.Selection{Allow: []string{"Web"}})[0]
		w.Expect(d, tagboat.VerdictSucceeded)
		now := w.StackService("shop-dev", "Web")
		if now == before || d.TaskDefinition == "" || d.Images[0].Running != w.Pushed["shop/web:v2"] {
			w.Errorf("%s became %s: %+v", before, now, d)
		}
		w.Push("shop/web:v3", "exit=3@1s")
		w.Pin("dev", "web=v3")
		d = deployed(w, fleet.Selection{Allow: []string{"Web"}})[0]
		w.Expect(d, tagboat.VerdictRolledBack, "exited with code 3", "which runs")
		if got := w.StackService("shop-dev", "Web"); got != now || d.Images[0].Running != w.Pushed["shop/web:v2"] {
			w.Errorf("the service is %s, want %s: %+v", got, now, d)
		}
	})
}

// heard are the events that a run told.
type heard struct {
	mu    sync.Mutex
	lines []string
}

func (h *heard) Event(u rollout.Update) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if u.News {
		h.lines = append(h.lines, fmt.Sprintf("%s: %s", u.Service, u.Note))
	}
}

// TestEventsOfAStackAreToldOnce tells what happens to a service by its own name, and all else once.
func TestEventsOfAStackAreToldOnce(t *testing.T) {
	inStack(t, apptest.Stack{Services: []string{"web", "api"}}, func(w *apptest.World) {
		both(w)
		var h heard
		w.DeployWith(w.Context(), w.Open(), rollout.Options{Wait: true, MaxParallel: 2, Progress: &h})
		for _, want := range []string{"web: WebTask UPDATE_COMPLETE", "web: Web UPDATE_COMPLETE", "api: ApiTask UPDATE_COMPLETE", "api: Api UPDATE_COMPLETE", "shop-dev UPDATE_COMPLETE"} {
			note := want[strings.Index(want, ": ")+1:]
			told := slices.DeleteFunc(slices.Clone(h.lines), func(line string) bool { return !strings.HasSuffix(line, ": "+strings.TrimSpace(note)) })
			if len(told) != 1 || !strings.HasSuffix(told[0], want) {
				w.Errorf("told %q, want %q once:\n%s", told, want, strings.Join(h.lines, "\n"))
			}
		}
	})
}

// TestServicesThatTheirStackHasNotMade are said to be so: no deploy creates them.
func TestServicesThatTheirStackHasNotMade(t *testing.T) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		s := apptest.Stack{Services: []string{"web"}}
		s.Configure(w)
		w.AWS("ecs.CreateCluster", map[string]any{"clusterName": "dev"})
		w.AWS("ecs.CreateCluster", map[string]any{"clusterName": "stack", "capacityProviders": []string{"FARGATE"}})
		w.Push("shop/web:v1")
		w.Pin("dev", "web=v1")
		explained := func(words string) {
			w.Helper()
			all, err := w.Open().View.Explain(w.Context(), apptest.Dev)
			if err != nil {
				w.Fatal(err)
			}
			if text := fmt.Sprintf("%+v", all); len(all) != 1 || len(all[0].Causes) != 1 || !strings.Contains(text, words) || strings.Contains(text, "tagboat deploy") {
				w.Errorf("explained by %s, want %q", text, words)
			}
		}
		explained(`there is no stack "shop-dev"`)
		w.CloudFormation("CreateStack", url.Values{"StackName": {"shop-dev"}, "TemplateBody": {s.Template(w)}})
		explained("CREATE_IN_PROGRESS")
		seen, err := w.Open().View.Status(w.Context(), apptest.Dev)
		if err != nil || seen.Services[0].Stack != "shop-dev" || seen.Services[0].State != "missing" {
			w.Errorf("%+v, %v", seen.Services, err)
		}
	})
}

// TestSkippedWithTheirStack says of a service which one of its stack depends on what failed.
func TestSkippedWithTheirStack(t *testing.T) {
	inStack(t, apptest.Stack{Services: []string{"web", "api"}}, func(w *apptest.World) {
		w.Push("shop/job:v1")
		w.CloudFormation("CreateStack", url.Values{"StackName": {"other"}, "TemplateBody": {apptest.Stack{Services: []string{"job"}}.Template(w)}})
		w.StackEnds("other", "CREATE_COMPLETE")
		w.Write("tagboat.yaml", `app: shop
registry: 127.0.0.1:4510
images: {web: {repository: shop/web}, api: {repository: shop/api}, job: {repository: shop/job}}
services:
  web: {deploy: {through: cloudformation, stack: shop-dev, resource: Web, parameters: {WebImage: web}}, containers: {app: web}, dependsOn: [job]}
  api: {deploy: {through: cloudformation, stack: shop-dev, resource: Api, parameters: {ApiImage: api}}, containers: {app: api}}
  job: {deploy: {through: cloudformation, stack: other, parameters: {JobImage: job}}, containers: {app: job}}
stages: [{name: dev}]
environments: {dev: {stage: dev, region: us-east-1, cluster: dev}}
`)
		both(w)
		w.Push("shop/job:v2", "exit=3@1s")
		w.Pin("dev", "job=v2")
		says := map[tagboat.ServiceName]string{
			"web": "because it depends on job, which ended as rolled-back", "api": "because web, which is updated with it, depends on job, which ended as rolled-back",
		}
		for _, d := range w.Deploy() {
			if d.Service != "job" {
				w.Expect(d, tagboat.VerdictSkipped, says[d.Service])
			}
		}
	})
}
