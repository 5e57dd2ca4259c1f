//go:build browser

package main

import (
	"bufio"
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/tagboat/tagboat/internal/demo"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/serve/browsertest"
)

// harbour is a sandbox with two services in three environments, and a server that shows it to anna,
// who approves, bob, who deploys, and vera, who looks.
type harbour struct {
	*testing.T
	dir, registry, url string
	env                []string
}

func newHarbour(t *testing.T) *harbour {
	t.Helper()
	server := expect.Value(sandbox.New(sandbox.Config{Speed: 60, Clusters: []string{"dev", "prod", "mb"}}))(t)
	listening := httptest.NewServer(server)
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- server.Run(ctx) }()
	t.Cleanup(func() {
		listening.CloseClientConnections()
		listening.Close()
		cancel()
		expect.OK(t, <-over)
	})
	h := &harbour{T: t, dir: t.TempDir(), registry: strings.TrimPrefix(listening.URL, "http://")}
	h.env = append(os.Environ(), "AWS_ENDPOINT_URL="+listening.URL, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b",
		"AWS_CONFIG_FILE="+filepath.Join(h.dir, "none"), "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(h.dir, "none"), "NO_PROXY=127.0.0.1",
		"XDG_CACHE_HOME="+filepath.Join(h.dir, "cache"), "ANNA="+tokenOf("anna"), "BOB="+tokenOf("bob"), "VERA="+tokenOf("vera"))
	h.write("tagboat.yaml", `app: shop
registry: `+h.registry+`
images:
  api: {repository: shop/api, select: {semver: ">=1.0.0"}}
  web: {repository: shop/web, select: {semver: ">=1.0.0"}}
services:
  api: {taskDefinition: api.taskdef.json, service: api.service.json, containers: {app: api}}
  web: {taskDefinition: web.taskdef.json, service: web.service.json, containers: {app: web}}
stages:
  - {name: dev, auto: newest}
  - {name: prod, gates: {approvals: 1}}
environments:
  dev: {stage: dev, region: us-east-1, cluster: dev}
  prod: {stage: prod, region: us-east-1, cluster: prod}
  mb-dev: {stage: dev, tenant: mb, region: us-east-1, cluster: mb, role: "arn:aws:iam::333333333333:role/tagboat"}
  mb-prod: {stage: prod, tenant: mb, region: us-east-1, cluster: prod, role: "arn:aws:iam::333333333333:role/tagboat"}
serve:
  role: arn:aws:iam::123456789012:role/people
  tokens:
    - {name: anna, as: approver, env: ANNA}
    - {name: bob, as: deployer, env: BOB}
    - {name: vera, env: VERA}
`)
	for _, service := range []string{"api", "web"} {
		h.write(service+".taskdef.json", `{"family": "`+service+`", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
"executionRoleArn": "arn:aws:iam::123456789012:role/execution", "containerDefinitions": [{"name": "app", "essential": true}]}`)
		h.write(service+".service.json", serviceOf(service, ""))
	}
	return h
}

// serviceOf is a definition of a service, with more members.
func serviceOf(name, more string) string {
	return `{"serviceName": "` + name + `", "launchType": "FARGATE", "desiredCount": 2, ` + more + `
"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}}`
}

func tokenOf(person string) string { return strings.Repeat(person, 10) }

func (h *harbour) write(file, text string) {
	h.Helper()
	expect.OK(h, os.WriteFile(filepath.Join(h.dir, file), []byte(text), 0o600))
}

func (h *harbour) push(repository, tag string, labels map[string]string) {
	h.Helper()
	image := expect.Value(demo.BuildImage(repository+":"+tag, labels))(h.T)
	ref := expect.Value(name.NewTag(h.registry + "/" + repository + ":" + tag))(h.T)
	expect.OK(h, remote.Write(ref, image))
}

// tagboat runs a command as the pipeline, which has to succeed.
func (h *harbour) tagboat(args ...string) {
	h.Helper()
	cmd := exec.Command(expect.Value(exec.LookPath("tagboat"))(h.T), args...)
	cmd.Dir, cmd.Env = h.dir, h.env
	if out, err := cmd.CombinedOutput(); err != nil {
		h.Fatalf("tagboat %v: %v\n%s", args, err, out)
	}
}

var listens = regexp.MustCompile(`"on":"([^"]+)"`)

// serve starts the server, and returns what stops it. It listens where it did before.
func (h *harbour) serve(flags ...string) (stop func()) {
	h.Helper()
	where := "127.0.0.1:0"
	if h.url != "" {
		where = strings.TrimPrefix(h.url, "http://")
	}
	cmd := exec.Command(expect.Value(exec.LookPath("tagboat"))(h.T), append([]string{"serve", "--no-watch", "--listen", where}, flags...)...)
	cmd.Dir, cmd.Env = h.dir, h.env
	talk := expect.Value(cmd.StderrPipe())(h.T)
	expect.OK(h, cmd.Start())
	lines := bufio.NewScanner(talk)
	for lines.Scan() {
		if at := listens.FindStringSubmatch(lines.Text()); at != nil {
			h.url = "http://" + at[1]
			break
		}
		h.Log(lines.Text())
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines.Scan() {
		}
	}()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-read
		_ = cmd.Wait()
	}
	h.Cleanup(stop)
	return stop
}

// login opens the matrix as a person.
func (h *harbour) login(tab *browsertest.Tab, person string) {
	h.Helper()
	tab.Do(chromedp.Navigate(h.url+"/"), chromedp.WaitVisible(chromedp.ID("token")))
	tab.Type("#token", tokenOf(person))
	tab.Click("button", "Log in")
	tab.Until(`document.querySelector(".matrix")`)
	tab.Until(`document.getElementById("live").dataset.state === "on"`)
}

// released brings a first release to all of dev.
func (h *harbour) released() {
	h.Helper()
	h.push("shop/api", "1.0.0", nil)
	h.push("shop/web", "1.0.0", nil)
	h.tagboat("promote", "--to", "dev", "--automation")
}
