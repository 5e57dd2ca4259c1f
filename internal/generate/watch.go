package generate

import (
	"context"
	"net/url"
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/iam"
)

// watchPolicy returns the policy of whoever runs tagboat watch: it promotes in environments that
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

// queue returns the ARN of watch.queue; "" for none. Where its URL has no region or account, such
// as an emulator's, they are those of the caller.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html
func (g Generator) queue() string {
	if g.Fleet.Config.Watch.Queue == "" {
		return ""
	}
	at, err := url.Parse(g.Fleet.Config.Watch.Queue)
	if err != nil {
		return ""
	}
	place := iam.Place{Account: "*", Region: g.Access.At(cloud.Place{}).Region()}
	if region := regionLabel().FindString(at.Hostname()); region != "" {
		place.Region = strings.Trim(region, ".")
	}
	if account, _, ok := strings.Cut(strings.TrimPrefix(at.Path, "/"), "/"); ok && len(account) == 12 {
		place.Account = account
	}
	return place.Queue(path.Base(at.Path))
}

// regionLabel matches the part of a host's name that is a region.
var regionLabel = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\b[a-z]{2}(-[a-z]+)+-\d\.`) })
