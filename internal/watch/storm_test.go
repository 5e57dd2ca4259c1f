package watch_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/figures"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
	"github.com/tagboat/tagboat/internal/watch/queue"
)

var full = flag.Bool("full", false, "the storm of pushes at its full size")

// storm is pushes to many repositories, some of whose environments follow them.
type storm struct {
	repositories, environments, following int
	second                                int // pushes a second
	lasts                                 time.Duration
}

// TestStormOfPushes has a watcher follow pushes that come faster than deployments end, by way of
// EventBridge and SQS. It counts the calls by their names, tells how long it took from a push to
// UpdateService in virtual time, and shows that nothing was lost and memory stays as it was.
// AWS takes one RegisterTaskDefinition a second in an account and region, after twenty at once, and
// Tagboat keeps to that: it bounds how fast so many services can follow.
func TestStormOfPushes(t *testing.T) {
	s := storm{repositories: 20, environments: 4, following: 2, second: 10, lasts: 10 * time.Second}
	if *full {
		s = storm{repositories: 500, environments: 40, following: 4, second: 30, lasts: 2 * time.Minute}
	}
	was := runtime.MemProfileRate
	runtime.MemProfileRate = 16 << 10
	defer func() { runtime.MemProfileRate = was }()
	apptest.Run(t, sandbox.Config{Quotas: "off"}, func(w *apptest.World) {
		s.open(w)
		for i := range s.repositories {
			w.Push("shop/" + s.name(i) + ":v1")
		}
		inbox := w.Inbox(5)
		seen := &sightings{revisions: map[string]string{}, calls: map[string]int{}, updates: map[string][]sighting{}}
		ctx, stop := context.WithCancel(w.Context())
		log := &lines{}
		var all sync.WaitGroup
		all.Go(func() {
			a := w.Open(func(next http.RoundTripper) http.RoundTripper { seen.next = next; return seen })
			watcher := a.Watcher()
			watcher.Log = slog.New(slog.NewTextHandler(log, nil))
			q := a.Fleet.Access.Queue(inbox.URL)
			if err := watcher.Run(ctx, &queue.Source{SQS: q, Now: q.Now, Grace: watcher.Grace, Log: watcher.Log}); err != nil {
				w.Error(err)
			}
		})
		w.Later(12 * time.Minute) // v1 is everywhere, by the first sweep
		before := seen.begin()
		held := ours()
		pushes := s.blow(w)
		w.Later(12 * time.Minute)
		calls := seen.since(before)
		after := ours()
		stop()
		all.Wait()
		s.judge(w, pushes, seen, calls, figure{held, after})
		if waiting, dead := inbox.Left(); waiting+dead > 0 {
			w.Errorf("%d messages are left, %d are dead", waiting, dead)
		}
		if t.Failed() {
			t.Log(log.String()[:min(8000, len(log.String()))])
		}
	})
}

type figure struct{ before, after int64 }

func (s storm) name(i int) string { return fmt.Sprintf("s%03d", i) }

// open writes the configuration: all environments have all services, and some of them follow the
// newest versions.
func (s storm) open(w *apptest.World) {
	w.Helper()
	var c strings.Builder
	fmt.Fprintf(&c, "app: shop\nregistry: %s\nimages:\n", sandboxtest.Host)
	for i := range s.repositories {
		fmt.Fprintf(&c, "  %s: {repository: shop/%[1]s, select: {match: '^v(?P<n>\\d+)$', order: numeric, by: n}}\n", s.name(i))
	}
	c.WriteString("services:\n")
	for i := range s.repositories {
		name := s.name(i)
		fmt.Fprintf(&c, "  %s: {taskDefinition: %[1]s.taskdef.json, service: %[1]s.service.json, containers: {app: %[1]s}}\n", name)
		apptest.Shop{Container: map[string]any{"logConfiguration": nil}, Service: map[string]any{"desiredCount": 1}}.Files(w, name)
	}
	c.WriteString("stages: [{name: dev, auto: newest, overtake: true}, {name: prod}]\nenvironments:\n")
	for i := range s.environments {
		stage := "prod"
		if i < s.following {
			stage = "dev"
			w.AWS("ecs.CreateCluster", map[string]any{"clusterName": fmt.Sprintf("e%02d", i), "capacityProviders": []string{"FARGATE"}})
		}
		fmt.Fprintf(&c, "  e%02d: {stage: %s, tenant: t%02[1]d, region: us-east-1, cluster: e%02[1]d}\n", i, stage)
	}
	c.WriteString("ledger:\n  groups:\n")
	const inOne = 84 // an advanced parameter takes 8 KB
	for from := 0; from < s.repositories; from += inOne {
		var names []string
		for i := range min(inOne, s.repositories-from) {
			names = append(names, s.name(from+i))
		}
		fmt.Fprintf(&c, "    g%d: {tier: advanced, images: [%s]}\n", from/inOne, strings.Join(names, ", "))
	}
	w.Write("tagboat.yaml", c.String())
}

// onePush is one push.
type onePush struct {
	service string
	version int
	at      time.Time
}

// blow pushes, and returns what was pushed when.
func (s storm) blow(w *apptest.World) []onePush {
	w.Helper()
	version, pushes := map[string]int{}, []onePush{}
	const prime = 7919 // the repositories come in no order
	for n := range int(s.lasts.Seconds()) * s.second {
		name := s.name(n * prime % s.repositories)
		version[name] = max(1, version[name]) + 1
		w.Push(fmt.Sprintf("shop/%s:v%d", name, version[name]))
		pushes = append(pushes, onePush{name, version[name], time.Now()})
		w.Later(time.Second / time.Duration(s.second))
	}
	return pushes
}

// judge compares what was pushed with what was deployed, and prints the table.
func (s storm) judge(w *apptest.World, pushes []onePush, seen *sightings, calls map[string]int, memory figure) {
	w.Helper()
	var took []time.Duration
	for _, p := range pushes {
		for i := range s.following {
			at, ok := seen.updated(fmt.Sprintf("e%02d/%s", i, p.service), p.version)
			if !ok {
				w.Errorf("%s:v%d never came to e%02d", p.service, p.version, i)
				return
			}
			took = append(took, at.Sub(p.at))
		}
	}
	slices.Sort(took)
	a := w.Open()
	for i := range s.environments {
		env := a.Config.Environments[tagboat.EnvName(fmt.Sprintf("e%02d", i))]
		books, err := a.Fleet.Books(w.Context(), []config.Environment{env})
		if err != nil {
			w.Fatal(err)
		}
		if pins := len(books[env.Name].Pins(env.Name)); (pins > 0) != (i < s.following) {
			w.Errorf("%s has %d pins", env.Name, pins)
		}
	}
	var table figures.Table
	quantile := func(q float64) float64 { return took[min(len(took)-1, int(q*float64(len(took))))].Seconds() }
	what := fmt.Sprintf("%d pushes, %d a second, %d repositories, %d environments of which %d follow", len(pushes), s.second, s.repositories, s.environments, s.following)
	const burst, settle, slack = 20, 5, 10
	bound := 1.25*max(0, float64(calls["ecs.RegisterTaskDefinition"]-burst)) + settle + slack
	table.AtMost(w.T, what+": push to UpdateService, median", quantile(.5), bound, "s, virtual")
	table.AtMost(w.T, "99th percentile, beside what AWS takes for as many revisions at one a second, and a quarter", quantile(.99), bound, "s, virtual")
	updates := float64(calls["ecs.UpdateService"])
	table.AtMost(w.T, "updates of services, for each push to each environment", updates/float64(len(took)), 1, "updates")
	table.AtMost(w.T, "ssm.PutParameter, for each update", float64(calls["ssm.PutParameter"])/updates, 1, "calls")
	table.AtMost(w.T, "RegisterTaskDefinition, for each update", float64(calls["ecs.RegisterTaskDefinition"])/updates, 1.05, "calls")
	table.AtMost(w.T, "memory of the watcher at the end, beside the beginning", float64(memory.after-memory.before)/(1<<20), 16, "MiB more")
	w.Logf("held by the watcher: %.1f MiB, then %.1f MiB", float64(memory.before)/(1<<20), float64(memory.after)/(1<<20))
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		w.Logf("%7d %s", calls[name], name)
	}
	w.Logf("\n%s", &table)
}

// sighting is a version that a service was told to run.
type sighting struct {
	version int
	at      time.Time
}

// sightings is a transport that notes what services were told to run, and counts.
type sightings struct {
	next http.RoundTripper

	mu        sync.Mutex
	calls     map[string]int
	revisions map[string]string     // the image of each
	updates   map[string][]sighting // by CLUSTER/SERVICE
}

// RoundTrip implements http.RoundTripper.
func (s *sightings) RoundTrip(r *http.Request) (*http.Response, error) {
	_, operation, api := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if !api {
		operation = "registry " + r.Method
	}
	body := []byte{}
	if r.Body != nil && api {
		body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	s.mu.Lock()
	s.calls[short(r.Header.Get("X-Amz-Target"), operation)]++
	s.mu.Unlock()
	if operation == "UpdateService" {
		s.sees(body)
	}
	answer, err := s.next.RoundTrip(r)
	if err == nil && operation == "RegisterTaskDefinition" {
		text, _ := io.ReadAll(answer.Body)
		answer.Body = io.NopCloser(bytes.NewReader(text))
		s.registers(text)
	}
	return answer, err
}

func short(target, operation string) string {
	for prefix, name := range map[string]string{"AmazonSSM": "ssm", "AmazonEC2ContainerServiceV20141113": "ecs", "AmazonEC2ContainerRegistry_V20150921": "ecr", "AmazonSQS": "sqs", "Logs_20140328": "logs"} {
		if strings.HasPrefix(target, prefix) {
			return name + "." + operation
		}
	}
	return operation
}

func (s *sightings) registers(text []byte) {
	var got struct {
		TaskDefinition struct {
			TaskDefinitionArn    string
			ContainerDefinitions []struct{ DockerLabels map[string]string }
		}
	}
	if json.Unmarshal(text, &got) != nil || len(got.TaskDefinition.ContainerDefinitions) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, value := range got.TaskDefinition.ContainerDefinitions[0].DockerLabels {
		if strings.HasPrefix(value, "v") {
			s.revisions[got.TaskDefinition.TaskDefinitionArn] = value
		}
	}
}

func (s *sightings) sees(body []byte) {
	var in struct{ Cluster, Service, TaskDefinition string }
	if json.Unmarshal(body, &in) != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	version := 0
	_, _ = fmt.Sscanf(s.revisions[in.TaskDefinition], "v%d", &version)
	s.updates[in.Cluster+"/"+in.Service] = append(s.updates[in.Cluster+"/"+in.Service], sighting{version, time.Now()})
}

// updated returns when a service was told to run a version, or one after it.
func (s *sightings) updated(service string, version int) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.updates[service] {
		if u.version >= version {
			return u.at, true
		}
	}
	return time.Time{}, false
}

func (s *sightings) begin() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.calls)
}

func (s *sightings) since(before map[string]int) map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	since := map[string]int{}
	for name, n := range s.calls {
		if n > before[name] {
			since[name] = n - before[name]
		}
	}
	return since
}

// ours returns how many bytes Tagboat holds, without the sandbox and the test.
func ours() int64 {
	runtime.GC()
	runtime.GC()
	records := make([]runtime.MemProfileRecord, 20000)
	n, ok := runtime.MemProfile(records, false)
	for !ok {
		records = make([]runtime.MemProfileRecord, n+1000)
		n, ok = runtime.MemProfile(records, false)
	}
	var held int64
	for _, r := range records[:n] {
		if isOurs(r.Stack()) {
			held += r.InUseBytes()
		}
	}
	return held
}

// isOurs reports whether the innermost function of the project is one of Tagboat itself.
func isOurs(stack []uintptr) bool {
	frames := runtime.CallersFrames(stack)
	for {
		frame, more := frames.Next()
		if rest, ok := strings.CutPrefix(frame.Function, "github.com/tagboat/tagboat/internal/"); ok {
			return !strings.HasPrefix(rest, "sandbox") && !strings.Contains(frame.File, "_test.go") && !strings.HasPrefix(rest, "app/apptest")
		}
		if !more {
			return false
		}
	}
}
