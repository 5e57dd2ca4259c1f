package delivery_test

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
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/sandbox"
)

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
