package ecs_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/ecs"
)

// Real answers that were seen in public; the tests there describe the files.
const (
	seenDefinitions = "../../taskdef/testdata/answers/*/source"
	seenServices    = "../../taskdef/testdata/services/*/source"
)

// TestAnswersLikeAWS registers what was registered, creates what was created, and holds the
// sandbox's answers to the real ones: the same members at each level, and the same values,
// but for ids and times. What differs is in testdata/answers-differ, with the reason.
func TestAnswersLikeAWS(t *testing.T) {
	known := readDifferences(t)
	definitions, services := captures(t, seenDefinitions), captures(t, seenServices)
	ran := 0
	for _, c := range definitions {
		t.Run(c.name, func(t *testing.T) {
			ran++
			f := newFixture(t)
			f.must(t, "RegisterTaskDefinition", c.first(t, "sent.json", "input.json"))
			known.check(t, c, "answer.json", f.definition(t, c))
		})
	}
	for _, c := range services {
		t.Run(c.name, func(t *testing.T) {
			ran++
			f := newFixture(t, withInstances(1))
			held := 0
			f.lives(t, c, func(file string, got any) {
				if _, err := os.Stat(filepath.Join(c.dir, file)); err == nil {
					known.check(t, c, file, got)
					held++
				}
			})
			if files, err := filepath.Glob(filepath.Join(c.dir, "*.json")); err != nil || held != len(files)-len([]string{"sent", "taskdef"}) {
				t.Errorf("%d of %s were answers of a state that the test knows", held, files)
			}
		})
	}
	if ran == len(definitions)+len(services) { // not where -run chose some
		known.unused(t)
	}
}

// lives leads a service through all states and shows what is answered in each.
func (f *fixture) lives(t *testing.T, c capture, answered func(file string, answer any)) {
	t.Helper()
	var definition, sent map[string]any
	decode(t, []byte(c.first(t, "taskdef.json")), &definition)
	decode(t, []byte(c.first(t, "sent.json")), &sent)
	name, family := fmt.Sprint(sent["serviceName"]), fmt.Sprint(definition["family"])
	described := encoded(t, map[string]any{"services": []string{name}})
	f.must(t, "PutClusterCapacityProviders", `{"cluster":"default","capacityProviders":["FARGATE"],"defaultCapacityProviderStrategy":[]}`)
	f.must(t, "RegisterTaskDefinition", encoded(t, definition))
	sent["taskDefinition"] = family
	answered("answer-created.json", f.one(t, "CreateService", encoded(t, sent)))
	f.settle(t, name)
	answered("answer.json", f.one(t, "DescribeServices", described))
	answered("deployment.json", f.newest(t, name, "ServiceDeployment"))
	answered("revision.json", f.newest(t, name, "ServiceRevision"))
	answered("answer-rolling.json", f.one(t, "UpdateService", encoded(t, map[string]any{"service": name, "forceNewDeployment": true})))
	f.settle(t, name)
	if _, err := os.Stat(filepath.Join(c.dir, "task-out-of-memory.json")); err == nil {
		answered("task-out-of-memory.json", f.outOfMemory(t, name, definition))
		return
	}
	f.must(t, "RegisterTaskDefinition", strings.ReplaceAll(encoded(t, definition), good, broken))
	f.must(t, "UpdateService", encoded(t, map[string]any{"service": name, "taskDefinition": family}))
	for range 600 {
		if strings.Contains(*f.describe(t, name).Deployments[0].RolloutStateReason, "rolling back") {
			answered("part-rolling-back.json", f.one(t, "DescribeServices", described))
			return
		}
		f.clock.Advance(time.Second)
	}
}

// outOfMemory describes a task of the service that needed more memory than it has.
func (f *fixture) outOfMemory(t *testing.T, service string, definition map[string]any) any {
	t.Helper()
	const greedy = "127.0.0.1:4510/app:greedy"
	f.images[greedy] = ecs.Image{Digest: "sha256:" + strings.Repeat("4", 64), Labels: map[string]string{"tagboat.sandbox.oom": "30s"}}
	f.must(t, "RegisterTaskDefinition", strings.ReplaceAll(encoded(t, definition), good, greedy))
	f.must(t, "UpdateService", encoded(t, map[string]any{"service": service, "taskDefinition": definition["family"]}))
	for range 300 {
		f.clock.Advance(time.Second)
		var listed struct{ TaskArns []string }
		decode(t, f.raw(t, "ListTasks", encoded(t, map[string]any{"serviceName": service, "desiredStatus": "STOPPED"})), &listed)
		if len(listed.TaskArns) == 0 {
			continue
		}
		var answer struct{ Tasks []map[string]any }
		decode(t, f.raw(t, "DescribeTasks", encoded(t, map[string]any{"tasks": listed.TaskArns})), &answer)
		for _, task := range answer.Tasks {
			if task["stopCode"] == "EssentialContainerExited" && task["lastStatus"] == "STOPPED" {
				return task
			}
		}
	}
	t.Fatal("no task ran out of memory")
	return nil
}

// one returns the service in an answer.
func (f *fixture) one(t *testing.T, operation, request string) any {
	t.Helper()
	var answer struct {
		Service  any
		Services []any
	}
	body := f.raw(t, operation, request)
	if decode(t, body, &answer); len(answer.Services) == 1 {
		return answer.Services[0]
	}
	if answer.Service == nil {
		t.Fatalf("%s: %s", operation, body)
	}
	return answer.Service
}

// newest describes the newest service deployment, or the revision that it deploys.
func (f *fixture) newest(t *testing.T, service, what string) any {
	t.Helper()
	var listed struct {
		ServiceDeployments []struct{ ServiceDeploymentArn, TargetServiceRevisionArn string }
	}
	decode(t, f.raw(t, "ListServiceDeployments", encoded(t, map[string]any{"service": service})), &listed)
	arn, member := listed.ServiceDeployments[0].ServiceDeploymentArn, "serviceDeploymentArns"
	if what == "ServiceRevision" {
		arn, member = listed.ServiceDeployments[0].TargetServiceRevisionArn, "serviceRevisionArns"
	}
	var answer struct{ ServiceDeployments, ServiceRevisions []any }
	decode(t, f.raw(t, "Describe"+what+"s", encoded(t, map[string]any{member: []string{arn}})), &answer)
	return append(answer.ServiceDeployments, answer.ServiceRevisions...)[0]
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	raw := expect.Value(json.Marshal(v))(t)
	return string(raw)
}

// capture is a folder of what was sent to AWS and what it answered.
type capture struct {
	dir, name string
	seen      time.Time
}

func captures(t *testing.T, pattern string) []capture {
	t.Helper()
	sources, err := filepath.Glob(pattern)
	if err != nil || len(sources) == 0 {
		t.Fatal(err, len(sources))
	}
	var all []capture
	for _, file := range sources {
		text := expect.Value(os.ReadFile(file))(t)
		date, where, _ := strings.Cut(string(text), "\n")
		seen, err := time.Parse(time.DateOnly, date)
		if err != nil || strings.TrimSpace(where) == "" {
			t.Fatalf("%s has no date and no source below it: %v", file, err)
		}
		dir := filepath.Dir(file)
		all = append(all, capture{dir: dir, name: filepath.Base(dir), seen: seen})
	}
	return all
}

// first returns the first of those files that there is.
func (c capture) first(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		if text, err := os.ReadFile(filepath.Join(c.dir, name)); err == nil {
			return string(text)
		}
	}
	t.Fatalf("%s has none of %s", c.dir, names)
	return ""
}

func (f *fixture) definition(t *testing.T, c capture) any {
	t.Helper()
	var sent struct{ Family string }
	decode(t, []byte(c.first(t, "input.json")), &sent)
	var answer struct {
		TaskDefinition map[string]any
		Tags           []any
	}
	decode(t, f.raw(t, "DescribeTaskDefinition", fmt.Sprintf(`{"taskDefinition":%q,"include":["TAGS"]}`, sent.Family)), &answer)
	if len(answer.Tags) > 0 {
		answer.TaskDefinition["tags"] = answer.Tags
	}
	return answer.TaskDefinition
}
