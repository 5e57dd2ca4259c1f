// Package generate writes what others read: policies for IAM, from what the code calls, and
// what a template of CloudFormation needs to read pins.
package generate

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/iam"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// Generator generates from a configuration.
type Generator struct {
	Fleet  *fleet.Fleet
	Access *access.Access
}

// PolicyResult is a policy, and who it is for.
type PolicyResult struct {
	Document iam.Document
	Role     string // ARN of the role of the environments, or of home; "" where it is for the caller
	HomeRole string // ARN of the role that reaches home, whose policy is another one; "" for none
	// Assumed are the environments of each role that a watcher assumes, whose policy is another one.
	Assumed map[string][]string
}

// Policy returns the smallest policy for a purpose in environments, all where none is
// named. It calls AWS only to learn an account that tagboat.yaml does not say.
func (g Generator) Policy(ctx context.Context, purpose iam.Purpose, names []tagboat.EnvName) (PolicyResult, error) {
	if purpose.OfHome() {
		return g.homePolicy(ctx, purpose, names)
	}
	environments, err := g.Fleet.Environments(fleet.Selection{Environments: names})
	if err != nil {
		return PolicyResult{}, err
	}
	if purpose == iam.Watch {
		return g.watchPolicy(ctx, environments)
	}
	result := PolicyResult{HomeRole: g.Fleet.Config.Home.Role}
	if purpose != iam.Lambda && !purpose.OfCaller() {
		if err := onePrincipal(environments); err != nil {
			return PolicyResult{}, err
		}
		result.Role = environments[0].Role
	}
	if purpose != iam.Promote || result.HomeRole == result.Role {
		result.HomeRole = ""
	}
	scopes, err := g.scopes(ctx, environments, purpose)
	if err != nil {
		return PolicyResult{}, err
	}
	result.Document = iam.Policy(purpose, scopes)
	if len(result.Document.Statement) == 0 {
		return PolicyResult{}, tagboat.Usagef("nothing has to be allowed for %q there", purpose).
			WithHint("roles are assumed where an environment has a role:, and policies are for registries of ECR alone")
	}
	return result, nil
}

// onePrincipal makes sure that one policy can serve all environments.
func onePrincipal(environments []config.Environment) error {
	first := environments[0]
	for _, env := range environments[1:] {
		if env.Role != first.Role || env.Account != first.Account {
			return tagboat.Usagef("%s and %s are reached as different roles or accounts, and each needs a policy of its own", first.Name, env.Name).
				WithHint("name those of one account: --env %s", first.Name)
		}
	}
	return nil
}

func (g Generator) scopes(ctx context.Context, environments []config.Environment, purpose iam.Purpose) ([]iam.Scope, error) {
	scopes := make([]iam.Scope, len(environments))
	for i, env := range environments {
		var err error
		if scopes[i], err = g.scope(ctx, env, purpose); err != nil {
			return nil, err
		}
	}
	return scopes, nil
}

func (g Generator) scope(ctx context.Context, env config.Environment, purpose iam.Purpose) (iam.Scope, error) {
	at, err := g.whereabouts(ctx, env)
	if err != nil {
		return iam.Scope{}, err
	}
	stage := g.Fleet.Config.StageOf(env)
	scope := iam.Scope{
		Place: at, Role: env.Role, Parameters: g.Fleet.Layout().Parameters(env), Holds: g.Fleet.Config.HoldsName(env), Projections: g.Fleet.Layout().Projections(env),
		Scans: stage.Gates.ScanMax != "", Tags: len(stage.Tags) > 0, Families: g.hasFamilies(),
	}
	if !g.Fleet.Config.Journal.Off {
		scope.Journal = g.Fleet.Config.Journal.LogGroup
	}
	// Registries are used with the caller's own credentials, whatever role gets to an
	// environment.
	if env.Role == "" || purpose.OfCaller() {
		scope.Repositories, scope.Releases = g.repositories(), inECR(g.Fleet.Config.Releases.Repository)
	}
	g.addHome(ctx, env, purpose, &scope)
	if purpose == iam.Deploy || purpose == iam.Promote {
		scope.Services, err = g.deployable(env)
	}
	return scope, err
}

// hasFamilies reports whether a service's task definition is somebody else's.
func (g Generator) hasFamilies() bool {
	for _, service := range g.Fleet.Config.Services {
		if service.Family != "" {
			return true
		}
	}
	return false
}

// whereabouts returns an environment's account and region.
func (g Generator) whereabouts(ctx context.Context, env config.Environment) (iam.Place, error) {
	at := iam.Place{Account: env.Account, Region: g.Access.Located(env).Region}
	if at.Region == "" {
		return at, tagboat.Usagef("the region of %s is not known", env.Name).At(env.Where).
			WithHint("give it a region: in %s, or set AWS_REGION", g.Fleet.Config.File)
	}
	if at.Account != "" {
		return at, nil
	}
	account, _, err := g.Access.Session(env).Identity(ctx)
	if err != nil {
		return at, tagboat.Usagef("the account of %s is not in %s, and AWS does not report it: %w", env.Name, g.Fleet.Config.File, err).
			At(env.Where).WithHint("give it an account: in %s", g.Fleet.Config.File)
	}
	at.Account = account
	return at, nil
}

// repositories returns those of images that are in private registries of ECR.
func (g Generator) repositories() []iam.Repository {
	var all []iam.Repository
	for _, name := range slices.Sorted(maps.Keys(g.Fleet.Config.Images)) {
		all = append(all, inECR(g.Fleet.Config.Images[name].Repository)...)
	}
	return all
}

// inECR returns a repository where it is in a private registry of ECR.
func inECR(ref tagboat.Reference) []iam.Repository {
	account, region, ok := tagboat.ParseECRHost(ref.Host)
	if !ok {
		return nil
	}
	return []iam.Repository{{Place: iam.Place{Account: account, Region: region}, Name: ref.Repository}}
}

// deployable returns the services as they are called in an environment.
func (g Generator) deployable(env config.Environment) ([]iam.Service, error) {
	services, err := g.Fleet.Services(fleet.Selection{})
	if err != nil {
		return nil, err
	}
	cells, err := g.Fleet.Unpinned(env, services)
	if err != nil {
		return nil, err
	}
	var all []iam.Service
	for _, c := range cells {
		service, err := permitted(c)
		if err != nil {
			return nil, err
		}
		all = append(all, service)
	}
	return all, nil
}

func permitted(c fleet.Cell) (iam.Service, error) {
	s := iam.Service{Cluster: c.Env.Cluster, Family: c.Service.Family, Create: c.Templates.Service != nil, Express: c.Service.Express}
	if c.Service.Stack != nil { // which alone knows what the service is called, and where it is
		s.Name, s.Cluster, s.Family, s.Stack = "*", "*", "*", c.StackName()
		return s, nil
	}
	want, err := c.Offline()
	s.Name = want.ServiceName
	if err != nil || c.Templates.Definition == nil {
		return s, err // somebody else's definition: its roles and logs can change at any time
	}
	s.Family = want.Definition.Family()
	return s, needs(want.Definition, &s)
}

type valueFrom struct{ ValueFrom string }

// needs adds the roles and log groups that a definition names.
func needs(definition taskdef.Definition, s *iam.Service) error {
	var d struct {
		TaskRoleArn, ExecutionRoleArn string
		ContainerDefinitions          []struct {
			Secrets          []valueFrom
			LogConfiguration struct {
				Options       map[string]string
				SecretOptions []valueFrom
			}
		}
	}
	if err := json.Unmarshal(definition.JSON(), &d); err != nil {
		return fmt.Errorf("reading the task definition %q: %w", s.Family, err)
	}
	s.Roles, s.LogGroups = []string{}, []string{}
	for _, role := range []string{d.TaskRoleArn, d.ExecutionRoleArn} {
		if role != "" {
			s.Roles = append(s.Roles, role)
		}
	}
	for _, c := range d.ContainerDefinitions {
		for _, secret := range slices.Concat(c.Secrets, c.LogConfiguration.SecretOptions) {
			if secret.ValueFrom != "" {
				s.Secrets = append(s.Secrets, secret.ValueFrom)
			}
		}
		if group := c.LogConfiguration.Options["awslogs-group"]; group != "" {
			s.LogGroups = append(s.LogGroups, group)
		}
	}
	return nil
}
