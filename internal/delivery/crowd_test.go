package delivery_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/tabwriter"
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

// changed deploys a second version of every service, from full buckets.
func (f crowd) changed(t *testing.T) (got outcome) {
	t.Helper()
	f.run(t, func(r *fleetRun) {
		r.came(r.deploy("v1"))
		r.Later(time.Minute)
		got = r.deploy("v2")
		r.came(got)
	})
	return got
}

// fleetRun is a fleet in its World.
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

// known reports whether every container is known to run what is pinned.
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

// processorTime is how much of the processor's time the process took, which no synctest
// bubble hides.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// A hundred changed services go out as fast as AWS's buckets allow, 20 revisions at once
// and then one a second, and AWS refuses nothing: not even to a run that finds the
// buckets as the one before it has left them.
func TestM1HundredChangedServices(t *testing.T) {
	f := crowd{services: 100, accounts: 1}
	f.run(t, func(r *fleetRun) {
		r.came(r.deploy("v1"))
		r.came(r.deploy("v2"))
		r.Later(time.Minute)
		got := r.deploy("v3")
		r.came(got)
		if limit := f.bucketTime() * 11 / 10; got.took > limit {
			t.Errorf("it took %s, more than %s", got.took, limit)
		}
	})
}

// Accounts have buckets of their own: three take no longer than one.
func TestM1ThreeAccountsTakeNoLongerThanOne(t *testing.T) {
	took := map[int]time.Duration{}
	for _, accounts := range []int{1, 3} {
		crowd{services: sized(100, 40), accounts: accounts}.run(t, func(r *fleetRun) {
			got := r.deploy("v1")
			r.came(got)
			took[accounts] = got.took
		})
	}
	if took[3] > took[1]*105/100 {
		t.Errorf("three accounts took %s, one took %s", took[3], took[1])
	}
}

// Services that do not change cost a tenth of a call each, and the ledger's one.
func TestUnchangedServicesCostATenthOfACall(t *testing.T) {
	n := sized(500, 100)
	crowd{services: n, accounts: 1}.run(t, func(r *fleetRun) {
		r.came(r.deploy("v1"))
		got := r.deploy("v1")
		if got.calls.Total > n/10+1 || got.verdicts[tagboat.VerdictUnchanged] != n {
			t.Errorf("%d calls (%v) for %v", got.calls.Total, got.calls.ByOperation, got.verdicts)
		}
		if got.proven != n {
			t.Errorf("what runs is known of %d services", got.proven)
		}
	})
}

// TestFanOutTable prints what fanning out is worth, rollouts taking as long as on AWS.
// At full size: go test ./internal/delivery -run TestFanOutTable -v -args -full.
func TestFanOutTable(t *testing.T) {
	n := sized(100, 10)
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RUN\tSERVICES\tVIRTUAL SECONDS\tCALLS\tA SERVICE\tTHROTTLED")
	row := func(name string, got outcome) {
		fmt.Fprintf(table, "%s\t%d\t%.0f\t%d\t%.1f\t%d\n", name, n, got.took.Seconds(), got.calls.Total, float64(got.calls.Total)/float64(n), got.calls.Throttled)
	}
	crowd{services: n, accounts: 1, speed: 1}.run(t, func(r *fleetRun) {
		row("created, all at once", r.deploy("v1"))
		r.Later(time.Minute)
		together := r.deploy("v2")
		row("changed, all at once", together)
		r.Later(time.Minute)
		alone := r.deployWith("v3", rollout.Options{Wait: true, MaxParallel: 1})
		row("changed, one after another", alone)
		row("unchanged", r.deploy("v3"))
		r.came(together)
		if alone.took < together.took*2 {
			t.Errorf("one after another took %s, all at once %s", alone.took, together.took)
		}
	})
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", text.String())
}

// sized returns the first with -full, else the second.
func sized(fully, short int) int {
	if *full {
		return fully
	}
	return short
}

// came tells of refused calls and of services that did not come up.
func (r *fleetRun) came(got outcome) {
	r.Helper()
	if got.calls.Throttled > 0 {
		r.Errorf("%d calls were throttled: %v", got.calls.Throttled, got.calls.ByOperation)
	}
	if n := got.verdicts[tagboat.VerdictSucceeded]; n != r.services*r.accounts {
		r.Errorf("%d services came up: %v", n, got.verdicts)
	}
}

// Twenty changed services, fifty milliseconds a call.
func TestTwentyChangedServices(t *testing.T) {
	got := crowd{services: 20, accounts: 1, away: 50 * time.Millisecond}.changed(t)
	if got.calls.Total > 110 || got.took > 3*time.Second {
		t.Errorf("%d calls in %s: %v", got.calls.Total, got.took, got.calls.ByOperation)
	}
}

// A hundred changed services at AWS's rates, with rollouts as slow as AWS's.
func TestHundredChangedServicesAtAWSsSpeed(t *testing.T) {
	if got := (crowd{services: 100, accounts: 1, speed: 1}).changed(t); got.calls.Total > 1300 {
		t.Errorf("%d calls: %v", got.calls.Total, got.calls.ByOperation)
	}
}

// A plan with an empty cache, as in CI, reads the revisions before the latest only where the
// version was pinned before it was registered.
func TestPlanWithAnEmptyCache(t *testing.T) {
	n := sized(100, 30)
	crowd{services: n, accounts: 1}.run(t, func(r *fleetRun) {
		for _, tag := range []string{"v1", "v2", "v3", "v4", "v5", "v6"} {
			r.came(r.deploy(tag))
			r.Later(time.Minute)
		}
		plan := func(tag string) (calls int) {
			r.Cache = t.TempDir()
			r.pinAll(tag)
			ctx, op := operation.Start(r.Context(), nil)
			set, err := r.open().Delivery.Plan(ctx, fleet.Selection{Stage: "dev"})
			if err != nil {
				t.Fatal(err)
			}
			if len(set.Document().Changes) != n {
				t.Errorf("%d services change", len(set.Document().Changes))
			}
			t.Logf("%s: %v", tag, op.Calls().ByOperation)
			return op.Calls().Total
		}
		if got := plan("v7"); got > n+n/10+6 { // 1.2 a service for a hundred
			t.Errorf("%d calls for a new version of %d services", got, n)
		}
		if got := plan("v2"); got < 2*n {
			t.Errorf("%d calls for a version that %d services had before", got, n)
		}
	})
}

// TestSimulation deploys a whole company: the real Tagboat, SDK and all, against a real
// sandbox that throttles as AWS does, in memory and in virtual time, with rollouts as
// slow as AWS's. Only the network, 10 to 40 ms a call, is made up. With -full it is
// 10,000 services in 50 accounts:
//
//	go test ./internal/delivery -run TestSimulation -v -timeout 60m -args -full
func TestSimulation(t *testing.T) {
	f := crowd{services: sized(200, 10), accounts: sized(50, 5), speed: 1}
	all := f.services * f.accounts
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RUN\tSERVICES\tACCOUNTS\tVIRTUAL TIME\tCALLS\tA SERVICE\tTHROTTLED\tPLAN, KB A THOUSAND\tPROCESSOR")
	f.run(t, func(r *fleetRun) {
		for _, run := range []struct {
			name, tag string
			verdict   tagboat.Verdict
		}{
			{"create", "v1", tagboat.VerdictSucceeded},
			{"change", "v2", tagboat.VerdictSucceeded},
			{"no change", "v2", tagboat.VerdictUnchanged},
		} {
			r.Later(time.Minute)
			began := processorTime()
			got := r.deploy(run.tag)
			fmt.Fprintf(table, "%s\t%d\t%d\t%s\t%d\t%.1f\t%d\t%d\t%s\n", run.name, all, f.accounts, got.took.Round(time.Second),
				got.calls.Total, float64(got.calls.Total)/float64(all), got.calls.Throttled, got.held/1024*1000/uint64(all), (processorTime() - began).Round(100*time.Millisecond))
			if got.verdicts[run.verdict] != all || got.calls.Throttled > 0 {
				t.Errorf("%s: %v, %d throttled", run.name, got.verdicts, got.calls.Throttled)
			}
		}
	})
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("\n%sThe process, sandbox included, took %d MB from the system.", text.String(), m.Sys>>20)
}
