package app

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/serve"
	"github.com/tagboat/tagboat/internal/serve/api"
	"github.com/tagboat/tagboat/internal/serve/board"
	"github.com/tagboat/tagboat/internal/serve/desk"
	"github.com/tagboat/tagboat/internal/serve/door"
	"github.com/tagboat/tagboat/internal/serve/page"
	"github.com/tagboat/tagboat/internal/watch"
	"github.com/tagboat/tagboat/internal/watch/endpoint"
	"github.com/tagboat/tagboat/internal/watch/hint"
)

// ServeOptions say what a server shows, and what runs beside it.
type ServeOptions struct {
	Listener net.Listener
	Scope    fleet.Selection
	ReadOnly bool           // nobody changes anything
	Watcher  *watch.Watcher // nil for none
	Sources  []hint.Source  // of the watcher
	Endpoint endpoint.Options
	Sweep    time.Duration       // how often the board looks at everything
	Calls    func(tagboat.Calls) // hears what the board's looks cost; nil for nobody
	Grace    time.Duration
	Log      *slog.Logger
}

// Server returns a server of everything: the page, the API, and a watcher beside them. The error is of
// kind Usage where nobody says who may come in.
func (a *App) Server(ctx context.Context, o ServeOptions) (*serve.Server, error) {
	environments, err := a.Fleet.Environments(o.Scope)
	if err != nil {
		return nil, err
	}
	matrix := board.New(board.Options{
		Config: a.Config, Environments: environments, Services: o.Scope.Services, Look: a.View.Status, Sweep: o.Sweep, Calls: o.Calls,
	})
	work := a.Desk(context.WithoutCancel(ctx), matrix, o.ReadOnly)
	shown := page.New(page.Options{Config: a.Config, Board: matrix, Desk: work, Now: a.Fleet.Access.Session(environments[0]).Now})
	keeper, err := a.door(o, shown)
	if err != nil {
		return nil, err
	}
	ready := o.Endpoint.Ready
	o.Endpoint.Ready = func() error {
		if matrix.Now().At.IsZero() {
			return errUnseen
		}
		if o.Watcher == nil {
			return nil
		}
		return ready()
	}
	answers := endpoint.NewAnswers(o.Endpoint)
	beside, err := o.beside(environments, matrix, work, answers)
	if err != nil {
		return nil, err
	}
	parts := serve.Parts{
		Door: keeper.Wrap, Page: shown, Endpoint: answers.Handler,
		API: api.New(api.Options{Desk: work, Board: matrix}),
	}
	return &serve.Server{Listener: o.Listener, Handler: parts.Handler(), Beside: beside, Finish: work.Close, Grace: o.Grace, Log: o.Log}, nil
}

// foreseen returns what shows on a board why a watcher leaves an environment as it is.
func foreseen(b *board.Board) func(watch.Decision) {
	return func(d watch.Decision) {
		switch d.Kind {
		case watch.Fail: // nothing is known anew
		case watch.Wait, watch.Leave:
			b.Foresee(d.Environment, board.Foreseen{Release: d.Release, Waits: d.Cause})
		default:
			b.Foresee(d.Environment, board.Foreseen{})
		}
	}
}

var errUnseen = errors.New("no environment was looked at yet")

// beside returns what runs beside a server: the board, a watcher, and what looks at the gates of
// environments that no watcher looks after.
func (o ServeOptions) beside(shown []config.Environment, matrix *board.Board, work *desk.Desk, answers *endpoint.Answers) ([]func(context.Context) error, error) {
	beside, alone := []func(context.Context) error{matrix.Run}, slices.Clone(shown)
	if o.Watcher != nil {
		watched, err := o.Watcher.Watched()
		if err != nil {
			return nil, err
		}
		alone = slices.DeleteFunc(alone, func(e config.Environment) bool {
			return slices.ContainsFunc(watched, func(w config.Environment) bool { return w.Name == e.Name })
		})
		o.Watcher.Touched = func(env tagboat.EnvName) { matrix.Nudge(env) }
		o.Watcher.Decided = foreseen(matrix)
		beside = append(beside, func(ctx context.Context) error { return o.Watcher.Run(ctx, append(o.Sources, answers)...) })
	}
	return append(beside, func(ctx context.Context) error { return work.Foresee(ctx, alone, o.Sweep, matrix.Foresee) }), nil
}

// door returns who may come in.
func (a *App) door(o ServeOptions, shown *page.Page) (*door.Door, error) {
	may, err := door.From(a.Config.Serve, a.options.Getenv)
	if err != nil {
		return nil, err
	}
	name := cmp.Or(a.options.Getenv("USER"), a.options.Getenv("USERNAME"))
	if !config.ValidPerson(name) {
		name = "local"
	}
	may.Listen, may.Log, may.Form = o.Listener.Addr().String(), o.Log, shown.Form
	may.Local = func(context.Context) string { return name }
	return door.New(may)
}

// tools returns the use cases that the desk works with.
func (a *App) tools() desk.Tools {
	return desk.Tools{
		View: a.View, Trace: a.Trace, History: a.History, Images: a.Images, Releases: a.Releases,
		Promotions: a.Promotions, Rollbacks: a.Rollbacks, Holds: a.Pinning.Holds,
	}
}

// Desk returns what answers people and acts for them, until ctx ends.
func (a *App) Desk(ctx context.Context, board desk.Board, readOnly bool) *desk.Desk {
	people := &people{app: a, known: map[string]desk.Tools{}}
	return desk.New(ctx, desk.Options{Config: a.Config, Board: board, Tools: a.tools(), As: people.as, ReadOnly: readOnly})
}

// people has the use cases of people, each with sessions in AWS that are named after the person. It is
// safe for concurrent use.
type people struct {
	app   *App
	mu    sync.Mutex
	known map[string]desk.Tools
}

// mostPeople is how many people's sessions are kept.
const mostPeople = 100

// as returns the tools of a person: in a session of the role that tagboat.yaml names for that, or with
// the server's own credentials, from which sessions of the environments' roles are named after the
// person. It makes no call.
func (p *people) as(ctx context.Context, name string) (desk.Tools, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if tools, ok := p.known[name]; ok {
		return tools, nil
	}
	o := p.app.options
	o.actor = name
	aws, err := cloud.New(ctx, cloud.Options{
		UserAgent: "tagboat", Cache: below(o.Cache, "revisions"), SessionName: name, Role: p.app.Config.Serve.Role, Transport: o.Transport,
	})
	if err != nil {
		return desk.Tools{}, err
	}
	if len(p.known) >= mostPeople {
		clear(p.known)
	}
	p.known[name] = construct(p.app.Config, access.New(aws, p.app.images), p.app.images, o).tools()
	return p.known[name], nil
}
