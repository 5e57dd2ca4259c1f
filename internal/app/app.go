// Package app wires Tagboat together: it reads the configuration, opens the ways to AWS and
// to registries, and constructs the use cases, one value for each kind of thing that a user
// can do. The command line is one caller; whatever else starts Tagboat is another.
package app

import (
	"context"
	"net/http"
	"os"
	"path/filepath"

	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/catalog"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/deploy/rollout"
	"github.com/tagboat/tagboat/internal/doctor"
	"github.com/tagboat/tagboat/internal/drift"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/generate"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/home"
	"github.com/tagboat/tagboat/internal/journal"
	"github.com/tagboat/tagboat/internal/pinning"
	"github.com/tagboat/tagboat/internal/pinning/adopt"
	"github.com/tagboat/tagboat/internal/promotion"
	"github.com/tagboat/tagboat/internal/registry"
	"github.com/tagboat/tagboat/internal/release"
	"github.com/tagboat/tagboat/internal/scaffold"
	"github.com/tagboat/tagboat/internal/trace"
	"github.com/tagboat/tagboat/internal/watch"
	"github.com/tagboat/tagboat/internal/watch/hint"
)

// Options say what to open.
type Options struct {
	Config   string              // path of tagboat.yaml
	Cache    string              // directory for what a later run need not ask for; "" for none
	Releases bool                // templates come from releases: those that the configuration names need not be there
	Getenv   func(string) string // tells who runs Tagboat, in CI systems; nil for nobody
	// Transport carries the requests to AWS, registries and webhooks; nil means that of net/http.
	Transport http.RoundTripper
	actor     string // for whom it is done, where that is not who runs Tagboat
}

// App is Tagboat at work on one configuration: its use cases. It is safe for concurrent
// use, and what a context's operation says of itself is told there.
type App struct {
	Config     *config.Config
	Fleet      *fleet.Fleet
	Images     catalog.Images
	Tagger     catalog.Tagger
	Publisher  catalog.Publisher
	Pinning    *pinning.Pinning
	Adoption   adopt.Adoption
	History    *history.History
	Delivery   *delivery.Delivery
	Rollbacks  *delivery.Rollbacks
	View       delivery.View
	Drift      drift.Drift
	Trace      *trace.Trace
	Releases   *release.Releases
	Promotions *promotion.Promotions
	Generator  generate.Generator
	Doctor     doctor.Doctor

	options Options
	images  *registry.Client
}

// Open reads the configuration. It makes no call.
func Open(ctx context.Context, o Options) (*App, error) {
	load := config.Load
	if o.Releases {
		load = config.LoadForReleases
	}
	file, err := load(o.Config)
	if err != nil {
		return nil, err
	}
	if o.Cache != "" { // where versions before this one kept plain values of environments
		_ = os.RemoveAll(below(o.Cache, "taskdefinitions"))
	}
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	aws, err := reach(ctx, o)
	if err != nil {
		return nil, err
	}
	images, err := o.registries(aws, registry.Limits(file.Limits.Registry))
	if err != nil {
		return nil, err
	}
	return construct(file, access.New(aws, images), images, o), nil
}

// reach returns the way to AWS. It makes no call.
func reach(ctx context.Context, o Options) (*cloud.Cloud, error) {
	return cloud.New(ctx, cloud.Options{
		UserAgent: "tagboat", Cache: below(o.Cache, "revisions"), SessionName: journal.SessionName(o.Getenv), Transport: o.Transport,
	})
}

// registries returns the way to registries.
func (o Options) registries(aws *cloud.Cloud, limits registry.Limits) (*registry.Client, error) {
	return registry.New(registry.Options{
		Credentials: registry.Keychain{ECR: access.ECRLogin(aws)},
		Transport:   cloud.Counting("registry", o.Transport),
		UserAgent:   "tagboat",
		Cache:       below(o.Cache, "versions"),
		Limits:      limits,
	})
}

// Begin opens what takes over services where there is no configuration yet: that of o does not
// matter. What is written is proved on the same ways, so that nothing is read twice.
func Begin(ctx context.Context, o Options) (scaffold.Scaffold, error) {
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	aws, err := reach(ctx, o)
	if err != nil {
		return scaffold.Scaffold{}, err
	}
	images, err := o.registries(aws, registry.Limits{})
	if err != nil {
		return scaffold.Scaffold{}, err
	}
	ways := access.New(aws, images)
	return scaffold.Scaffold{Access: ways, Registry: images, Open: func(path string) (scaffold.Tools, error) {
		file, err := config.Load(path)
		if err != nil {
			return scaffold.Tools{}, err
		}
		a := construct(file, ways, images, o)
		return scaffold.Tools{Delivery: a.Delivery, Images: a.Images, Pinning: a.Pinning}, nil
	}}, nil
}

// construct puts the use cases together, each of what it needs.
func construct(file *config.Config, ways *access.Access, images *registry.Client, o Options) *App {
	matrix := &fleet.Fleet{Config: file, Access: ways, Source: fleet.WorkTree{Config: file}}
	recorder := &history.Recorder{Config: file, Access: ways, Getenv: o.Getenv, Actor: o.actor}
	repositories := &catalog.Catalog{Config: file, Access: ways, Registry: images}
	writer := &pinning.Writer{Fleet: matrix, Access: ways, Recorder: recorder}
	house := &home.Home{Config: file, Access: ways}
	holds := &pinning.Holds{Writer: writer, Freezer: house}
	tagger := catalog.Tagger{Catalog: repositories, Recorder: recorder, Holds: holds}
	releases := &release.Releases{Fleet: matrix, Access: ways, Catalog: repositories, Home: house, Recorder: recorder, Getenv: o.Getenv}
	released := &release.Fleets{Releases: releases}
	view := delivery.View{Fleet: matrix, Holds: holds, Releases: released}
	pins := &pinning.Pinning{Writer: writer, Catalog: repositories, Holds: holds, Tags: pinning.StageTags{Writer: writer, Catalog: repositories}, Glass: house}
	deliver := &delivery.Delivery{
		Fleet: matrix, Access: ways, Registry: images, Recorder: recorder,
		Webhooks: &delivery.Webhooks{Config: file, Getenv: o.Getenv, Transport: o.Transport},
		Holds:    holds,
		Runner:   &rollout.Runner{},
		Releases: released,
	}
	policies := generate.Generator{Fleet: matrix, Access: ways}
	past := &history.History{Fleet: matrix, Access: ways, Recorder: recorder}
	promotions := &promotion.Promotions{
		Fleet: matrix, Access: ways, Registry: images, Releases: releases, Home: house, Pinning: pins,
		Delivery: deliver, History: past, Recorder: recorder, Transport: o.Transport,
	}
	return &App{
		Config: file, Fleet: matrix,
		Images: catalog.Images{Catalog: repositories, Whereabouts: view}, Tagger: tagger, Publisher: catalog.Publisher{Tagger: tagger},
		Pinning: pins, Adoption: adopt.Adoption{Writer: writer, Catalog: repositories, Holds: holds},
		History:    past,
		Releases:   releases,
		Promotions: promotions,
		Drift:      drift.Drift{Cells: view, Access: ways},
		Trace: &trace.Trace{
			Fleet: matrix, Access: ways, Catalog: repositories, View: view, History: past, Home: house, Releases: releases, Promotions: promotions,
		},
		Delivery: deliver, Rollbacks: &delivery.Rollbacks{Delivery: deliver, Pinning: pins, History: past},
		View: view, Generator: policies, Doctor: doctor.Doctor{Fleet: matrix, Access: ways, Policies: policies},
		options: o, images: images,
	}
}

// Watcher returns a watcher of what is pushed, as tagboat.yaml has it, that logs and counts nothing
// yet. It makes no call.
func (a *App) Watcher() *watch.Watcher {
	located := func(env config.Environment) (account, region string) {
		return env.Account, a.Fleet.Access.Located(env).Region
	}
	return &watch.Watcher{
		Config: a.Config, Fleet: a.Fleet, Promotions: a.Promotions, Nudger: a.Delivery.Runner, Index: hint.NewIndex(a.Config, located),
		Settle: a.Config.Watch.Settle, Sweep: a.Config.Watch.Sweep, Grace: a.Config.Watch.Grace,
	}
}

// below returns a directory of the cache, or "" where there is no cache.
func below(cache, name string) string {
	if cache == "" {
		return ""
	}
	return filepath.Join(cache, name)
}
