package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/demo"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// place is a sandbox with an app of two services to deploy there.
type place struct {
	gallows  *gallows
	dir      string
	env      []string
	registry string
	digests  map[string]tagboat.Digest
}

func newPlace(t *testing.T) *place {
	t.Helper()
	server := expect.Value(sandbox.New(sandbox.Config{Speed: 1000, Clusters: []string{"dev"}}))(t)
	p := &place{gallows: &gallows{next: server, changes: map[string]int{}}, dir: t.TempDir(), digests: map[string]tagboat.Digest{}}
	listening := httptest.NewServer(p.gallows)
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- server.Run(ctx) }()
	t.Cleanup(func() {
		listening.CloseClientConnections()
		listening.Close()
		cancel()
		if err := <-over; err != nil {
			t.Error(err)
		}
	})
	p.env = append(os.Environ(), "AWS_ENDPOINT_URL="+listening.URL, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b",
		"AWS_CONFIG_FILE="+filepath.Join(p.dir, "none"), "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(p.dir, "none"),
		"NO_PROXY=127.0.0.1", "XDG_CACHE_HOME="+filepath.Join(p.dir, "cache"))
	p.write(t, strings.TrimPrefix(listening.URL, "http://"))
	return p
}

// write writes the app.
func (p *place) write(t *testing.T, registry string) {
	t.Helper()
	files := map[string]string{"tagboat.yaml": `app: shop
registry: ` + registry + `
images: {app: {repository: shop/app}}
services:
  api: {taskDefinition: api.taskdef.json, service: api.service.json, containers: {app: app}}
  web: {taskDefinition: web.taskdef.json, service: web.service.json, containers: {app: app}}
stages: [{name: dev}]
environments:
  dev: {stage: dev, region: us-east-1, cluster: dev}
`}
	for _, service := range []string{"api", "web"} {
		files[service+".taskdef.json"] = `{"family": "` + service + `", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc",
"cpu": "256", "memory": "512", "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
"containerDefinitions": [{"name": "app", "essential": true}]}`
		files[service+".service.json"] = `{"serviceName": "` + service + `", "launchType": "FARGATE", "desiredCount": 1,
"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}}`
	}
	for file, text := range files {
		expect.OK(t, os.WriteFile(filepath.Join(p.dir, file), []byte(text), 0o600))
	}
	p.registry = registry
}

// push builds an image and pushes it.
func (p *place) push(t *testing.T, tag string) {
	t.Helper()
	// The second run is to find the rollout under way.
	labels := map[string]string{"tagboat.sandbox.start": "200s"}
	if tag == "bad" {
		labels["tagboat.sandbox.exit"] = "3@1s"
	}
	image := expect.Value(demo.BuildImage(tag, labels))(t)
	ref := expect.Value(name.NewTag(p.registry + "/shop/app:" + tag))(t)
	expect.OK(t, remote.Write(ref, image))
	digest := expect.Value(image.Digest())(t)
	p.digests[tag] = tagboat.Digest(digest.String())
}

// outcome is how a run ended: with code -1 where it was killed.
type outcome struct {
	code     int
	stdout   []byte
	stderr   string
	document tagboat.DeployDocument
}

// deploy runs the command that is killed at a call, or at none.
func (p *place) deploy(t *testing.T, at int, delivered bool) outcome {
	t.Helper()
	got := p.run(t, at, delivered, "deploy", "--env", "dev", "-o", "json")
	if got.code < 0 {
		return got
	}
	if err := json.Unmarshal(got.stdout, &got.document); err != nil {
		t.Fatalf("%v: exit code %d: %s%s", err, got.code, got.stdout, got.stderr)
	}
	return got
}

// must runs a command that has to succeed.
func (p *place) must(t *testing.T, args ...string) {
	t.Helper()
	if got := p.run(t, 0, false, args...); got.code != 0 {
		t.Fatalf("tagboat %v: exit code %d: %s", args, got.code, got.stderr)
	}
}

func (p *place) run(t *testing.T, at int, delivered bool, args ...string) outcome {
	t.Helper()
	binary := expect.Value(exec.LookPath("tagboat"))(t)
	var out, talk bytes.Buffer
	cmd := exec.Command(binary, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.dir, p.env, &out, &talk
	expect.OK(t, p.gallows.start(cmd, at, delivered))
	_ = cmd.Wait() // the code says it
	return outcome{code: cmd.ProcessState.ExitCode(), stdout: out.Bytes(), stderr: talk.String()}
}
