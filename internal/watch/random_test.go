package watch_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
	"github.com/tagboat/tagboat/internal/watch/hint"
)

// push is one push, and what becomes of its event.
type push struct {
	at         time.Duration
	image, tag string
	bad        bool            // its container fails
	events     []time.Duration // when its event comes; none where it is lost
	tagless    bool
	to         []int // which watcher gets each
}

// plot is what happens in one run.
type plot struct {
	pushes   []push
	images   []string
	quiet    string // the image of which no version is chosen that is pushed
	staging  bool   // there is a stage that follows
	watchers int
	stop     time.Duration // when the second watcher ends; 0 for at the end
}

const (
	longestDelay = 6 * time.Minute
	pushing      = 8 * time.Minute
	sweeping     = 10 * time.Minute
	settling     = 12 * time.Minute // for rollouts, from stage to stage
)

// newPlot returns the plot of a seed: versions that the rules choose, some that they do not, some that
// do not start, each image's last one good; and events that are late, out of order, doubled, lost,
// and without tags.
func newPlot(seed uint64) plot {
	r := rand.New(rand.NewPCG(seed, 14)) //nolint:gosec // as random as a test wants it
	p := plot{images: []string{"api", "api-admin", "web"}[:2+r.IntN(2)], watchers: 1 + r.IntN(2), staging: r.IntN(4) == 0}
	p.quiet = p.images[r.IntN(len(p.images))]
	if p.watchers == 2 && r.IntN(2) == 0 {
		p.stop = time.Duration(r.Int64N(int64(pushing + longestDelay)))
	}
	versions := map[string]int{}
	for n := range 4 + r.IntN(4) {
		image := p.images[r.IntN(len(p.images))]
		one := push{at: time.Duration(r.Int64N(int64(pushing))), image: image, tag: fmt.Sprintf("main-%d", n), tagless: r.IntN(3) == 0}
		if image != p.quiet && r.IntN(4) > 0 {
			versions[image]++
			one.tag, one.bad = "", r.IntN(5) == 0
		}
		if r.IntN(4) > 0 {
			for range 1 + r.IntN(2) {
				one.events = append(one.events, one.at+time.Duration(r.Int64N(int64(longestDelay))))
				one.to = append(one.to, r.IntN(p.watchers))
			}
		}
		p.pushes = append(p.pushes, one)
	}
	slices.SortStableFunc(p.pushes, func(a, b push) int { return cmp.Compare(a.at, b.at) })
	next := map[string]int{}
	for i := range p.pushes {
		one := &p.pushes[i]
		if one.tag == "" {
			next[one.image]++
			one.tag = fmt.Sprintf("v%d", 1+next[one.image])
			one.bad = one.bad && next[one.image] < versions[one.image]
		}
	}
	return p
}

// inOrder is the plot with every event in order and once, for one watcher.
func (p plot) inOrder() plot {
	p.watchers, p.stop, p.pushes = 1, 0, slices.Clone(p.pushes)
	for i := range p.pushes {
		one := &p.pushes[i]
		one.events, one.to, one.tagless = []time.Duration{one.at}, []int{0}, false
	}
	return p
}

// state is what a run comes to.
type state struct {
	Pins    map[string]tagboat.Digest // by environment and image
	Running map[string]tagboat.Digest // by environment and service
	Release map[string]tagboat.Digest // by environment
}

// TestRandomEvents holds of many plots that events decide nothing in the end: however they are
// shuffled, delayed, doubled and lost, after one sweep everything is as if each had come in order and
// once; nothing went backwards, and no service was told anything whose image was not pushed.
func TestRandomEvents(t *testing.T) {
	seeds := uint64(30)
	if expect.Race {
		seeds = 12
	}
	if os.Getenv("TAGBOAT_EXHAUSTIVE") != "" {
		seeds = 300
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			p := newPlot(seed)
			want := p.play(t)
			if seed%5 == 0 { // what each has to come to is known without that, too
				expect.Equal(t, p.inOrder().play(t), want)
			}
		})
	}
}

// play plays a plot, and returns what it came to.
func (p plot) play(t *testing.T) (came state) {
	t.Helper()
	apptest.Run(t, sandbox.Config{Quotas: "off"}, func(w *apptest.World) {
		p.open(w)
		for _, image := range p.images {
			w.Push("shop/" + image + ":v1")
		}
		updates := &updates{of: map[string]int{}}
		at := []watching{beginWith(w, updates, sweeping)}
		w.Later(5 * time.Minute)
		updates.forget()
		if p.watchers == 2 {
			at = append(at, beginWith(w, updates, sweeping))
		}
		p.happen(w, at)
		for i, one := range at {
			if err := one.stop(); err != nil && (i == 0 || p.stop == 0) {
				t.Error(err)
			}
		}
		came = look(w)
		p.check(w, came, updates)
		if t.Failed() {
			for i, one := range at {
				t.Logf("watcher %d:\n%s", i, one.log)
			}
			t.Logf("%+v", p)
		}
	})
	return came
}

func (p plot) environments() []string {
	if p.staging {
		return []string{"dev", "mb-dev", "staging"}
	}
	return []string{"dev", "mb-dev"}
}

func (p plot) open(w *apptest.World) {
	var config strings.Builder
	fmt.Fprintf(&config, "app: shop\nregistry: %s\nimages:\n", sandboxtest.Host)
	for _, name := range p.images {
		fmt.Fprintf(&config, "  %s: {repository: shop/%s, select: {match: '^v(?P<n>\\d+)$', order: numeric, by: n}}\n", name, name)
	}
	config.WriteString("services:\n")
	for _, name := range p.images {
		fmt.Fprintf(&config, "  %s: {taskDefinition: %s.taskdef.json, service: %s.service.json, containers: {app: %s}}\n", name, name, name, name)
		apptest.Shop{Container: map[string]any{"logConfiguration": nil}, Service: map[string]any{"desiredCount": 1}}.Files(w, name)
	}
	config.WriteString("stages: [{name: dev, auto: newest}, {name: staging, auto: upstream}]\nenvironments:\n")
	for _, name := range p.environments() {
		account := ""
		if name == "mb-dev" {
			account = apptest.TenantAccount
		}
		w.AWSAs(cmp.Or(account, "sandbox"), "ecs.CreateCluster", map[string]any{"clusterName": name, "capacityProviders": []string{"FARGATE"}})
		config.WriteString(apptest.Environment(name, account))
	}
	w.Write("tagboat.yaml", config.String())
}

// happen lets everything happen, and one sweep and what follows from it.
func (p plot) happen(w *apptest.World, at []watching) {
	type event struct {
		at time.Duration
		do func()
	}
	var all []event
	stopped := false
	var send func(to int, h hint.Hint)
	send = func(to int, h hint.Hint) {
		if to == 1 && stopped {
			to = 0
		}
		message := hint.Message{Hints: []hint.Hint{h}, Done: func(err error) {
			if err != nil { // SQS hands it to the other one
				go send(0, h)
			}
		}}
		select {
		case at[to].source <- message:
		case <-w.Context().Done():
		}
	}
	for _, one := range p.pushes {
		all = append(all, event{one.at, func() {
			var labels []string
			if one.bad {
				labels = []string{"exit=3@5s"}
			}
			w.Push("shop/"+one.image+":"+one.tag, labels...)
		}})
		for i, late := range one.events {
			all = append(all, event{late, func() {
				h := pushed(one.image, one.tag)
				if h.At = h.At.Add(one.at - late); one.tagless {
					h.Tag = ""
				}
				send(one.to[i], h)
			}})
		}
	}
	if p.stop > 0 {
		all = append(all, event{p.stop, func() { stopped = true; _ = at[1].stop() }})
	}
	slices.SortStableFunc(all, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	now := time.Duration(0)
	for _, e := range all {
		w.Later(e.at - now)
		now = e.at
		e.do()
	}
	w.Later(sweeping + settling)
}

// look returns what there is in the end.
func look(w *apptest.World) state {
	s := state{map[string]tagboat.Digest{}, map[string]tagboat.Digest{}, map[string]tagboat.Digest{}}
	a := w.Open()
	document := expect.Value(a.View.Status(w.Context(), fleet.Selection{}))(w.T)
	for _, service := range document.Services {
		for _, i := range service.Images {
			s.Pins[string(service.Environment)+" "+string(i.Image)] = i.Pinned
			s.Running[string(service.Environment)+" "+string(service.Service)] = i.Running
		}
	}
	environments := a.Config.SortedEnvironments()
	books := expect.Value(a.Fleet.Books(w.Context(), environments))(w.T)
	for _, env := range environments {
		had := expect.Value(books[env.Name].Promotions(env.Name))(w.T)
		current, _ := had.Current()
		s.Release[string(env.Name)] = current.ID
		if had.Active != nil {
			w.Errorf("a promotion of release %s to %s is under way still: %+v", had.Active.Name, env.Name, had.Active)
		}
		before := map[tagboat.ImageName]int{}
		for _, was := range had.Trail {
			if was.Failed {
				continue
			}
			release := expect.Value(a.Releases.At(w.Context(), was.ID, was.Name))(w.T)
			for image, ref := range release.Versions(a.Config, env) {
				n := 0
				_, _ = fmt.Sscanf(ref.Tag, "v%d", &n)
				if n < before[image] {
					w.Errorf("%s went from v%d of %s back to v%d", env.Name, before[image], image, n)
				}
				before[image] = n
			}
		}
	}
	return s
}

// check compares the end with what was pushed: each image's last version that its rule chooses.
func (p plot) check(w *apptest.World, s state, u *updates) {
	newest := map[string]string{}
	for _, image := range p.images {
		newest[image] = "v1"
	}
	for _, one := range p.pushes {
		if strings.HasPrefix(one.tag, "v") {
			newest[one.image] = one.tag
		}
	}
	for _, env := range p.environments() {
		for _, image := range p.images {
			want := w.Pushed["shop/"+image+":"+newest[image]]
			if key := env + " " + image; s.Pins[key] != want || s.Running[key] != want {
				w.Errorf("%s has %s pinned, runs %s, want %s of %s", key, s.Pins[key].Short(), s.Running[key].Short(), want.Short(), newest[image])
			}
		}
	}
	if n := u.forget()[p.quiet]; n > 0 {
		w.Errorf("service %s was updated %d times, and no version of it was chosen", p.quiet, n)
	}
}

// updates counts UpdateService by service.
type updates struct {
	mu sync.Mutex
	of map[string]int
}

// forget returns what was counted, and begins anew.
func (u *updates) forget() map[string]int {
	u.mu.Lock()
	defer u.mu.Unlock()
	was := u.of
	u.of = map[string]int{}
	return was
}

// through counts what goes through.
func (u *updates) through(next http.RoundTripper) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".UpdateService") {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			var sent struct{ Service string }
			_ = json.Unmarshal(body, &sent)
			u.mu.Lock()
			u.of[sent.Service]++
			u.mu.Unlock()
		}
		return next.RoundTrip(r)
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
