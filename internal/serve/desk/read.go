package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/operation"
)

// How old a matrix may be for somebody who asks for it once, and how long a look may take if it is older.
const (
	newEnough = 20 * time.Second
	lookTime  = 5 * time.Second
)

// Status returns the matrix as it was seen a moment ago, or at a time.
func (d *Desk) Status(ctx context.Context, s fleet.Selection, at access.When) (tagboat.StatusDocument, error) {
	environments, err := d.options.Tools.View.Fleet.Environments(s)
	if err != nil {
		return tagboat.StatusDocument{}, err
	}
	if at != (access.When{}) {
		return ask(ctx, &d.answers, fmt.Sprintf("status %+v at %+v", s, at), past, func(ctx context.Context) (tagboat.StatusDocument, error) {
			return d.options.Tools.Trace.AsOf(ctx, s, at)
		})
	}
	soon, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	seen := d.options.Board.Fresh(soon, newEnough)
	if seen.At.IsZero() {
		return ask(ctx, &d.answers, fmt.Sprintf("status %+v", s), steady, func(ctx context.Context) (tagboat.StatusDocument, error) {
			return d.options.Tools.View.Status(ctx, s)
		})
	}
	has := map[tagboat.EnvName]bool{}
	for _, env := range environments {
		has[env.Name] = true
	}
	document := seen.Document
	document.Services, document.Environments, document.Errors = []tagboat.ServiceStatus{}, nil, nil
	for _, one := range seen.Document.Services {
		if has[one.Environment] && (len(s.Services) == 0 || slices.Contains(s.Services, one.Service)) {
			document.Services = append(document.Services, one)
		}
	}
	for _, one := range seen.Document.Environments {
		if has[one.Environment] {
			document.Environments = append(document.Environments, one)
		}
	}
	for _, one := range seen.Document.Errors {
		if has[one.Environment] {
			document.Errors = append(document.Errors, one)
		}
	}
	return document, nil
}

// cell returns the selection of one service in one environment.
func (d *Desk) cell(env tagboat.EnvName, service tagboat.ServiceName) (fleet.Selection, error) {
	s := fleet.Selection{Environments: []tagboat.EnvName{env}, Services: []tagboat.ServiceName{service}}
	if _, err := d.options.Config.Environment(string(env)); err != nil {
		return s, err
	}
	_, err := d.options.Config.Service(string(service))
	return s, err
}

// Rollout returns how ECS brings a service's tasks from one revision to another.
func (d *Desk) Rollout(ctx context.Context, env tagboat.EnvName, service tagboat.ServiceName) (tagboat.RolloutDocument, error) {
	s, err := d.cell(env, service)
	if err != nil {
		return tagboat.RolloutDocument{}, err
	}
	return ask(ctx, &d.answers, fmt.Sprintf("rollout %s %s", env, service), fresh, func(ctx context.Context) (tagboat.RolloutDocument, error) {
		ctx, _ = operation.Start(ctx, nil)
		return d.options.Tools.View.Rollout(ctx, s)
	})
}

// Explain says why a service does not run well.
func (d *Desk) Explain(ctx context.Context, env tagboat.EnvName, service tagboat.ServiceName) (delivery.Explanation, error) {
	s, err := d.cell(env, service)
	if err != nil {
		return delivery.Explanation{}, err
	}
	return ask(ctx, &d.answers, fmt.Sprintf("explain %s %s", env, service), steady, func(ctx context.Context) (delivery.Explanation, error) {
		all, err := d.options.Tools.View.Explain(ctx, s)
		if err != nil || len(all) == 0 {
			return delivery.Explanation{Environment: env, Service: service, Causes: []tagboat.Cause{}}, err
		}
		return all[0], nil
	})
}

// Why returns the chain from the newest push of an image to the tasks that run it.
func (d *Desk) Why(ctx context.Context, env tagboat.EnvName, image tagboat.ImageName) (tagboat.WhyDocument, error) {
	return ask(ctx, &d.answers, fmt.Sprintf("why %s %s", env, image), steady, func(ctx context.Context) (tagboat.WhyDocument, error) {
		ctx, _ = operation.Start(ctx, nil)
		return d.options.Tools.Trace.Why(ctx, env, image)
	})
}

// Where returns where a release, version, tag or commit is and was.
func (d *Desk) Where(ctx context.Context, arg string) (tagboat.WhereDocument, error) {
	return ask(ctx, &d.answers, "where "+arg, steady, func(ctx context.Context) (tagboat.WhereDocument, error) {
		ctx, _ = operation.Start(ctx, nil)
		return d.options.Tools.Trace.Where(ctx, arg)
	})
}

// Images returns the images, each with what its rule chooses.
func (d *Desk) Images(ctx context.Context) (tagboat.ImagesOverview, error) {
	return ask(ctx, &d.answers, "images", steady, func(ctx context.Context) (tagboat.ImagesOverview, error) {
		return d.options.Tools.Images.All(ctx), nil
	})
}

// Image returns the versions of an image, newest first, with where each is, and what its rule says of
// each tag.
func (d *Desk) Image(ctx context.Context, image tagboat.ImageName, limit int) (tagboat.ImagesDocument, error) {
	return ask(ctx, &d.answers, fmt.Sprintf("image %s %d", image, limit), steady, func(ctx context.Context) (tagboat.ImagesDocument, error) {
		document, err := d.options.Tools.Images.One(ctx, catalog.ImagesRequest{Image: image, Limit: limit})
		if err != nil {
			return document, err
		}
		why, err := d.options.Tools.Images.One(ctx, catalog.ImagesRequest{Image: image, Why: true})
		document.Tags = why.Tags
		return document, err
	})
}

// Releases returns the releases of the last hundred, the newest first.
func (d *Desk) Releases(ctx context.Context) (tagboat.ReleasesDocument, error) {
	return ask(ctx, &d.answers, "releases", steady, func(ctx context.Context) (tagboat.ReleasesDocument, error) {
		return d.options.Tools.Releases.List(ctx, 0)
	})
}

// Release returns what a release has.
func (d *Desk) Release(ctx context.Context, name string) (tagboat.ReleaseDocument, error) {
	return ask(ctx, &d.answers, "release "+name, steady, func(ctx context.Context) (tagboat.ReleaseDocument, error) {
		return d.options.Tools.Releases.Show(ctx, name)
	})
}

// Diff returns what differs between two releases.
func (d *Desk) Diff(ctx context.Context, from, to string) (tagboat.ReleaseDiffDocument, error) {
	return ask(ctx, &d.answers, fmt.Sprintf("diff %q %q", from, to), steady, func(ctx context.Context) (tagboat.ReleaseDiffDocument, error) {
		return d.options.Tools.Releases.Diff(ctx, from, to)
	})
}

// HistoryQuery filters the history. Empty fields let everything through.
type HistoryQuery struct {
	fleet.Selection
	Image        tagboat.ImageName
	Since, Until access.When
	Limit        int    // 0 for a page of the usual length
	After        string // what After says of the last event of the page before; "" for the first page
}

// How many events a page has, and how many more are read: where those of one moment are cut off, another
// length has others of them.
const (
	pageLength = 50
	longest    = 500
	oneMoment  = 100
)

// After returns where the page of the history begins that follows an event.
func After(e tagboat.Event) string { return e.At.UTC().Format(time.RFC3339Nano) + "/" + e.ID }

// History returns a page of what was changed, the newest first.
func (d *Desk) History(ctx context.Context, q HistoryQuery) (tagboat.HistoryDocument, error) {
	if q.Limit < 0 || q.Limit > longest {
		return tagboat.HistoryDocument{}, tagboat.Usagef("a page has 1 to %d events, and not %d", longest, q.Limit)
	}
	if q.Limit == 0 {
		q.Limit = pageLength
	}
	r := history.Request{Selection: q.Selection, Image: q.Image, Since: q.Since, Until: q.Until, Limit: q.Limit + oneMoment}
	last := ""
	if q.After != "" {
		text, id, _ := strings.Cut(q.After, "/")
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil || id == "" {
			return tagboat.HistoryDocument{}, tagboat.Usagef("%q is not the end of a page", q.After).WithHint("send what the page before has for the next one")
		}
		r.Until, last = access.When{At: at.Add(time.Second)}, id
	}
	document, err := ask(ctx, &d.answers, fmt.Sprintf("history %+v", r), steady, func(ctx context.Context) (tagboat.HistoryDocument, error) {
		return d.options.Tools.History.Events(ctx, r)
	})
	if i := slices.IndexFunc(document.Events, func(e tagboat.Event) bool { return e.ID == last }); last != "" {
		document.Events = document.Events[i+1:]
	}
	document.Events = tagboat.List(document.Events[:min(len(document.Events), q.Limit)])
	return document, err
}
