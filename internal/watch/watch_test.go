package watch_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/promotion"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
	"github.com/tagboat/tagboat/internal/watch"
	"github.com/tagboat/tagboat/internal/watch/hint"
)

// run runs a story of a family.
func run(t *testing.T, f apptest.Family, story func(w *apptest.World)) {
	t.Helper()
	apptest.Run(t, sandbox.Config{Quotas: "off"}, func(w *apptest.World) {
		f.Open(w)
		story(w)
	})
}

// source is one that a test speaks through.
type source chan hint.Message

// Run implements hint.Source.
func (s source) Run(ctx context.Context, out chan<- hint.Message) error {
	for {
		select {
		case m := <-s:
			select {
			case out <- m:
			case <-ctx.Done():
				m.Done(hint.ErrUndone) // as a queue does
				return nil
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// pushed is the hint of a push to shop/IMAGE.
func pushed(image, tag string) hint.Hint {
	return hint.Hint{Source: "ecr", Kind: hint.Pushed, Registry: sandboxtest.Host, Repository: "shop/" + image, Tag: tag, At: time.Now()}
}

// watching is a watcher at work.
type watching struct {
	source source
	log    *lines
	stop   func() error // waits for its end
}

// lines is a log that several goroutines write.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns what was written.
func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// begin begins a watcher, as a process that was just started does.
func begin(w *apptest.World) watching {
	return beginWith(w, &updates{of: map[string]int{}}, 15*time.Minute)
}

func beginWith(w *apptest.World, u *updates, sweep time.Duration, wrap ...func(http.RoundTripper) http.RoundTripper) watching {
	at := watching{source: make(source), log: &lines{}}
	watcher := w.Open(append(wrap, u.through)...).Watcher()
	watcher.Sweep = sweep
	watcher.Log = slog.New(slog.NewTextHandler(at.log, nil))
	ctx, cancel := context.WithCancel(w.Context())
	ended := make(chan error, 1)
	go func() { ended <- watcher.Run(ctx, at.source) }()
	at.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	return at
}

// quick are stages in which dev alone gets what is pushed.
const quick = "[{name: dev, auto: newest}, {name: staging}, {name: prod}]"

// TestAPushIsDeployedAndFollowed: a push runs in dev of both tenants, and from there in the stages that
// follow, and the journal has the hint.
func TestAPushIsDeployedAndFollowed(t *testing.T) {
	run(t, apptest.Family{Services: []string{"api", "web"}}, func(w *apptest.World) {
		w.Push("shop/api:v1")
		w.Push("shop/web:v1")
		at := begin(w)
		w.Later(14 * time.Minute)
		w.Push("shop/web:v2")
		var came heard
		at.source <- came.about(pushed("web", "v2"))
		w.Later(40 * time.Minute)
		for _, env := range []tagboat.EnvName{"dev", "mb-dev", "staging", "mb-staging", "prod", "mb-prod"} {
			expect.Equal(t, "v2", runs(w, env, "web"))
			expect.Equal(t, "v1", runs(w, env, "api"))
		}
		expect.Equal(t, []string{"done"}, came.words())
		if err := at.stop(); err != nil {
			t.Error(err)
		}
		var messages []string
		for _, e := range w.History(history.Request{Selection: apptest.In("dev")}).Events {
			if e.Command == history.Promote {
				messages = append(messages, e.Message)
			}
		}
		expect.Equal(t, []string{"push of shop/web:v2", "sweep"}, messages)
		log := at.log.String()
		for _, line := range []string{
			`msg=decided hint="push of shop/web:v2" environment=dev looked="newest of web" decision=promote release=`,
			`why="web v1 → v2"`, `msg=ended hint="release 2 in mb-staging" environment=mb-prod release=2 state=promoted`,
		} {
			if !strings.Contains(log, line) {
				t.Errorf("the log has no %s", line)
			}
		}
		if n := strings.Count(log, "msg=decided hint=sweep"); n != 6 { // those of the start: what later ones find is no news
			t.Errorf("sweeps are logged %d times", n)
		}
		if t.Failed() {
			t.Log(log)
		}
	})
}

// TestSIGTERM: a watcher that is to end begins nothing more, lets a rollout end within its grace, and
// hands the messages of what does not end back; another one goes on with it.
func TestSIGTERM(t *testing.T) {
	run(t, apptest.Family{Stages: quick}, func(w *apptest.World) {
		w.Push("shop/web:v1")
		at := begin(w)
		w.Later(5 * time.Minute)
		w.Push("shop/web:v2")
		var came, late heard
		at.source <- came.about(pushed("web", "v2"))
		w.Later(15 * time.Second)
		w.Push("shop/web:v3")
		at.source <- late.about(pushed("web", "v3"))
		began := time.Now()
		if err := at.stop(); err != nil { // 25 seconds are not enough for a rollout
			t.Error(err)
		}
		if lasted := time.Since(began); lasted < 25*time.Second || lasted > 30*time.Second {
			t.Errorf("it ended after %s", lasted)
		}
		expect.Equal(t, []string{"undone"}, came.words())
		expect.Equal(t, []string{"undone"}, late.words())

		calls := &updates{of: map[string]int{}}
		next := beginWith(w, calls, time.Hour)
		next.source <- came.about(pushed("web", "v2"))
		next.source <- late.about(pushed("web", "v3"))
		w.Later(5 * time.Minute)
		expect.Equal(t, []string{"undone", "done"}, came.words())
		expect.Equal(t, []string{"undone", "done"}, late.words())
		expect.Equal(t, "v3", runs(w, "dev", "web"))
		expect.Equal(t, map[string]int{"web": 2}, calls.forget()) // v3 in two environments, v2 was begun
		began = time.Now()
		if err := next.stop(); err != nil || time.Since(began) > 0 {
			t.Errorf("without work it ended after %s: %v", time.Since(began), err)
		}
	})
}

// TestAWindowIsWaitedFor: what must not enter now enters when the window opens, though nobody says so.
func TestAWindowIsWaitedFor(t *testing.T) {
	stages := `[{name: dev, auto: newest, gates: {window: {cron: "0 6 * * *", for: 1h}}}, {name: staging}, {name: prod}]`
	run(t, apptest.Family{Stages: stages}, func(w *apptest.World) {
		w.Push("shop/web:v1")
		at := beginWith(w, &updates{of: map[string]int{}}, 24*time.Hour)
		var came heard
		at.source <- came.about(pushed("web", "v1"))
		w.Later(time.Minute)
		expect.Equal(t, []string{"done"}, came.words()) // nothing is left to do for it: this process knows when to look
		if log := at.log.String(); !strings.Contains(log, "decision=wait") || !strings.Contains(log, "until=2026-01-01T06:00:00.000Z") {
			t.Error(log)
		}
		w.Later(6*time.Hour + 3*time.Minute)
		expect.Equal(t, "v1", runs(w, "dev", "web"))
		if err := at.stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestEventsOfECSCostNothingWhereNothingIsUnderWay: one call shows that, and a promotion that another
// process left is gone on with.
func TestEventsOfECSCostNothingWhereNothingIsUnderWay(t *testing.T) {
	run(t, apptest.Family{Stages: quick}, func(w *apptest.World) {
		w.Push("shop/web:v1")
		calls := &updates{of: map[string]int{}}
		at := beginWith(w, calls, 24*time.Hour)
		w.Later(5 * time.Minute)
		var came heard
		event := hint.Hint{Source: "ecs", Kind: hint.Task, Account: "123456789012", Region: "us-east-1", Cluster: "dev", Service: "web"}
		before := w.Calls("")
		for range 20 {
			at.source <- came.about(event)
		}
		w.Later(time.Minute)
		if n := w.Calls("") - before; n != 1 {
			t.Errorf("twenty events of ECS cost %d calls", n)
		}
		expect.Equal(t, 20, len(came.words()))

		w.Push("shop/web:v2")
		ctx, kill := context.WithCancel(w.Context())
		a := w.Open()
		set := expect.Value(a.Promotions.Plan(ctx, promotion.Request{Selection: apptest.In("dev"), Automation: true}))(t)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_, _ = a.Promotions.Do(ctx, set, rollout.Options{Wait: true, MaxParallel: 1})
		}()
		w.Later(10 * time.Second)
		kill()
		<-ended
		at.source <- came.about(event)
		w.Later(3 * time.Minute)
		expect.Equal(t, "v2", runs(w, "dev", "web"))
		if log := at.log.String(); !strings.Contains(log, `hint="task of web in cluster dev" environment=dev looked="all images" decision=go-on release=2`) {
			t.Error(log)
		}
		if err := at.stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestABadPush: it is rolled back and rejected, the sweep leaves it alone, and the next good one goes out;
// what was pushed beside it and ran well goes out, too.
func TestABadPush(t *testing.T) {
	run(t, apptest.Family{Services: []string{"api", "web"}, Stages: quick}, func(w *apptest.World) {
		w.Push("shop/api:v1")
		w.Push("shop/web:v1")
		calls := &updates{of: map[string]int{}}
		at := beginWith(w, calls, 15*time.Minute)
		w.Later(5 * time.Minute)
		w.Push("shop/api:v2")
		w.Push("shop/web:v2", "exit=3@5s")
		var came heard
		at.source <- came.about(pushed("api", "v2"))
		at.source <- came.about(pushed("web", "v2"))
		w.Later(20 * time.Minute)
		expect.Equal(t, "v1", runs(w, "dev", "web"))
		expect.Equal(t, "v2", runs(w, "dev", "api"))
		expect.Equal(t, []string{"done", "done"}, came.words())
		calls.forget()
		w.Later(30 * time.Minute)
		expect.Equal(t, map[string]int{}, calls.forget())
		w.Push("shop/web:v3")
		at.source <- came.about(pushed("web", "v3"))
		w.Later(5 * time.Minute)
		expect.Equal(t, "v3", runs(w, "mb-dev", "web"))
		expect.Equal(t, map[string]int{"web": 2}, calls.forget())
		if err := at.stop(); err != nil || t.Failed() {
			t.Error(err, at.log)
		}
	})
}

// TestWhatFollowsIsFound: a process that was killed between two stages told nobody; whoever looks at
// its message finds the release there, and brings it on.
func TestWhatFollowsIsFound(t *testing.T) {
	run(t, apptest.Family{Stages: "[{name: dev, auto: newest}, {name: staging, auto: upstream}, {name: prod}]"}, func(w *apptest.World) {
		w.Push("shop/web:v1")
		calls := &updates{of: map[string]int{}}
		at := beginWith(w, calls, 24*time.Hour)
		w.Later(10 * time.Minute)
		w.Push("shop/web:v2")
		w.Promote(promotion.Request{Selection: apptest.To("dev"), Automation: true})
		var came heard
		at.source <- came.about(pushed("web", "v2"))
		w.Later(5 * time.Minute)
		expect.Equal(t, "v2", runs(w, "staging", "web"))
		expect.Equal(t, []string{"done"}, came.words())
		expect.Equal(t, map[string]int{"web": 2}, calls.forget())
		if err := at.stop(); err != nil || t.Failed() {
			t.Error(err, at.log)
		}
	})
}

// TestOvertakenAsTheStageSays: a newer push takes the place of one that rolls, or waits for it.
func TestOvertakenAsTheStageSays(t *testing.T) {
	for stages, want := range map[string]int{quick: 2, strings.Replace(quick, "newest}", "newest, overtake: true}", 1): 1} {
		run(t, apptest.Family{Stages: stages}, func(w *apptest.World) {
			w.Push("shop/web:v1")
			at := begin(w)
			w.Later(5 * time.Minute)
			var came heard
			for _, tag := range []string{"v2", "v3"} {
				w.Push("shop/web:" + tag)
				at.source <- came.about(pushed("web", tag))
				w.Later(20 * time.Second)
			}
			w.Later(9 * time.Minute)
			expect.Equal(t, "v3", runs(w, "dev", "web"))
			expect.Equal(t, []string{"done", "done"}, came.words())
			if n := strings.Count(at.log.String(), `environment=dev release=2 state=promoted`) + strings.Count(at.log.String(), `environment=dev release=3 state=promoted`); n != want {
				t.Errorf("with %s, %d of two pushes were promoted:\n%s", stages, n, at.log)
			}
			if err := at.stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestOnce: a dry run decides and changes nothing, one sweep acts and ends, and one that is bounded
// leaves the rollout to the next.
func TestOnce(t *testing.T) {
	run(t, apptest.Family{}, func(w *apptest.World) {
		w.Push("shop/web:v1")
		once := func(o watch.OnceOptions, hints ...hint.Hint) (got []string) {
			for _, d := range expect.Value(w.Open().Watcher().Once(w.Context(), hints, o))(t) {
				got = append(got, strings.TrimSpace(string(d.Environment)+" "+string(d.Kind)+" "+d.State))
			}
			return got
		}
		before := len(w.History(history.Request{Selection: apptest.In("dev")}).Events)
		nothing := []string{"dev promote", "mb-dev promote", "staging leave", "mb-staging leave", "prod leave", "mb-prod leave"}
		expect.Equal(t, nothing, once(watch.OnceOptions{DryRun: true}))
		expect.Equal(t, before, len(w.History(history.Request{Selection: apptest.In("dev")}).Events))

		began := time.Now()
		bounded := once(watch.OnceOptions{Bound: 10 * time.Second}, pushed("web", "v1"))
		expect.Equal(t, []string{"dev promote timed-out", "mb-dev promote timed-out"}, bounded)
		if lasted := time.Since(began); lasted > 20*time.Second {
			t.Errorf("it took %s", lasted)
		}
		tick := hint.Hint{Source: "schedule", Kind: hint.Tick}
		w.Later(25 * time.Second) // before that the first one may be at work
		expect.Equal(t, []string{"dev go-on timed-out", "mb-dev go-on timed-out"}, once(watch.OnceOptions{Bound: 10 * time.Second}, tick))
		w.Later(2 * time.Minute)
		on := once(watch.OnceOptions{Bound: 10 * time.Second}, tick)
		expect.Equal(t, []string{"dev go-on promoted", "dev unchanged", "mb-dev go-on promoted", "mb-dev unchanged", "staging promote timed-out", "mb-staging promote timed-out"}, on)

		w.Later(2 * time.Minute)
		all := once(watch.OnceOptions{})
		for _, want := range []string{"staging go-on promoted", "mb-prod promote promoted", "prod promote promoted"} {
			if !slices.Contains(all, want) {
				t.Errorf("one sweep decides %q", all)
			}
		}
		expect.Equal(t, "v1", runs(w, "mb-prod", "web"))
	})
}

// TestW1_NoServiceIsMatchedByPrefix: a push to api updates api, and never api-admin.
func TestW1_NoServiceIsMatchedByPrefix(t *testing.T) {
	run(t, apptest.Family{Services: []string{"api", "api-admin"}, Stages: quick}, func(w *apptest.World) {
		for _, image := range []string{"api:v1", "api-admin:v1"} {
			w.Push("shop/" + image)
		}
		calls := &updates{of: map[string]int{}}
		at := beginWith(w, calls, 15*time.Minute)
		w.Later(5 * time.Minute)
		w.Push("shop/api:v2")
		var came heard
		at.source <- came.about(pushed("api", "v2"))
		w.Later(20 * time.Minute)
		expect.Equal(t, map[string]int{"api": 2}, calls.forget())
		if err := at.stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestW2_EventsAreHints: one that comes twice, late, without a tag or with that of an older version
// changes nothing but what the registry says, and one that never comes is found by a sweep.
func TestW2_EventsAreHints(t *testing.T) {
	run(t, apptest.Family{Stages: quick}, func(w *apptest.World) {
		w.Push("shop/web:v1")
		calls := &updates{of: map[string]int{}}
		at := beginWith(w, calls, 15*time.Minute)
		w.Later(5 * time.Minute)
		w.Push("shop/web:v2")
		w.Later(11 * time.Minute) // its event is lost
		expect.Equal(t, map[string]int{"web": 2}, calls.forget())
		w.Push("shop/web:branch-x") // which the rule does not choose
		var came heard
		for _, tag := range []string{"v1", "", "branch-x", "v1", "v9", ""} {
			at.source <- came.about(pushed("web", tag))
			w.Later(time.Minute)
		}
		expect.Equal(t, map[string]int{}, calls.forget())
		expect.Equal(t, "v2", runs(w, "dev", "web"))
		expect.Equal(t, []string{"done", "done", "done", "done", "done", "done"}, came.words())
		if err := at.stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestW3_DigestsAreDeployed: what is deployed names its digest, so that a tag which moves later changes
// nothing of what a scale-out or a crash pulls.
func TestW3_DigestsAreDeployed(t *testing.T) {
	run(t, apptest.Family{Stages: quick}, func(w *apptest.World) {
		first := w.Push("shop/web:v1")
		at := begin(w)
		w.Later(5 * time.Minute)
		expect.Equal(t, true, strings.HasSuffix(imageOf(w), "@"+string(first)))
		second := w.Push("shop/web:v1", "log=other")
		w.Later(time.Minute)
		expect.Equal(t, true, strings.HasSuffix(imageOf(w), "@"+string(first)))
		var came heard
		at.source <- came.about(pushed("web", "v1"))
		w.Later(5 * time.Minute)
		expect.Equal(t, true, strings.HasSuffix(imageOf(w), "@"+string(second)))
		if err := at.stop(); err != nil || t.Failed() {
			t.Error(err, at.log, first, second, imageOf(w))
		}
	})
}

// imageOf returns the image of what web runs in dev.
func imageOf(w *apptest.World) string {
	w.Helper()
	services, _ := w.AWS("ecs.DescribeServices", map[string]any{"cluster": "dev", "services": []string{"web"}})["services"].([]any)
	service, _ := services[0].(map[string]any)
	definition, _ := w.AWS("ecs.DescribeTaskDefinition", map[string]any{"taskDefinition": service["taskDefinition"]})["taskDefinition"].(map[string]any)
	containers, _ := definition["containerDefinitions"].([]any)
	container, _ := containers[0].(map[string]any)
	image, _ := container["image"].(string)
	return image
}
