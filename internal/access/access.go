// Package access has the ways into accounts and regions: one set of clients for each
// place, with the role that an environment names or the caller's own credentials.
package access

import (
	"context"
	"sync"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ledger"
)

// Access reaches environments and registries. It is safe for concurrent use.
type Access struct {
	cloud  *cloud.Cloud
	images deploy.Images

	mu      sync.Mutex // guards clients
	clients map[cloud.Place]*deploy.Client
}

// New returns an Access that looks for images where the registries' client does.
func New(aws *cloud.Cloud, images deploy.Images) *Access {
	return &Access{cloud: aws, images: images, clients: map[cloud.Place]*deploy.Client{}}
}

// Place returns where an environment is.
func Place(env config.Environment) cloud.Place {
	return cloud.Place{Account: env.Account, Region: env.Region, Role: env.Role}
}

// Session returns the way to where an environment is.
func (a *Access) Session(env config.Environment) *cloud.Session {
	return a.At(Place(env)).Serve(string(env.Name))
}

// At returns the way to a place.
func (a *Access) At(place cloud.Place) *cloud.Session { return a.cloud.At(place) }

// Ledger returns the ledger where an environment is.
func (a *Access) Ledger(env config.Environment) *ledger.Ledger {
	return &ledger.Ledger{Store: a.Session(env).Parameters()}
}

// Located returns an environment with the region that it has, which the file may leave
// to the AWS configuration.
func (a *Access) Located(env config.Environment) config.Environment {
	if env.Region == "" {
		env.Region = a.Session(env).Region()
	}
	return env
}

// IsAWS reports whether calls go to AWS itself, and not to an endpoint of the user's.
func (a *Access) IsAWS() bool { return a.cloud.EndpointHost() == "" }

// Client returns what deploying needs where an environment is. Environments in the
// same account and region share one, and so its polling.
func (a *Access) Client(env config.Environment) *deploy.Client {
	place, session := Place(env), a.Session(env)
	place.Region = session.Region() // which an environment may leave to the AWS configuration
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.clients[place] == nil {
		a.clients[place] = &deploy.Client{
			ECS: session.ECS(), Logs: session.Logs(), Targets: session.Targets(), Images: a.images, Deployments: session.ECS(), Express: session.ECS(),
			Alarms: session.Alarms(), Stacks: session.Stacks(), Parameters: session.Parameters(), Secrets: session.Secrets(), Now: session.Now,
		}
	}
	return a.clients[place]
}

// RegistryPlace returns where the ECR is that a repository lies in, as we reach it: with
// our own credentials. An endpoint that AWS_ENDPOINT_URL names is taken for the registry
// too where a repository has its host, as in the sandbox.
func (a *Access) RegistryPlace(repository tagboat.Reference) (cloud.Place, bool) {
	_, region, ok := tagboat.ParseECRHost(repository.Host)
	return cloud.Place{Region: region}, ok || repository.Host != "" && repository.Host == a.cloud.EndpointHost()
}

// ECR returns the API of the ECR that a repository lies in, with the account whose
// registry it is; "" is the caller's own.
func (a *Access) ECR(repository tagboat.Reference) (api *cloud.ECR, account string, ok bool) {
	place, ok := a.RegistryPlace(repository)
	if !ok {
		return nil, "", false
	}
	account, _, _ = tagboat.ParseECRHost(repository.Host)
	return a.At(place).ECR(), account, true
}

// Queue returns the queue with a URL, as we reach it: with our own credentials.
func (a *Access) Queue(url string) *cloud.Queue { return a.cloud.Queue(url) }

// ECRLogin returns the login for private registries of ECR. A token is good for every
// registry that its owner may reach in the region, whichever account has it.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
func ECRLogin(aws *cloud.Cloud) func(ctx context.Context, account, region string) (user, password string, err error) {
	return func(ctx context.Context, _, region string) (user, password string, err error) {
		user, password, _, err = aws.At(cloud.Place{Region: region}).ECR().Authorization(ctx)
		return user, password, err
	}
}
