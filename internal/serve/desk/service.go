package desk

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/promotion"
	"github.com/tagboat/tagboat/internal/stage"
)

// eventsShown is how many events of the history stand beside a service.
const eventsShown = 20

// Service returns all that is known of one service in one environment. What cannot be read is listed beside
// what can.
func (d *Desk) Service(ctx context.Context, env tagboat.EnvName, service tagboat.ServiceName) (tagboat.ServiceDocument, error) {
	s, err := d.cell(env, service)
	if err != nil {
		return tagboat.ServiceDocument{}, err
	}
	return ask(ctx, &d.answers, fmt.Sprintf("service %s %s", env, service), steady, func(ctx context.Context) (tagboat.ServiceDocument, error) {
		ctx, op := operation.Start(ctx, nil)
		document, err := d.service(ctx, s)
		document.Calls = op.Calls()
		return document, err
	})
}

// parts reads parts of a document at the same time, and gathers what failed.
type parts struct {
	all    sync.WaitGroup
	mu     sync.Mutex
	failed []tagboat.ErrorDetail
}

func (p *parts) read(read func() error) {
	p.all.Go(func() {
		if err := read(); err != nil {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.failed = append(p.failed, tagboat.DetailOf(err))
		}
	})
}

func (d *Desk) service(ctx context.Context, s fleet.Selection) (tagboat.ServiceDocument, error) {
	document := tagboat.ServiceDocument{Containers: []tagboat.ServiceContainer{}, Events: []tagboat.Event{}}
	env, err := d.options.Config.Environment(string(s.Environments[0]))
	if err != nil {
		return document, err
	}
	if document.Status, document.Release, err = d.standing(ctx, s); err != nil {
		return document, err
	}
	var all parts
	all.read(func() error { document.Containers = d.containers(ctx, env, document.Status); return nil })
	all.read(func() (err error) { document.Upstream, err = d.upstream(ctx, env, document.Status); return err })
	all.read(func() (err error) { document.Next, err = d.next(ctx, env); return err })
	all.read(func() (err error) { document.Paused, err = d.paused(ctx, s, document.Status); return err })
	all.read(func() error {
		told, err := d.options.Tools.History.Events(ctx, history.Request{Selection: s, Limit: eventsShown})
		document.Events = tagboat.List(told.Events)
		return err
	})
	all.all.Wait()
	slices.SortFunc(all.failed, func(a, b tagboat.ErrorDetail) int { return slices.Compare([]string{a.Message}, []string{b.Message}) })
	document.Errors = all.failed
	return document, ctx.Err()
}

// standing returns how a service stands, and what its environment has of releases: as the board shows
// them, or else as they are.
func (d *Desk) standing(ctx context.Context, s fleet.Selection) (tagboat.ServiceStatus, *tagboat.EnvironmentStatus, error) {
	seen := d.options.Board.Now()
	status, known := seen.Cell(s.Environments[0], s.Services[0])
	if known {
		if env, ok := seen.Standing(s.Environments[0]); ok {
			return status, &env, nil
		}
		return status, nil, nil
	}
	document, err := d.options.Tools.View.Status(ctx, s)
	switch {
	case err != nil:
		return status, nil, err
	case len(document.Services) == 0 && len(document.Errors) > 0:
		e := document.Errors[0]
		return status, nil, tagboat.Errorf(tagboat.Internal, "%s", e.Message).WithHint("%s", e.Hint)
	case len(document.Services) == 0:
		return status, nil, tagboat.Usagef("%s does not have service %s in its release", s.Environments[0], s.Services[0])
	case len(document.Environments) == 0:
		return document.Services[0], nil, nil
	}
	return document.Services[0], &document.Environments[0], nil
}

// containers returns the containers with the commits of what they run.
func (d *Desk) containers(ctx context.Context, env config.Environment, s tagboat.ServiceStatus) []tagboat.ServiceContainer {
	all := make([]tagboat.ServiceContainer, len(s.Images))
	var looks sync.WaitGroup
	for i, image := range s.Images {
		all[i] = tagboat.ServiceContainer{ImageState: image, Repository: d.options.Config.RepositoryIn(env, image.Image).Name()}
		version := tagboat.Observed{Tag: image.RunningTag, Digest: image.Running}
		if version.Digest == "" {
			version = tagboat.Observed{Tag: image.Tag, Digest: image.Pinned}
		}
		looks.Go(func() { all[i].Commit, all[i].Link = d.options.Tools.Releases.Commit(ctx, image.Image, version) })
	}
	looks.Wait()
	return all
}

// upstream returns how a service differs from the environment that its releases come from; nil where
// there is none.
func (d *Desk) upstream(ctx context.Context, env config.Environment, here tagboat.ServiceStatus) (*tagboat.UpstreamService, error) {
	before, _, ok := stage.Before(d.options.Config, env)
	if !ok {
		return nil, nil
	}
	is := &tagboat.UpstreamService{Environment: before.Name, Images: []tagboat.ReleaseImageDiff{}, Between: []tagboat.Release{}}
	there, _, err := d.standing(ctx, fleet.Selection{Environments: []tagboat.EnvName{before.Name}, Services: []tagboat.ServiceName{here.Service}})
	if err != nil {
		return is, err
	}
	for _, image := range there.Images {
		i := slices.IndexFunc(here.Images, func(mine tagboat.ImageState) bool { return mine.Container == image.Container })
		diff := tagboat.ReleaseImageDiff{Image: image.Image, To: tagboat.Observed{Tag: image.Tag, Digest: image.Pinned}}
		if i >= 0 {
			diff.From = tagboat.Observed{Tag: here.Images[i].Tag, Digest: here.Images[i].Pinned}
		}
		if diff.From.Digest != diff.To.Digest {
			is.Images = append(is.Images, diff)
		}
	}
	d.options.Tools.Releases.AddCommits(ctx, is.Images)
	books, err := d.options.Tools.View.Fleet.Books(ctx, []config.Environment{env, before})
	if err != nil {
		return is, err
	}
	mine, err := books[env.Name].Promotions(env.Name)
	if err != nil {
		return is, err
	}
	its, err := books[before.Name].Promotions(before.Name)
	for _, p := range stage.Ahead(its, mine) {
		is.Between = append(is.Between, tagboat.Release{Name: p.Name, ID: p.ID})
	}
	return is, err
}

// next returns what a promotion would bring, and what the gates say of it; nil where no release is there
// to come.
func (d *Desk) next(ctx context.Context, env config.Environment) (*tagboat.PromotionResult, error) {
	set, err := d.options.Tools.Promotions.Plan(ctx, promotion.Request{Selection: fleet.Selection{Environments: []tagboat.EnvName{env.Name}}, Look: true})
	if err != nil {
		return nil, err
	}
	for _, p := range set.Document().Promotions {
		if p.Environment == env.Name && p.Release.ID != "" {
			return &p, nil
		}
	}
	return nil, nil
}

// paused returns the deployment of a service that waits for somebody; nil where none does.
func (d *Desk) paused(ctx context.Context, s fleet.Selection, status tagboat.ServiceStatus) (*tagboat.PausedDeployment, error) {
	if status.State != "in-progress" {
		return nil, nil
	}
	waiting, err := d.options.Tools.View.Paused(ctx, s)
	if err != nil || len(waiting) == 0 {
		return nil, err
	}
	return &waiting[0], nil
}
