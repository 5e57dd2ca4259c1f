package apptest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// Shop is a configuration with services that each run an image of their own.
type Shop struct {
	Services  []string
	Tenants   []string       // "" is the one without a tenant, and the default
	Service   map[string]any // members of the service definition
	Task      map[string]any // members of the task definition
	Container map[string]any // members of the container app
	Tags      string         // of the stage; "" for none
}

// Run runs a story in a World of its own in which version v1 of service web runs.
func (s Shop) Run(t *testing.T, story func(w *World)) {
	t.Helper()
	Run(t, sandbox.Config{}, func(w *World) {
		s.Begin(w)
		story(w)
	})
}

// Begin starts version v1 of service web.
func (s Shop) Begin(w *World) {
	w.Helper()
	s.Services = []string{"web"}
	s.Open(w)
	w.Push("shop/web:v1")
	w.Pin("dev", "web=v1")
	w.Expect(w.One(), tagboat.VerdictSucceeded)
}

// Open writes the configuration and makes what deploying needs, and pushes versions:
// SERVICE:TAG.
func (s Shop) Open(w *World, versions ...string) {
	w.Helper()
	for _, env := range s.Configure(w) {
		w.AWS("ecs.CreateCluster", map[string]any{"clusterName": env, "capacityProviders": []string{"FARGATE", "FARGATE_SPOT"}})
	}
	w.AWS("logs.CreateLogGroup", map[string]any{"logGroupName": "/shop"})
	for _, version := range versions {
		w.Push("shop/" + version)
	}
}

// configOf begins a configuration: an image for each of the services, and nothing of them yet.
func configOf(services []string) *strings.Builder {
	config := new(strings.Builder)
	fmt.Fprintf(config, "app: shop\nregistry: %s\nimages:\n", sandboxtest.Host)
	for _, name := range services {
		fmt.Fprintf(config, "  %s: {repository: shop/%s}\n", name, name)
	}
	config.WriteString("services:\n")
	return config
}

// Configure writes the configuration, and returns the names of its environments.
func (s Shop) Configure(w *World) (environments []string) {
	w.Helper()
	if s.Tenants == nil {
		s.Tenants = []string{""}
	}
	config := configOf(s.Services)
	for _, name := range s.Services {
		fmt.Fprintf(config, "  %s: {taskDefinition: %s.taskdef.json, service: %s.service.json, containers: {app: %s}}\n", name, name, name, name)
		s.Files(w, name)
	}
	fmt.Fprintf(config, "stages: [{name: dev, tags: [%s]}]\nenvironments:\n", s.Tags)
	for _, tenant := range s.Tenants {
		env := strings.TrimPrefix(tenant+"-dev", "-")
		fmt.Fprintf(config, "  %s: {stage: dev, region: us-east-1, cluster: %s", env, env)
		if tenant != "" {
			fmt.Fprintf(config, ", tenant: %s", tenant)
		}
		config.WriteString("}\n")
		environments = append(environments, env)
	}
	w.Write("tagboat.yaml", config.String())
	return environments
}

// Files writes the definitions of one service.
func (s Shop) Files(w *World, name string) {
	w.Helper()
	container := map[string]any{
		"name": "app", "essential": true,
		"logConfiguration": map[string]any{"logDriver": "awslogs", "options": map[string]string{
			"awslogs-group": "/shop", "awslogs-region": "us-east-1", "awslogs-stream-prefix": name,
		}},
	}
	task := map[string]any{
		"family": name, "requiresCompatibilities": []string{"FARGATE"}, "networkMode": "awsvpc", "cpu": "256", "memory": "512",
		"executionRoleArn": "arn:aws:iam::123456789012:role/execution",
	}
	service := map[string]any{
		"serviceName": name, "launchType": "FARGATE", "desiredCount": 2,
		"networkConfiguration": map[string]any{"awsvpcConfiguration": map[string]any{"subnets": []string{"subnet-1"}}},
	}
	overlay(container, s.Container)
	overlay(task, s.Task)
	overlay(service, s.Service)
	task["containerDefinitions"] = []any{container}
	w.Write(name+".taskdef.json", encode(w, task))
	w.Write(name+".service.json", encode(w, service))
}

// overlay sets members; nil removes one.
func overlay(base, over map[string]any) {
	for key, value := range over {
		if value == nil {
			delete(base, key)
			continue
		}
		base[key] = value
	}
}

func encode(w *World, v any) string {
	w.Helper()
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		w.Fatal(err)
	}
	return string(data)
}

// Teams is a configuration with a group for each of n teams, in two environments.
func Teams(w *World, n int) {
	w.Helper()
	var images, groups strings.Builder
	for i := range n {
		fmt.Fprintf(&images, "  app%02d: {repository: team%02d/app}\n", i, i)
		fmt.Fprintf(&groups, "    team%02d: {images: [app%02d], key: repository}\n", i, i)
	}
	w.Write("tagboat.yaml", "app: shop\nregistry: "+sandboxtest.Host+"\nimages:\n"+images.String()+`stages: [{name: dev}, {name: prod}]
environments:
  dev:  {stage: dev, region: us-east-1, cluster: dev}
  prod: {stage: prod, region: us-east-1, cluster: prod}
ledger:
  groups:
`+groups.String())
}
