package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// host is what the sandbox's registry is called.
const host = sandboxtest.Host

// world is a sandbox in memory, and Tagboat's configuration to use it.
type world struct {
	*sandboxtest.World
	server *sandbox.Server
	dir    string
	pushed map[string]tagboat.Digest
	cache  string              // directory that runs share; "" for none
	getenv func(string) string // nothing where it is nil
	ctx    context.Context
	told   sync.Mutex
	// notices are what Tagboat told beside its results.
	notices []string
}

// inWorld runs a story in a world of its own.
func inWorld(t *testing.T, config sandbox.Config, story func(w *world)) {
	t.Helper()
	sandboxtest.Run(t, config, func(of *sandboxtest.World) {
		w := &world{World: of, server: of.Server, dir: of.Dir, pushed: map[string]tagboat.Digest{}}
		w.ctx, _ = operation.Start(of.Context(), w.hear)
		story(w)
	})
}

// Context is that of an operation whose events the world hears.
func (w *world) Context() context.Context { return w.ctx }

func (w *world) hear(e operation.Event) {
	w.told.Lock()
	defer w.told.Unlock()
	w.notices = append(w.notices, e.String())
}

func (w *world) write(file, text string) { w.Helper(); w.Write(file, text) }

// push puts an image into the registry whose containers do what labels say: NAME=VALUE.
func (w *world) push(image string, labels ...string) tagboat.Digest {
	w.Helper()
	return w.pushFor("linux/amd64", image, labels...)
}

// pushFor is push of an image for a platform; "" is Linux on amd64.
func (w *world) pushFor(platform, image string, labels ...string) tagboat.Digest {
	w.Helper()
	w.pushed[image] = tagboat.Digest(w.Push(platform, image, labels...))
	return w.pushed[image]
}

// aws, awsAs, fault, control, later and calls are those of the sandbox.
func (w *world) aws(target string, input any) map[string]any { w.Helper(); return w.AWS(target, input) }

func (w *world) awsAs(key, target string, input any) map[string]any {
	w.Helper()
	return w.AWSAs(key, target, input)
}

func (w *world) fault(f sandbox.Fault) { w.Helper(); w.Fault(f) }

func (w *world) control(method, path, body string) *httptest.ResponseRecorder {
	w.Helper()
	return w.Control(method, path, body)
}

func (w *world) later(d time.Duration) { w.Later(d) }

func (w *world) calls(operation string) int { w.Helper(); return w.Calls(operation) }

// open opens Tagboat as a process that was just started does.
func (w *world) open(wrap ...func(http.RoundTripper) http.RoundTripper) *app.App {
	w.Helper()
	var transport http.RoundTripper = sandboxtest.Carrier{Handler: w.server}
	for _, f := range wrap {
		transport = f(transport)
	}
	a, err := app.Open(w.Context(), app.Options{
		Config: filepath.Join(w.dir, "tagboat.yaml"), Transport: transport, Getenv: w.getenv, Cache: w.cache,
	})
	if err != nil {
		w.Fatal(err)
	}
	return a
}

// pin pins IMAGE=TAG in an environment.
func (w *world) pin(env tagboat.EnvName, images ...string) {
	w.Helper()
	request := pinning.Request{Environment: env}
	for _, image := range images {
		name, tag, _ := strings.Cut(image, "=")
		request.Images = append(request.Images, catalog.ImageArg{Image: tagboat.ImageName(name), Tag: tag})
	}
	if _, err := w.open().Pinning.Pin(w.Context(), request); err != nil {
		w.Fatal(err)
	}
}

// wait is how most stories deploy.
var wait = rollout.Options{Wait: true, MaxParallel: 40}

// deploy deploys services of the environment dev to their end.
func (w *world) deploy(services ...tagboat.ServiceName) []tagboat.Deployment {
	w.Helper()
	return w.deployWith(w.Context(), w.open(), wait, services...)
}

func (w *world) deployWith(ctx context.Context, a *app.App, o rollout.Options, services ...tagboat.ServiceName) []tagboat.Deployment {
	w.Helper()
	set, err := a.Delivery.Plan(ctx, fleet.Selection{Environments: []tagboat.EnvName{"dev"}, Services: services})
	if err != nil {
		w.Fatal(err)
	}
	if problems := set.Document().Problems; len(problems) > 0 {
		w.Fatalf("the plan has problems: %+v", problems)
	}
	return a.Delivery.Deploy(ctx, set, o).Deployments
}

// one deploys the only service and returns how that ended.
func (w *world) one() tagboat.Deployment {
	w.Helper()
	return w.deploy()[0]
}

// expect compares a verdict, and asks the reason for words.
func (w *world) expect(got tagboat.Deployment, verdict tagboat.Verdict, words ...string) {
	w.Helper()
	text := got.Reason
	for _, c := range got.Causes {
		text += "\n" + c.Cause + "\n" + c.Evidence + "\n" + c.Advice
	}
	if got.Verdict != verdict {
		w.Errorf("%s ended as %s, want %s: %s", got.Service, got.Verdict, verdict, text)
	}
	for _, word := range words {
		if !strings.Contains(text, word) {
			w.Errorf("%s does not say %q: %s", got.Service, word, text)
		}
	}
}

// revisions counts the active revisions of a family.
func (w *world) revisions(family string) int {
	w.Helper()
	return len(w.aws("ecs.ListTaskDefinitions", map[string]any{"familyPrefix": family})["taskDefinitionArns"].([]any))
}

// dying passes calls on until it has passed n, and then none.
type dying struct {
	next http.RoundTripper
	left *atomic.Int64
	// answered says whether the last call's answer arrives.
	answered bool
	kill     context.CancelFunc
}

// RoundTrip implements http.RoundTripper.
func (d dying) RoundTrip(r *http.Request) (*http.Response, error) {
	left := d.left.Add(-1)
	if left < 0 {
		return nil, sandboxtest.ErrReset
	}
	answer, err := d.next.RoundTrip(r)
	if left == 0 {
		d.kill()
		if !d.answered {
			return nil, sandboxtest.ErrReset
		}
	}
	return answer, err
}

// shop is a configuration with services that each run an image of their own.
type shop struct {
	services []string
	tenants  []string       // "" is the one without a tenant, and the default
	service  map[string]any // members of the service definition
	task     map[string]any // members of the task definition
	app      map[string]any // members of the container app
	tags     string         // of the stage; "" for none
}

// open writes the configuration and makes what deploying needs.
func (s shop) open(w *world) {
	w.Helper()
	for _, env := range s.configure(w) {
		w.aws("ecs.CreateCluster", map[string]any{"clusterName": env, "capacityProviders": []string{"FARGATE", "FARGATE_SPOT"}})
	}
	w.aws("logs.CreateLogGroup", map[string]any{"logGroupName": "/shop"})
}

// configure writes the configuration, and returns the names of its environments.
func (s shop) configure(w *world) (environments []string) {
	w.Helper()
	if s.tenants == nil {
		s.tenants = []string{""}
	}
	var config strings.Builder
	fmt.Fprintf(&config, "app: shop\nregistry: %s\nimages:\n", host)
	for _, name := range s.services {
		fmt.Fprintf(&config, "  %s: {repository: shop/%s}\n", name, name)
	}
	config.WriteString("services:\n")
	for _, name := range s.services {
		fmt.Fprintf(&config, "  %s: {taskDefinition: %s.taskdef.json, service: %s.service.json, containers: {app: %s}}\n", name, name, name, name)
		s.files(w, name)
	}
	fmt.Fprintf(&config, "stages: [{name: dev, tags: [%s]}]\nenvironments:\n", s.tags)
	for _, tenant := range s.tenants {
		env := strings.TrimPrefix(tenant+"-dev", "-")
		fmt.Fprintf(&config, "  %s: {stage: dev, region: us-east-1, cluster: %s", env, env)
		if tenant != "" {
			fmt.Fprintf(&config, ", tenant: %s", tenant)
		}
		config.WriteString("}\n")
		environments = append(environments, env)
	}
	w.write("tagboat.yaml", config.String())
	return environments
}

func (s shop) files(w *world, name string) {
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
	overlay(container, s.app)
	overlay(task, s.task)
	overlay(service, s.service)
	task["containerDefinitions"] = []any{container}
	w.write(name+".taskdef.json", encode(task))
	w.write(name+".service.json", encode(service))
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

func encode(v any) string {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		panic(err)
	}
	return string(data)
}
