// Package app wires Tagboat together: it reads the configuration, opens the way to AWS
// and to registries, and has one method for each thing that a user can do. The command
// line is one caller; whatever else starts Tagboat is another. It never prints.
package app

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/registry"
)

// Options say what to open.
type Options struct {
	Config string              // path of tagboat.yaml
	Cache  string              // directory for what a later run need not ask for; "" for none
	Getenv func(string) string // tells who runs Tagboat, in CI systems; nil for nobody
	Notice func(text string)   // takes what a user should know and no answer has room for; nil drops it
	// Transport carries the requests to AWS, registries and webhooks; nil means that of net/http.
	Transport http.RoundTripper
}

// App is Tagboat at work on one configuration. It is safe for concurrent use.
type App struct {
	config   *config.Config
	cloud    *cloud.Cloud
	registry *registry.Client
	notice   func(string)
	getenv   func(string) string
	// making guards clients.
	making  sync.Mutex
	clients map[cloud.Place]*deploy.Client
	// transport is what Options has; nil means that of net/http.
	transport http.RoundTripper
}

// Open reads the configuration. It makes no call.
func Open(ctx context.Context, o Options) (*App, error) {
	file, err := config.Load(o.Config)
	if err != nil {
		return nil, err
	}
	notice := o.Notice
	if notice == nil {
		notice = func(string) {}
	}
	if o.Cache != "" { // where versions before this one kept plain values of environments
		_ = os.RemoveAll(below(o.Cache, "taskdefinitions"))
	}
	aws, err := cloud.New(ctx, cloud.Options{UserAgent: "tagboat", Cache: below(o.Cache, "revisions"), Transport: o.Transport})
	if err != nil {
		return nil, err
	}
	images, err := registry.New(registry.Options{
		Credentials: registry.Keychain{ECR: ecrLogin(aws)},
		Transport:   cloud.Counting("registry", o.Transport),
		UserAgent:   "tagboat",
		Cache:       below(o.Cache, "versions"),
		Limits:      registry.Limits(file.Limits.Registry),
	})
	if err != nil {
		return nil, err
	}
	getenv := o.Getenv
	if getenv == nil {
		getenv = func(string) string { return "" }
	}
	return &App{
		getenv:   getenv,
		config:   file,
		cloud:    aws,
		registry: images,
		notice:   notice,
		clients:  map[cloud.Place]*deploy.Client{},

		transport: o.Transport,
	}, nil
}

// below returns a directory of the cache, or "" where there is no cache.
func below(cache, name string) string {
	if cache == "" {
		return ""
	}
	return filepath.Join(cache, name)
}

// ecrLogin returns the login for private registries of ECR. A token is good for every
// registry that its owner may reach in the region, whichever account has it.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
func ecrLogin(aws *cloud.Cloud) func(ctx context.Context, account, region string) (user, password string, err error) {
	return func(ctx context.Context, _, region string) (user, password string, err error) {
		user, password, _, err = aws.At(cloud.Place{Region: region}).ECR().Authorization(ctx)
		return user, password, err
	}
}

// session returns the way to where an environment is.
func (a *App) session(env config.Environment) *cloud.Session {
	return a.cloud.At(place(env))
}

func place(env config.Environment) cloud.Place {
	return cloud.Place{Account: env.Account, Region: env.Region, Role: env.Role}
}

// client returns what deploying needs of an environment's place. Environments in the
// same account and region share one, and so its polling.
func (a *App) client(env config.Environment) *deploy.Client {
	at, session := place(env), a.session(env)
	at.Region = session.Region() // which an environment may leave to the AWS configuration
	a.making.Lock()
	defer a.making.Unlock()
	if found, ok := a.clients[at]; ok {
		return found
	}
	made := &deploy.Client{ECS: session.ECS(), Logs: session.Logs(), Targets: session.Targets(), Images: a.registry, Deployments: session.ECS(), Alarms: session.Alarms(), Parameters: session.Parameters(), Now: session.Now}
	a.clients[at] = made
	return made
}

func (a *App) ledger(env config.Environment) *ledger.Ledger {
	return &ledger.Ledger{Store: a.session(env).Parameters()}
}
