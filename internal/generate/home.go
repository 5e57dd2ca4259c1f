package generate

import (
	"cmp"
	"context"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/iam"
)

// homePolicy returns the policy for a purpose of home, which is of no environment.
func (g Generator) homePolicy(ctx context.Context, purpose iam.Purpose, names []tagboat.EnvName) (PolicyResult, error) {
	home := g.Fleet.Config.Home
	if len(names) > 0 {
		return PolicyResult{}, tagboat.Usagef("a policy for %q is about home, and about no environment", purpose).WithHint("leave --env out")
	}
	at := g.home(ctx, "")
	scope := iam.Scope{Place: *at, Home: at, HomePath: home.Path, FreezeName: home.Freeze}
	if !g.Fleet.Config.Journal.Off {
		scope.Journal = g.Fleet.Config.Journal.LogGroup
	}
	if home.Role == "" {
		scope.Releases = inECR(g.Fleet.Config.Releases.Repository)
	}
	if at.Region == "" {
		return PolicyResult{}, tagboat.Usagef("the region of home is not known").WithHint("give it a region: home: {region: eu-west-1} in %s, or set AWS_REGION", g.Fleet.Config.File)
	}
	return PolicyResult{Document: iam.Policy(purpose, []iam.Scope{scope}), Role: home.Role}, nil
}

// addHome adds home to the scope of an environment where the same principal reaches both.
func (g Generator) addHome(ctx context.Context, env config.Environment, purpose iam.Purpose, scope *iam.Scope) {
	home, principal, account := g.Fleet.Config.Home, env.Role, ""
	switch {
	case purpose.OfCaller():
		principal = ""
		scope.HomeRole = home.Role
	case env.Role == "":
		account = scope.Account
	}
	if purpose == iam.Assume && env.Role == "" {
		return // nothing is assumed there, and the caller's other policies have home
	}
	if principal == home.Role {
		scope.Home, scope.HomePath, scope.FreezeName = g.home(ctx, account), home.Path, home.Freeze
	}
}

// home returns where home is; the account is * where neither the file nor AWS says it.
func (g Generator) home(ctx context.Context, own string) *iam.Place {
	home := g.Fleet.Config.Home
	session := g.Access.At(cloud.Place{Account: home.Account, Region: home.Region, Role: home.Role})
	account := cmp.Or(home.Account, own)
	if account == "" {
		account, _, _ = session.Identity(ctx)
	}
	return &iam.Place{Account: cmp.Or(account, "*"), Region: session.Region()}
}
