package deploy_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/expect"
)

// TestPlanOfExpress compares what a service of Express Mode has with what should run.
func TestPlanOfExpress(t *testing.T) {
	digest := func(c string) tagboat.Digest { return tagboat.Digest("sha256:" + strings.Repeat(c, 64)) }
	pinned := tagboat.Reference{Host: "r.example", Repository: "shop/api", Tag: "v2", Digest: digest("2")}
	service := func(state string) *ecs.Service {
		return &ecs.Service{Name: "web", Status: ecs.Active, Controller: "ECS", Manager: ecs.ByECS, Desired: 1, Running: 1, Deployments: []ecs.Deployment{
			{ID: "ecs-svc/1", Status: ecs.Primary, TaskDefinition: "arn:aws:ecs:r:1:task-definition/web:1", RolloutState: state, Desired: 1, Running: 1},
		}}
	}
	update := []string{"update the image of Express Mode service web in cluster dev"}
	for name, tt := range map[string]struct {
		image, state string
		change       func(*ecs.Service)
		steps        []string
		problem      string
	}{
		"another digest":            {image: "r.example/shop/api@" + string(digest("1")), state: "COMPLETED", steps: update},
		"a tag":                     {image: "r.example/shop/api:v1", state: "COMPLETED", steps: update},
		"another repository":        {image: "r.example/shop/other@" + string(digest("2")), state: "COMPLETED", steps: update},
		"the same":                  {image: "r.example/shop/api@" + string(digest("2")), state: "COMPLETED"},
		"the same, with its tag":    {image: "r.example/shop/api:v2@" + string(digest("2")), state: "COMPLETED"},
		"the same, under way":       {image: "r.example/shop/api@" + string(digest("2")), state: "IN_PROGRESS", steps: []string{"watch deployment ecs-svc/1, which is in progress"}},
		"the same, which failed":    {image: "r.example/shop/api@" + string(digest("2")), state: "FAILED", steps: []string{"update service web in cluster dev (new deployment)"}},
		"another container":         {image: "", state: "COMPLETED", problem: "task definition web:1 has no container Main"},
		"a service of the customer": {image: "r.example/shop/api:v1", state: "COMPLETED", change: func(s *ecs.Service) { s.Manager = "CUSTOMER" }, problem: `service "web" in cluster "dev" was not made by Express Mode`},
		"a service of an old ECS":   {image: "r.example/shop/api:v1", state: "COMPLETED", change: func(s *ecs.Service) { s.Manager = "" }, problem: `service "web" in cluster "dev" was not made by Express Mode`},
		"a service that is deleted": {image: "r.example/shop/api:v1", state: "COMPLETED", change: func(s *ecs.Service) { s.Status = ecs.Draining }, problem: `service "web" in cluster "dev" is being deleted`},
	} {
		t.Run(name, func(t *testing.T) {
			o := deploy.Observed{Service: service(tt.state)}
			container := map[string]any{"name": "Main", "image": tt.image}
			if tt.image == "" {
				container = map[string]any{"name": "app", "image": "x"}
			}
			record, err := json.Marshal(map[string]any{"family": "web", "revision": 1, "containerDefinitions": []any{container}})
			if err != nil {
				t.Fatal(err)
			}
			o.Current = &ecs.TaskDefinition{ARN: o.Service.Deployments[0].TaskDefinition, Family: "web", Revision: 1, Status: ecs.Active, Record: record}
			if tt.change != nil {
				tt.change(o.Service)
			}
			p := deploy.NewPlan(deploy.Target{Desired: deploy.Desired{
				Environment: "dev", Service: "web", ServiceName: "web", Cluster: "dev", Express: true,
				Images: []deploy.Image{{Container: "Main", Image: "api", Pinned: pinned}},
			}}, o)
			var steps []string
			for _, s := range p.Steps {
				steps = append(steps, s.String())
			}
			expect.Equal(t, tt.steps, steps)
			problem := ""
			if len(p.Problems) > 0 {
				problem = p.Problems[0].Message
			}
			expect.Equal(t, tt.problem, problem)
		})
	}
}

// TestContainerOf sends all of a container back, what this version does not know too.
func TestContainerOf(t *testing.T) {
	active := []ecs.ExpressConfiguration{
		{TaskDefinition: "web:1", Container: json.RawMessage(`{"image":"a","environment":[{"name":"A","value":"<b>"}],"new":{"x":1}}`)},
		{TaskDefinition: "web:2", Container: json.RawMessage(`{"image":"b"}`)},
	}
	got, err := deploy.ContainerOf(active, "web:1", "c")
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	expect.OK(t, json.Unmarshal(got, &members))
	expect.Equal(t, map[string]any{"image": "c", "environment": []any{map[string]any{"name": "A", "value": "<b>"}}, "new": map[string]any{"x": 1.0}}, members)
	if _, err := deploy.ContainerOf(active, "web:3", "c"); err == nil || !strings.Contains(err.Error(), "the service was changed meanwhile") {
		t.Errorf("a task definition that is gone: %v", err)
	}
}
