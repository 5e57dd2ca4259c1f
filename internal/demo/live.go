package demo

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/release"
	"github.com/tagboat/tagboat/internal/wait"
	"github.com/tagboat/tagboat/internal/watch"
	"github.com/tagboat/tagboat/internal/watch/hint"
)

// Live is a demo that goes on until somebody stops it: a team pushes, and a watcher brings what it
// pushed from stage to stage. It is the watcher's source of hints.
type Live struct {
	Pipeline *app.App // as what automation acts
	You      *app.App // as whom the one acts who looks
	anna     *app.App // who approves soon, so that one approval is left
	tour     *tour
	seed     uint64
}

var _ hint.Source = (*Live)(nil)

// NewLive writes the files of the application, points the process at the sandbox, and brings a first
// release to all environments, in a hurry. Equal seeds push the same.
func NewLive(ctx context.Context, o Options, seed uint64) (*Live, error) {
	l := &Live{tour: &tour{Options: o, host: strings.TrimPrefix(o.Endpoint, "http://")}, seed: seed}
	if err := l.tour.prepare(); err != nil {
		return nil, err
	}
	if err := l.write(); err != nil {
		return nil, err
	}
	for person, a := range map[string]**app.App{"pipeline": &l.Pipeline, "you": &l.You, "anna": &l.anna} {
		opened, err := l.open(ctx, person)
		if err != nil {
			return nil, err
		}
		*a = opened
	}
	hurried, stop := context.WithCancel(ctx)
	defer stop()
	go l.hurry(hurried)
	return l, l.begin(ctx)
}

// write writes the files of the application: what takes hours there takes minutes here, and automation
// goes as far as prod, whose window opened an hour ago, and where two approvals stop it.
func (l *Live) write() error {
	files, err := App(l.tour.host)
	if err != nil {
		return err
	}
	files["tagboat.yaml"] = strings.NewReplacer(
		"soak: 30m", "soak: 2m", "soak: 1h", "soak: 4m", "- name: prod\n", "- name: prod\n    auto: upstream\n",
		`{cron: "0 8 * * 1-5", for: 12h}`, fmt.Sprintf(`{cron: "0 %d * * *", for: 12h}`, time.Now().Add(-time.Hour).UTC().Hour()),
	).Replace(files["tagboat.yaml"])
	var accounts strings.Builder
	accounts.WriteString("[default]\naws_access_key_id = sandbox\naws_secret_access_key = sandbox\n")
	for _, person := range []string{"pipeline", "you", "anna"} {
		fmt.Fprintf(&accounts, "\n[profile %s]\nrole_arn = arn:aws:iam::123456789012:role/people\nrole_session_name = %s\nsource_profile = default\n", person, person)
	}
	files[profiles] = accounts.String()
	for name, content := range files {
		if err := l.tour.write(name, content); err != nil {
			return err
		}
	}
	return nil
}

// open opens Tagboat as a person.
func (l *Live) open(ctx context.Context, person string) (*app.App, error) {
	if err := os.Setenv("AWS_PROFILE", person); err != nil {
		return nil, fmt.Errorf("setting the environment: %w", err)
	}
	defer func() { _ = os.Unsetenv("AWS_PROFILE") }() // it was set, so that it can be
	return app.Open(ctx, app.Options{Config: filepath.Join(l.tour.Dir, "tagboat.yaml"), Releases: true, Getenv: func(name string) string {
		if name == "USER" {
			return person
		}
		return ""
	}})
}

// hurry has the sandbox's time run a hundred times as fast, until ctx ends.
func (l *Live) hurry(ctx context.Context) {
	for wait.For(ctx, 20*time.Millisecond) == nil {
		l.tour.Forward(2 * time.Second)
	}
}

// begin brings a first release everywhere.
func (l *Live) begin(ctx context.Context) error {
	for image, tag := range map[string]string{"shop/api": "1.0.0", "shop/web": "1.0.0", "shop/worker": "1.0.0", "shop/proxy": "1.4"} {
		if _, err := l.tour.upload(ctx, image, tag, says(image+" ready")); err != nil {
			return err
		}
	}
	automation := l.Pipeline.Watcher()
	automation.Log = slog.New(slog.DiscardHandler)
	for range 30 {
		if _, err := automation.Once(ctx, nil, watch.OnceOptions{}); err != nil {
			return fmt.Errorf("bringing a release everywhere: %w", err)
		}
		document, err := l.You.View.Status(ctx, fleet.Selection{})
		if err != nil {
			return err
		}
		has := map[tagboat.EnvName]string{}
		for _, env := range document.Environments {
			if env.Release != "" {
				has[env.Environment] = env.Release
			}
		}
		if len(has) == len(l.You.Config.Environments) {
			return nil
		}
		if has["staging"] != "" && has["prod"] == "" {
			l.approve(ctx, l.anna, has["staging"])
			l.approve(ctx, l.You, has["staging"])
		}
		l.tour.Forward(5 * time.Minute)
	}
	return tagboat.Errorf(tagboat.Internal, "the demo's first release did not get everywhere")
}

// approve approves a release for prod. What cannot be approved yet is tried again later.
func (l *Live) approve(ctx context.Context, as *app.App, name string) {
	_, _ = release.Approvals{Releases: as.Releases}.Approve(ctx, release.Approval{Release: name, Stage: "prod", Message: "looks good in staging"})
}

// Run pushes as the team does, and says so, until ctx ends.
func (l *Live) Run(ctx context.Context, out chan<- hint.Message) error {
	approvals := make(chan struct{})
	go func() { defer close(approvals); l.approvals(ctx) }()
	defer func() { <-approvals }()
	for push := range Pushes(l.seed) {
		if wait.For(ctx, push.After) != nil {
			return nil
		}
		digest, err := l.tour.upload(ctx, push.Repository, push.Tag, push.Labels)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		m := hint.Message{Hints: []hint.Hint{{
			Source: "webhook", Kind: hint.Pushed, Registry: l.tour.host, Repository: push.Repository, Tag: push.Tag, Digest: digest, At: time.Now(),
		}}}
		select {
		case out <- m:
		case <-ctx.Done():
		}
	}
	return nil
}

// approvals has anna approve what reached staging.
func (l *Live) approvals(ctx context.Context) {
	done := ""
	for wait.For(ctx, 5*time.Second) == nil {
		document, err := l.anna.View.Status(ctx, fleet.Selection{Environments: []tagboat.EnvName{"staging"}})
		if err != nil || len(document.Environments) == 0 {
			continue // the next look says more
		}
		if name := document.Environments[0].Release; name != "" && name != done {
			l.approve(ctx, l.anna, name)
			done = name
		}
	}
}

// Push is what somebody pushes.
type Push struct {
	After           time.Duration // since the push before
	Repository, Tag string
	Labels          map[string]string // what its containers do
}

// How often something is pushed, and how often a release is among that: rarely enough to soak.
const (
	between = 4 * time.Second
	cycle   = 20
)

// Pushes returns what is pushed, without an end: builds of branches, which no rule chooses, and now and
// then a version, of which each third exits soon after its start and each fifth is slow to start, too slow
// for mb-prod. Equal seeds give the same.
func Pushes(seed uint64) iter.Seq[Push] {
	return func(yield func(Push) bool) {
		random := rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // it is to be the same again
		images, minor := []string{"api", "web", "worker"}, map[string]int{}
		for n, branch := 0, 100; ; n++ {
			image := images[random.IntN(len(images))]
			version := n/cycle + 1
			if version%5 == 0 {
				image = "api" // which has a health check
			}
			p := Push{After: between, Repository: "shop/" + image, Labels: says(image + " ready")}
			switch {
			case n%cycle > 0:
				branch += 1 + random.IntN(3)
				p.Tag = fmt.Sprintf("pr-%d", branch)
			case version%3 == 0:
				p.Labels["tagboat.sandbox.exit"] = "1@2s"
				p.Labels["tagboat.sandbox.log"] = "panic: no connection to the database"
			case version%5 == 0:
				p.Labels["tagboat.sandbox.health"] = "healthy@30s"
			}
			if p.Tag == "" {
				minor[image]++
				p.Tag = fmt.Sprintf("1.%d.0", minor[image])
			}
			if !yield(p) {
				return
			}
		}
	}
}
