package delivery_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/figures"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/journal"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/publish"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

var binary = flag.String("binary", "", "what make build made, whose start is measured")

// TestCosts prints what Tagboat costs where it is meant to cost little, and fails where it
// costs more:
//
//	make bench
func TestCosts(t *testing.T) {
	if !*full {
		t.Skip("make bench runs it")
	}
	c := costs{T: t}
	defer func() { t.Logf("\n%s", &c.table) }()
	for _, measure := range []func(){c.starting, c.firstCall, c.planning, c.hundred, c.buckets, c.pins, c.newest, c.mounting, c.releases} {
		measure()
	}
}

type costs struct {
	*testing.T
	table figures.Table
}

// starts is how often a process is started for a median.
const starts = 21

// starting runs version, and a peer's, in turn.
func (c *costs) starting() {
	ours, err := os.Stat(*binary)
	if err != nil {
		c.Fatal(err)
	}
	c.table.AtMost(c.T, "the binary", float64(ours.Size())/1e6, 36, "MB")
	peer, err := exec.LookPath("ecspresso")
	var memory int64
	var own, theirs []time.Duration
	for range starts {
		cost := figures.Run(c.T, exec.Command(*binary, "version"))
		own, memory = append(own, cost.CPU), max(memory, cost.Memory)
		if err == nil {
			theirs = append(theirs, figures.Run(c.T, exec.Command(peer, "version")).CPU)
		}
	}
	c.table.AtMost(c.T, "version: resident", float64(memory)/(1<<20), 29, "MiB")
	const what = "version: the processor's time"
	if err != nil {
		c.table.NotCompared(what, "ecspresso")
		return
	}
	c.table.AtMost(c.T, what, float64(median(own))/float64(median(theirs)), 0.8, "times ecspresso's")
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

// firstCall takes the time from the start of a process to its first call of AWS, and has the
// process say how often it collected garbage until then.
func (c *costs) firstCall() {
	var called atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		called.CompareAndSwap(0, time.Now().UnixNano())
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"AccessDeniedException"}`)
	}))
	defer server.Close()
	dir := c.TempDir()
	w := &apptest.World{World: &sandboxtest.World{T: c.T, Dir: dir}}
	apptest.Shop{Services: []string{"web"}}.Configure(w)
	w.Write("ecspresso.yml", "region: us-east-1\ncluster: dev\nservice: web\ntask_definition: web.taskdef.json\n")
	until := func(program string, args ...string) (time.Duration, string) {
		cmd := exec.Command(program, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GODEBUG=gctrace=1", "AWS_ENDPOINT_URL="+server.URL, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=a",
			"AWS_SECRET_ACCESS_KEY=b", "AWS_CONFIG_FILE="+filepath.Join(dir, "none"), "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(dir, "none"))
		called.Store(0)
		start := time.Now()
		out, _ := cmd.CombinedOutput() // it is refused
		if called.Load() == 0 {
			c.Fatalf("%s calls nothing: %s", program, out)
		}
		return time.Unix(0, called.Load()).Sub(start), string(out)
	}
	peer, err := exec.LookPath("ecspresso")
	var own, theirs []time.Duration
	collected := 0
	for range starts {
		took, said := until(*binary, "pins", "--env", "dev")
		own, collected = append(own, took), max(collected, strings.Count(said, "gc "))
		if err == nil {
			took, _ := until(peer, "status")
			theirs = append(theirs, took)
		}
	}
	c.table.AtMost(c.T, "exec to the first call of AWS", float64(collected), 0, "collections of garbage")
	const what = "exec to the first call of AWS: time"
	if err != nil {
		c.table.NotCompared(what, "ecspresso")
		return
	}
	c.table.AtMost(c.T, what, float64(median(own))/float64(median(theirs)), 0.8, "times ecspresso's")
}

// crowded is a shop of so many services with an image each, twenty to a parameter.
func crowded(w *apptest.World, n int) (images []catalog.ImageArg) {
	var s apptest.Shop
	for i := range n {
		s.Services = append(s.Services, fmt.Sprintf("s%04d", i))
	}
	s.Open(w)
	groups := "ledger:\n  groups:\n"
	for chunk := range slices.Chunk(s.Services, 20) {
		groups += fmt.Sprintf("    %s: {images: [%s]}\n", chunk[0]+"-", strings.Join(chunk, ", "))
	}
	w.Write("tagboat.yaml", w.Read("tagboat.yaml")+groups)
	for _, name := range s.Services {
		w.Push("shop/" + name + ":v1")
		images = append(images, catalog.ImageArg{Image: tagboat.ImageName(name), Tag: "v1"})
	}
	return images
}

// cost returns the calls that something made.
func cost(w *apptest.World, do func(context.Context, *app.App) error) tagboat.Calls {
	w.Helper()
	ctx, counted := operation.Start(w.Context(), nil)
	if err := do(ctx, w.Open()); err != nil {
		w.Fatal(err)
	}
	return counted.Calls()
}

func plan(ctx context.Context, a *app.App) error {
	_, err := a.Delivery.Plan(ctx, fleet.Selection{})
	return err
}

// planning plans services that are not there yet.
func (c *costs) planning() {
	took := map[int]time.Duration{}
	for _, n := range []int{100, 1000} {
		apptest.Run(c.T, sandbox.Config{}, func(w *apptest.World) {
			images := crowded(w, n)
			pinAll(w, images)
			took[n] = time.Hour
			for range 3 {
				begin := processorTime()
				cost(w, plan)
				took[n] = min(took[n], processorTime()-begin)
			}
		})
	}
	c.table.AtMost(c.T, "plan of 1,000 services: the processor's time", float64(took[1000])/float64(took[100]), 15, "times that of 100")
}

func pinAll(w *apptest.World, images []catalog.ImageArg) {
	w.Helper()
	if _, err := w.Open().Pinning.Pin(w.Context(), pinning.Request{Environment: "dev", Images: images}); err != nil {
		w.Fatal(err)
	}
}

// hundred plans and looks at a hundred services that were deployed six times.
func (c *costs) hundred() {
	const n = 100
	apptest.Run(c.T, sandbox.Config{}, func(w *apptest.World) {
		images := crowded(w, n)
		pinAll(w, images)
		w.Deploy()
		for version := range 5 {
			for i := range images {
				images[i].Tag = fmt.Sprintf("v%d", version+2)
				w.Push(fmt.Sprintf("shop/%s:%s", images[i].Image, images[i].Tag))
			}
			pinAll(w, images)
			w.Deploy()
		}
		c.table.AtMost(c.T, "plan as in CI, 100 services of six revisions each", float64(cost(w, plan).Total)/n, 1.2, "calls a service")
		w.Later(time.Hour)
		status := func(ctx context.Context, a *app.App) error {
			_, err := a.View.Status(ctx, fleet.Selection{})
			return err
		}
		w.Cache = c.TempDir()
		cost(w, status)
		c.table.AtMost(c.T, "status of 100 services, warm", float64(cost(w, status).Total)/n, 0.3, "calls a service")
	})
}

// buckets changes services at AWS's rates and at AWS's speed.
func (c *costs) buckets() {
	got := crowd{services: 20, accounts: 1}.changed(c.T)
	c.table.AtMost(c.T, "20 services changed", float64(got.calls.Total), 110, "calls")
	got = crowd{services: 100, accounts: 1, speed: 1}.changed(c.T)
	c.table.AtMost(c.T, "100 services changed at AWS's rates", float64(got.calls.Total), 1300, "calls")
	var took [2]time.Duration
	for i, parallel := range []int{rollout.DefaultParallel, 1 << 20} {
		crowd{services: 200, accounts: 1, speed: 1}.run(c.T, func(r *fleetRun) {
			r.came(r.deploy("v1"))
			r.came(r.deploy("v2"))
			r.Later(time.Minute)
			got := r.deployWith("v1", rollout.Options{Wait: true, MaxParallel: parallel})
			r.came(got)
			took[i] = got.took
		})
	}
	c.table.AtMost(c.T, "200 services back to revisions that exist", float64(took[0])/float64(took[1]), 1.02, "times as long as with no bound")
}

// pins reads and writes many.
func (c *costs) pins() {
	c.table.AtMost(c.T, "pins of 50 groups, in brief", float64(pinsInBrief(c.T)), 7, "calls")
	c.table.AtMost(c.T, "pin of 40 images of one repository", float64(fortyImages(c.T)), 46, "calls")
}

// newest reads the newest fifty of twenty thousand lines of the journal, beside a hundred
// versions of the parameter.
func (c *costs) newest() {
	apptest.Run(c.T, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"web"}}.Open(w)
		for n := range 101 {
			w.AWS("ssm.PutParameter", map[string]any{"Name": "/containers/dev/shop", "Value": fmt.Sprintf(`{"web":"o%d"}`, n), "Overwrite": true, "Type": "String"})
		}
		const lines, group = 20_000, "/tagboat/shop"
		stream := map[string]any{"logGroupName": group, "logStreamName": journal.Stream("dev")}
		w.AWS("logs.CreateLogGroup", map[string]any{"logGroupName": group})
		w.AWS("logs.CreateLogStream", stream)
		w.Later(lines * time.Minute / 2)
		var events []any
		for n := range lines {
			e := tagboat.Event{
				ID: fmt.Sprint(n), At: time.Now().Add(time.Duration(n-lines) * time.Minute / 2), By: "arn:aws:sts::123456789012:assumed-role/deployer/ci",
				Command: "deploy", Environment: "dev", Service: "web", Verdict: tagboat.VerdictSucceeded, Message: "weekly release",
			}
			line, err := json.Marshal(e)
			if err != nil {
				w.Fatal(err)
			}
			events = append(events, map[string]any{"timestamp": e.At.UnixMilli(), "message": string(line)})
		}
		for chunk := range slices.Chunk(events, 1000) {
			stream["logEvents"] = chunk
			w.AWS("logs.PutLogEvents", stream)
		}
		calls := cost(w, func(ctx context.Context, a *app.App) error {
			document, err := a.History.Events(ctx, history.Request{Selection: apptest.Dev, Limit: 50})
			if len(document.Events) != 50 {
				w.Errorf("%d events", len(document.Events))
			}
			return err
		})
		c.table.AtMost(c.T, "history, the newest 50 of 20,000 lines", float64(calls.Total), 3, "calls")
	})
}

// mounting publishes an image whose layers another repository has.
func (c *costs) mounting() {
	image, err := random.Image(1<<16, 8)
	if err != nil {
		c.Fatal(err)
	}
	file := filepath.Join(c.TempDir(), "image.tar")
	if err := tarball.WriteToFile(file, name.MustParseReference("api:1"), image); err != nil {
		c.Fatal(err)
	}
	apptest.Run(c.T, sandbox.Config{}, func(w *apptest.World) {
		apptest.Shop{Services: []string{"base", "web"}}.Open(w)
		from, err := publish.ParseSource("tar:" + file)
		if err != nil {
			w.Fatal(err)
		}
		var sent tagboat.PublishDocument
		for _, image := range []tagboat.ImageName{"base", "web"} {
			request := catalog.PublishRequest{Image: image, From: from, Tags: []string{"v1"}, CreateRepository: true, Progress: silent{}}
			if sent, err = w.Open().Publisher.Publish(w.Context(), request); err != nil {
				w.Fatal(err)
			}
		}
		c.table.AtMost(c.T, "publish of what another repository has", float64(sent.LayersSent), 0, "layers uploaded")
	})
}

type silent struct{}

func (silent) Sending(tagboat.Digest, int64, int64) {}

func (silent) Sent(tagboat.Digest, int64, bool) {}

func TestPinsInBrief(t *testing.T) { pinsInBrief(t) }

// pinsInBrief reads the parameters of fifty groups ten to a call, and no history, of which
// Parameter Store answers three a second. It returns the calls that took.
func pinsInBrief(t *testing.T) (brief int) {
	apptest.Run(t, sandbox.Config{Quotas: "aws"}, func(w *apptest.World) {
		const n = 50
		apptest.Teams(w, n)
		var images []catalog.ImageArg
		for i := range n {
			w.Push(fmt.Sprintf("team%02d/app:v1", i))
			images = append(images, catalog.ImageArg{Image: tagboat.ImageName(fmt.Sprintf("app%02d", i)), Tag: "v1"})
		}
		if _, err := w.Open().Pinning.Pin(w.Context(), pinning.Request{Environment: "dev", Images: images}); err != nil {
			t.Fatal(err)
		}
		ctx, asked := operation.Start(w.Context(), nil)
		document, err := w.Open().Pinning.Pins(ctx, pinning.PinsRequest{Environment: "dev", Brief: true})
		if err != nil {
			t.Fatal(err)
		}
		if len(document.Pins) != n || document.Pins[0].Digest != w.Pushed["team00/app:v1"] || document.Pins[0].SetBy != "" {
			t.Errorf("%d pins, the first is %+v", len(document.Pins), document.Pins[0])
		}
		brief = asked.Calls().Total
		if calls := asked.Calls(); calls.Total > 7 || calls.ByOperation["ssm.GetParameterHistory"] != 0 {
			t.Errorf("%v", calls)
		}
		ctx, asked = operation.Start(w.Context(), nil)
		whole, err := w.Open().Pinning.Pins(ctx, pinning.PinsRequest{Environment: "dev"})
		if err != nil || whole.Pins[n-1].SetBy == "" || asked.Calls().ByOperation["ssm.GetParameterHistory"] != n {
			t.Errorf("%v %+v %v", err, whole.Pins, asked.Calls())
		}
	})
	return brief
}

func TestFortyImagesOfOneRepository(t *testing.T) { fortyImages(t) }

// fortyImages pins images of one repository: what is true of that is asked for once. It
// returns the calls that took.
func fortyImages(t *testing.T) (total int) {
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		const n = 40
		text := "app: shop\nregistry: " + sandboxtest.Host + "\nimages:\n"
		var images []catalog.ImageArg
		for i := range n {
			text += fmt.Sprintf("  app%02d: {repository: shop/apps}\n", i)
			tag := fmt.Sprintf("v%02d", i)
			w.Push("shop/apps:" + tag)
			images = append(images, catalog.ImageArg{Image: tagboat.ImageName(fmt.Sprintf("app%02d", i)), Tag: tag})
		}
		w.Write("tagboat.yaml", text+"stages: [{name: dev}]\nenvironments: {dev: {stage: dev, region: us-east-1, cluster: dev}}\n")
		w.Cache = t.TempDir() // what the versions consist of is known from the run before
		if _, err := w.Open().Pinning.Pin(w.Context(), pinning.Request{Environment: "dev", Images: images, DryRun: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Open().Pinning.Pin(w.Context(), pinning.Request{Environment: "dev", Images: images[:1]}); err != nil {
			t.Fatal(err)
		}
		ctx, asked := operation.Start(w.Context(), nil)
		result, err := w.Open().Pinning.Pin(ctx, pinning.Request{Environment: "dev", Images: images})
		if err != nil || !result.Changed || len(result.Document.Pins) != n {
			t.Fatalf("%+v %v", result, err)
		}
		total = asked.Calls().Total
		if calls := asked.Calls(); calls.Total > 46 || calls.ByOperation["ecr.DescribeRepositories"] != 1 {
			t.Errorf("%v", calls)
		}
	})
	return total
}
