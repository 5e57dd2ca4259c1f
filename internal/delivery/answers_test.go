package app_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// TestSecondDeploymentIsUnchanged deploys each input of the cases of what ECS answers
// twice, through everything that there is. The second time nothing is to change, with the
// label that remembers the input and without it.
func TestSecondDeploymentIsUnchanged(t *testing.T) {
	casetest.Each(t, "../taskdef/testdata/answers/*/input.json", func(t *testing.T, input string) {
		inWorld(t, sandbox.Config{}, func(w *world) { w.twice(filepath.Dir(input)) })
	})
}

// twice deploys the case in dir. Where it has no service.json, the service is a plain one;
// a file platform says what its images are for.
func (w *world) twice(dir string) {
	w.Helper()
	raw := w.file(dir, "input.json")
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
	if own := w.file(dir, "service.json"); own != nil {
		service = string(own)
	}
	w.write("web.taskdef.json", string(raw))
	w.write("web.service.json", service)
	w.write("tagboat.yaml", fmt.Sprintf(`
app: shop
registry: 127.0.0.1:4510
images: {web: {repository: shop/web}}
services: {web: {taskDefinition: web.taskdef.json, service: web.service.json, containers: {%s}}}
stages: [{name: dev}]
environments: {dev: {stage: dev, region: us-east-1, cluster: dev}}
`, strings.Join(containers, ", ")))
	w.aws("ecs.CreateCluster", map[string]any{"clusterName": "dev"})
	w.aws("logs.CreateLogGroup", map[string]any{"logGroupName": "/web"})
	for _, name := range []string{"/t", "/s", "s", "/token", "/a", "/ad", "ad"} {
		w.aws("ssm.PutParameter", map[string]any{"Name": name, "Value": "x", "Type": "SecureString"})
	}
	w.pushFor(strings.TrimSpace(string(w.file(dir, "platform"))), "shop/web:v1")
	w.pin("dev", "web=v1")
	w.expect(w.one(), tagboat.VerdictSucceeded)
	w.expect(w.one(), tagboat.VerdictUnchanged)
	if n := w.revisions(d.Family); n != 1 {
		w.Errorf("%d revisions after the second deployment", n)
	}
}

// file returns what a file has; nil where there is none.
func (w *world) file(dir, name string) []byte {
	w.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.Fatal(err)
	}
	return raw
}
