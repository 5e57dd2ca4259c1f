package delivery_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// full makes what runs at a tenth of its size in every test run as large as it is meant
// to be.
var full = flag.Bool("full", false, "run the benchmark and the simulation at full size")

// crowd is many services in many accounts, one environment each, against a sandbox that
// throttles as AWS does. Calls take 10 to 40 ms of virtual time.
type crowd struct {
	services int // in each account
	accounts int // the first is the caller's own, the others are reached by roles
	speed    float64
	away     time.Duration // that a call takes; 0 means 10 to 40 ms
}

// bucketTime is how long AWS's bucket for revisions makes so many changes take: 20 at
// once, then one a second.
func (f crowd) bucketTime() time.Duration { return time.Duration(f.services-20) * time.Second }

// run makes the fleet and tells its story.
func (f crowd) run(t *testing.T, story func(*fleetRun)) {
	t.Helper()
	cache := t.TempDir()
	if f.speed == 0 {
		f.speed = sandbox.DefaultSpeed
	}
	apptest.Run(t, sandbox.Config{Quotas: "aws", Speed: f.speed, Clusters: []string{"fleet"}}, func(w *apptest.World) {
		r := &fleetRun{World: w, crowd: f}
		r.Cache = cache
		r.configure()
		for n := range 7 {
			w.Push(fmt.Sprintf("shop/app:v%d", n+1), "start=1s")
		}
		story(r)
	})
}

// fleetRun is a fleet in its world.
type fleetRun struct {
	*apptest.World
	crowd
}

func (r *fleetRun) configure() {
	r.Helper()
	var config strings.Builder
	fmt.Fprintf(&config, "app: shop\nregistry: %s\nimages: {app: {repository: shop/app}}\nservices:\n", sandboxtest.Host)
	for n := range r.services {
		name := fmt.Sprintf("s%03d", n)
		fmt.Fprintf(&config, "  %s: {taskDefinition: %s.taskdef.json, service: %s.service.json, containers: {app: app}}\n", name, name, name)
		apptest.Shop{Container: map[string]any{"logConfiguration": nil}, Service: map[string]any{"desiredCount": 1}}.Files(r.World, name)
	}
	config.WriteString("stages: [{name: dev}]\nenvironments:\n")
	for n := range r.accounts {
		fmt.Fprintf(&config, "  e%02d: {stage: dev, region: us-east-1, cluster: fleet", n)
		if n > 0 {
			fmt.Fprintf(&config, ", role: 'arn:aws:iam::%012d:role/tagboat'", 200000000000+n)
		}
		config.WriteString("}\n")
	}
	r.Write("tagboat.yaml", config.String())
}

// open opens Tagboat as a new process does: all that it remembers is on disk.
func (r *fleetRun) open() *app.App {
	r.Helper()
	return r.Open(func(next http.RoundTripper) http.RoundTripper {
		return &distant{next: next, away: r.away, random: rand.New(rand.NewPCG(1, 2))}
	})
}

// pinAll pins a version everywhere.
func (r *fleetRun) pinAll(tag string) {
	r.Helper()
	a := r.open()
	for n := range r.accounts {
		request := pinning.Request{Environment: tagboat.EnvName(fmt.Sprintf("e%02d", n)), Images: []catalog.ImageArg{{Image: "app", Tag: tag}}}
		if _, err := a.Pinning.Pin(r.Context(), request); err != nil {
			r.Fatal(err)
		}
	}
}

// outcome is what a run came to.
type outcome struct {
	took     time.Duration // virtual
	calls    tagboat.Calls
	verdicts map[tagboat.Verdict]int
	proven   int    // services of which it is known that the pinned digests run
	held     uint64 // bytes of memory that the plan of all services holds
}

// deploy pins a version everywhere and deploys it to its end.
func (r *fleetRun) deploy(tag string) outcome {
	r.Helper()
	return r.deployWith(tag, rollout.Options{Wait: true, MaxParallel: rollout.DefaultParallel})
}

func (r *fleetRun) deployWith(tag string, o rollout.Options) outcome {
	r.Helper()
	r.pinAll(tag)
	a, before, began := r.open(), heap(), time.Now()
	ctx, _ := operation.Start(r.Context(), nil)
	set, err := a.Delivery.Plan(ctx, fleet.Selection{Stage: "dev"})
	if err != nil {
		r.Fatal(err)
	}
	got := outcome{verdicts: map[tagboat.Verdict]int{}, held: max(before, heap()) - before}
	document := a.Delivery.Deploy(ctx, set, o)
	got.took, got.calls = time.Since(began), document.Calls
	for _, d := range document.Deployments {
		got.verdicts[d.Verdict]++
		if known(d) {
			got.proven++
		}
	}
	return got
}

// known tells whether every container is known to run what is pinned.
func known(d tagboat.Deployment) bool {
	for _, image := range d.Images {
		if image.Pinned == "" || image.Running != image.Pinned {
			return false
		}
	}
	return true
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// distant is a network on which every call to AWS takes its time. The registry is near:
// its client holds a lock while it asks, and the bubble's time stands still then.
type distant struct {
	next   http.RoundTripper
	away   time.Duration
	mu     sync.Mutex
	random *rand.Rand
}

// RoundTrip implements http.RoundTripper.
func (d *distant) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.URL.Path, "/v2/") {
		return d.next.RoundTrip(r)
	}
	d.mu.Lock()
	there := 5*time.Millisecond + time.Duration(d.random.Int64N(int64(15*time.Millisecond)))
	d.mu.Unlock()
	if d.away > 0 {
		there = d.away / 2
	}
	<-time.After(there)
	answer, err := d.next.RoundTrip(r)
	<-time.After(there)
	return answer, err
}
