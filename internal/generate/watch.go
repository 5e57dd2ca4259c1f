package generate

import (
	"cmp"
	"context"
	"path"
	"regexp"
	"slices"
	"sync"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/iam"
)

// watchPolicy returns the policy for running tagboat watch: it promotes in environments that
// have no role, and assumes the roles of the others, which have policies of their own.
func (g Generator) watchPolicy(ctx context.Context, environments []config.Environment) (PolicyResult, error) {
	var own, others []config.Environment
	result := PolicyResult{HomeRole: g.Fleet.Config.Home.Role, Assumed: map[string][]string{}}
	for _, env := range environments {
		if env.Role == "" {
			own = append(own, env)
			continue
		}
		others = append(others, env)
		result.Assumed[env.Role] = append(result.Assumed[env.Role], string(env.Name))
	}
	if len(own) > 0 {
		if err := onePrincipal(own); err != nil {
			return PolicyResult{}, err
		}
	}
	scopes, err := g.scopes(ctx, own, iam.Promote)
	if err != nil {
		return PolicyResult{}, err
	}
	for i := range scopes {
		scopes[i].HomeRole = result.HomeRole
	}
	assuming, err := g.scopes(ctx, others, iam.Assume)
	if err != nil {
		return PolicyResult{}, err
	}
	for _, s := range assuming {
		scopes = append(scopes, g.assumed(ctx, s))
	}
	scopes[0].Queue = g.queue()
	result.Document = iam.Policy(iam.Watch, scopes)
	return result, nil
}

// assumed returns what of an environment with a role is reached without the role: registries,
// and home where it has none.
func (g Generator) assumed(ctx context.Context, s iam.Scope) iam.Scope {
	own := iam.Scope{
		Place: s.Place, Role: s.Role, Repositories: s.Repositories, Releases: s.Releases, Scans: s.Scans, Tags: s.Tags, HomeRole: s.HomeRole,
	}
	if s.HomeRole == "" {
		home := g.Fleet.Config.Home
		own.Home, own.HomePath, own.FreezeName = g.home(ctx, ""), home.Path, home.Freeze
		own.Place, own.Journal = *own.Home, s.Journal
	}
	return own
}

// Watching returns what tagboat watch reads, and where that comes from. It calls AWS only to learn
// accounts that tagboat.yaml does not say.
func (g Generator) Watching(ctx context.Context) (Watching, error) {
	c := g.Fleet.Config
	w := Watching{App: c.App, At: g.watchingPlace(ctx)}
	if w.At.Account == "" || w.At.Region == "" {
		return w, tagboat.Usagef("the account and region of whoever runs tagboat watch are not known").
			WithHint("give home an account and a region: home: {account: \"111111111111\", region: eu-west-1} in %s, or log in to AWS and set AWS_REGION", c.File)
	}
	origins := map[iam.Place]*Origin{}
	at := func(p iam.Place) *Origin {
		if origins[p] == nil {
			origins[p] = &Origin{Place: p}
		}
		return origins[p]
	}
	for _, env := range c.SortedEnvironments() {
		place, err := g.whereabouts(ctx, env)
		if err != nil {
			return w, err
		}
		o := at(place)
		o.Clusters = append(o.Clusters, env.Cluster)
		for name, image := range c.Images {
			if image.Select.Empty() {
				continue // no rule chooses what is pushed
			}
			for _, ref := range []tagboat.Reference{image.Repository, c.RepositoryIn(env, name)} {
				for _, repository := range inECR(ref) {
					o := at(repository.Place)
					o.Repositories = append(o.Repositories, repository.Name)
				}
			}
		}
	}
	for _, o := range origins {
		w.Origins = append(w.Origins, Origin{o.Place, unique(o.Repositories), unique(o.Clusters)})
	}
	slices.SortFunc(w.Origins, func(a, b Origin) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region))
	})
	return w, nil
}

func unique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// watchingPlace returns where tagboat watch runs: where its queue is, or home, or else where the
// caller is.
func (g Generator) watchingPlace(ctx context.Context) iam.Place {
	if at, ok := queuePlace(g.Fleet.Config.Watch.Queue); ok {
		return at
	}
	home := g.Fleet.Config.Home
	session := g.Access.At(cloud.Place{})
	if home.Account != "" {
		return iam.Place{Account: home.Account, Region: cmp.Or(home.Region, session.Region())}
	}
	account, _, _ := session.Identity(ctx)
	return iam.Place{Account: account, Region: session.Region()}
}

// queue returns the ARN of watch.queue; "" for none. Where its URL has no region or account, such
// as an emulator's, they are any.
func (g Generator) queue() string {
	at := g.Fleet.Config.Watch.Queue
	if at == "" {
		return ""
	}
	place, _ := queuePlace(at)
	return iam.Place{Account: cmp.Or(place.Account, "*"), Region: cmp.Or(place.Region, "*")}.Queue(path.Base(at))
}

// queuePlace returns the account and the region of the URL of a queue, and whether it has both.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html
func queuePlace(address string) (place iam.Place, ok bool) {
	parts := queueURL().FindStringSubmatch(address)
	if parts == nil {
		return place, false
	}
	place = iam.Place{Account: parts[2], Region: parts[1]}
	return place, place.Account != "" && place.Region != ""
}

var queueURL = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^https?://(?:[^/]*?\b([a-z]{2}(?:-[a-z]+)+-\d)\.)?[^/]*/(?:(\d{12})/)?[^/]+$`)
})
