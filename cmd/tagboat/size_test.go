package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tagboat/tagboat/internal/demo"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/figures"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/ecr"
	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/ssm"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// What a repository as large as ECR lets it be may cost.
const (
	mostTags   = 100_000
	mostCalls  = 101 // to the registry and ECR
	mostMemory = 150 << 20
)

// BenchmarkLargestRepository runs images and pin by rule on a repository of a hundred
// thousand tags, and fails where they ask too often or take too much memory:
//
//	go test ./cmd/tagboat -run '^$' -bench LargestRepository -benchtime 1x
func BenchmarkLargestRepository(b *testing.B) {
	binary := build(b)
	l := fill(b, mostTags)
	for _, command := range []string{"images api", "images api --why", "pin api --env dev"} {
		b.Run(command, func(b *testing.B) {
			for b.Loop() {
				cost := l.run(b, binary, strings.Fields(command)...)
				b.ReportMetric(float64(cost.calls), "calls")
				b.ReportMetric(float64(cost.memory)/(1<<20), "MB-resident")
				if cost.calls > mostCalls || cost.memory > mostMemory {
					b.Errorf("%d calls, %d MB", cost.calls, cost.memory>>20)
				}
			}
		})
	}
}

// TestStartCollectsNothing holds that a command which starts, says one thing and ends does
// not pay for Go's collector.
func TestStartCollectsNothing(t *testing.T) {
	command := exec.Command(build(t), "version")
	command.Env = append(os.Environ(), "GOGC=", "GODEBUG=gctrace=1")
	out, err := command.CombinedOutput()
	if err != nil || strings.Contains(string(out), "gc 1 ") {
		t.Errorf("version collected: %v\n%s", err, out)
	}
}

// TestLargeRepository holds on every run what the benchmark measures at full size: one
// call for a thousand tags.
func TestLargeRepository(t *testing.T) {
	binary := build(t)
	l := fill(t, 5000)
	for _, command := range []string{"images api --why", "pin api --env dev"} {
		if cost := l.run(t, binary, strings.Fields(command)...); cost.listing != 5 {
			t.Errorf("%s: %d pages", command, cost.listing)
		}
	}
}

type large struct {
	dir, url string
}

type cost struct {
	listing, calls int
	memory         int64 // bytes, at most
}

func build(tb testing.TB) string {
	tb.Helper()
	binary := filepath.Join(tb.TempDir(), "tagboat")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		tb.Fatalf("%v: %s", err, out)
	}
	return binary
}

// fill starts a sandbox with a repository of so many tags, a third of each habit.
func fill(tb testing.TB, size int) large {
	tb.Helper()
	scope := wire.Scope{Account: sandbox.DefaultAccount, Region: sandbox.DefaultRegion}
	ticking := clock.NewScaled(time.Now().AddDate(-1, 0, 0), 1000)
	store := expect.Value(registry.Open(registry.Options{Clock: ticking, Scope: scope}))(tb)
	server := expect.Value(sandbox.New(sandbox.Config{Clock: ticking, Modules: []sandbox.Module{ecr.New(store, ticking, nil), ssm.New(ticking)}}))(tb)
	listening := httptest.NewServer(server)
	tb.Cleanup(listening.Close)
	host := strings.TrimPrefix(listening.URL, "http://")
	manifest := pushOne(tb, host+"/shop/api:first")
	id := registry.RepositoryID{Scope: scope, Name: "shop/api"}
	for i := range size - 1 {
		put := registry.Put{Manifest: annotated(tb, manifest, i), Tag: habit(i)}
		if _, _, err := store.PutManifest(id, put); err != nil {
			tb.Fatal(err)
		}
	}
	l := large{dir: tb.TempDir(), url: listening.URL}
	config := strings.ReplaceAll(largeConfig, "$REGISTRY", host)
	expect.OK(tb, os.WriteFile(filepath.Join(l.dir, "tagboat.yaml"), []byte(config), 0o600))
	return l
}

const largeConfig = `app: shop
registry: $REGISTRY
images: {api: {repository: shop/api, select: {semver: ">=1.0.0"}}}
services: {}
stages: [{name: dev}]
environments: {dev: {stage: dev, region: us-east-1, cluster: dev}}
`

func habit(i int) string {
	switch i % 3 {
	case 0:
		return fmt.Sprintf("1.%d.%d", i%300, i/300)
	case 1:
		return fmt.Sprintf("main-%014d-%07x", 20260101000000+i, i)
	default:
		return fmt.Sprintf("%040x", i*7919)
	}
}

func pushOne(tb testing.TB, reference string) map[string]any {
	tb.Helper()
	image := expect.Value(demo.BuildImage("large", nil))(tb)
	tag := expect.Value(name.NewTag(reference))(tb)
	expect.OK(tb, remote.Write(tag, image))
	raw := expect.Value(image.RawManifest())(tb)
	var manifest map[string]any
	expect.OK(tb, json.Unmarshal(raw, &manifest))
	return manifest
}

func annotated(tb testing.TB, manifest map[string]any, n int) []byte {
	tb.Helper()
	manifest["annotations"] = map[string]string{"org.opencontainers.image.revision": fmt.Sprintf("%040x", n)}
	raw := expect.Value(json.Marshal(manifest))(tb)
	return raw
}

// run runs a command and returns what it cost.
func (l large) run(tb testing.TB, binary string, args ...string) cost {
	tb.Helper()
	request := expect.Value(http.NewRequest(http.MethodDelete, l.url+"/_sandbox/calls", nil))(tb)
	answer := expect.Value(http.DefaultClient.Do(request))(tb)
	answer.Body.Close()
	cmd := exec.Command(binary, args...)
	cmd.Dir = l.dir
	cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+l.url, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b",
		"AWS_CONFIG_FILE="+filepath.Join(l.dir, "none"), "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(l.dir, "none"), "NO_PROXY=127.0.0.1")
	c := cost{memory: figures.Run(tb, cmd).Memory}
	for operation, n := range l.counted(tb) {
		if strings.HasPrefix(operation, "ecr.") || strings.HasPrefix(operation, "registry.") {
			c.calls += n
			tb.Logf("%s %d", operation, n)
		}
		if operation == "ecr.DescribeImages" {
			c.listing = n
		}
	}
	return c
}

func (l large) counted(tb testing.TB) map[string]int {
	tb.Helper()
	answer := expect.Value(http.Get(l.url + "/_sandbox/calls"))(tb)
	defer answer.Body.Close()
	var got counted
	expect.OK(tb, json.NewDecoder(answer.Body).Decode(&got))
	calls := map[string]int{}
	for operation, c := range got.ByOperation {
		calls[operation] = c.Calls
	}
	return calls
}

// copyEach copies a file for each line of a list, with NAME filled in, in the file's
// name as well. Where that says no NAME, the copies follow each other in one file:
// each LIST FROM TO.
func copyEach(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: each LIST FROM TO")
	}
	content := map[string]string{}
	for _, name := range strings.Fields(ts.ReadFile(args[0])) {
		content[strings.ReplaceAll(args[2], "NAME", name)] += strings.ReplaceAll(ts.ReadFile(args[1]), "NAME", name)
	}
	for file, text := range content {
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(text), 0o600))
	}
}

// overtake waits for a rollout of a service, and deploys another revision of its family
// then, as somebody else would: overtake CLUSTER SERVICE [ACCOUNT].
func overtake(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: overtake CLUSTER SERVICE [ACCOUNT]")
	}
	cluster, service, account := args[0], args[1], accountOf(args, 2)
	ours := rollingOut(ts, cluster, service, account)
	var answer struct{ TaskDefinition map[string]any }
	ts.Check(json.Unmarshal(aws(ts, account, ecsTarget+"DescribeTaskDefinition", `{"taskDefinition":"`+ours+`"}`), &answer))
	definition := answer.TaskDefinition
	definition["memory"] = "1024"
	theirs, err := json.Marshal(definition)
	ts.Check(err)
	aws(ts, account, ecsTarget+"RegisterTaskDefinition", string(theirs))
	aws(ts, account, ecsTarget+"UpdateService", fmt.Sprintf(`{"cluster":%q,"service":%q,"taskDefinition":%q}`, cluster, service, service))
}

// rollingOut waits until a service has a deployment beside the one that ran, and returns
// the task definition of it.
func rollingOut(ts *testscript.TestScript, cluster, service, account string) string {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for range 10_000 {
		<-ticker.C
		var answer struct {
			Services []struct {
				Deployments []struct{ Status, TaskDefinition string }
			}
		}
		ts.Check(json.Unmarshal(aws(ts, account, ecsTarget+"DescribeServices", fmt.Sprintf(`{"cluster":%q,"services":[%q]}`, cluster, service)), &answer))
		if len(answer.Services) == 1 && len(answer.Services[0].Deployments) > 1 {
			return answer.Services[0].Deployments[0].TaskDefinition
		}
	}
	ts.Fatalf("no rollout of %s began in %s", service, cluster)
	return ""
}

// pushEach pushes shop/NAME for each line of a list: pusheach LIST TAG [LABEL=VALUE...].
func pushEach(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: pusheach LIST TAG [LABEL=VALUE...]")
	}
	for _, name := range strings.Fields(ts.ReadFile(args[0])) {
		pushImage(ts, neg, append([]string{"shop/" + name + ":" + args[1]}, args[2:]...))
	}
}
