package app

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/iam"
	"github.com/tagboat/tagboat/internal/registry"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// PolicyResult is a policy, and who it is for.
type PolicyResult struct {
	Document iam.Document
	Role     string // ARN of the role of the environments; "" where it is for whoever calls
}

// Policy returns the smallest policy for a purpose in environments, all where none is
// named. It calls AWS only to learn an account that tagboat.yaml does not say.
func (a *App) Policy(ctx context.Context, purpose iam.Purpose, names []tagboat.EnvName) (PolicyResult, error) {
	environments, err := a.environments(Selection{Environments: names})
	if err != nil {
		return PolicyResult{}, err
	}
	result := PolicyResult{}
	if purpose != iam.Lambda && purpose != iam.Assume && purpose != iam.Publish {
		if err := onePrincipal(environments); err != nil {
			return PolicyResult{}, err
		}
		result.Role = environments[0].Role
	}
	scopes := make([]iam.Scope, len(environments))
	for i, env := range environments {
		if scopes[i], err = a.scope(ctx, env, purpose); err != nil {
			return PolicyResult{}, err
		}
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

func (a *App) scope(ctx context.Context, env config.Environment, purpose iam.Purpose) (iam.Scope, error) {
	at, err := a.whereabouts(ctx, env)
	if err != nil {
		return iam.Scope{}, err
	}
	stage := a.stage(env)
	scope := iam.Scope{
		Place: at, Role: env.Role, Parameters: a.parameters(env), Holds: a.config.HoldsName(env), Projections: a.projectionNames(env),
		Scans: stage.Gates.ScanMax != "", Tags: len(stage.Tags) > 0, Families: a.hasFamilies(),
	}
	if !a.config.Journal.Off {
		scope.Journal = a.config.Journal.LogGroup
	}
	// Registries are used with the caller's own credentials, whatever role gets to an
	// environment.
	if env.Role == "" || purpose == iam.Assume || purpose == iam.Publish {
		scope.Repositories = a.repositories()
	}
	if purpose == iam.Deploy {
		scope.Services, err = a.deployable(env)
	}
	return scope, err
}

// parameters returns the names of those that hold an environment's pins.
func (a *App) parameters(env config.Environment) []string {
	var names []string
	for _, g := range a.groups(env) {
		names = append(names, g.Parameter)
	}
	return names
}

func (a *App) projectionNames(env config.Environment) []string {
	var names []string
	for _, g := range a.groups(env) {
		for _, of := range g.Projections.Parameters {
			names = append(names, of...)
		}
	}
	return names
}

// hasFamilies tells whether a service's task definition is somebody else's.
func (a *App) hasFamilies() bool {
	for _, service := range a.config.Services {
		if service.Family != "" {
			return true
		}
	}
	return false
}

// whereabouts returns an environment's account and region.
func (a *App) whereabouts(ctx context.Context, env config.Environment) (iam.Place, error) {
	at := iam.Place{Account: env.Account, Region: a.located(env).Region}
	if at.Region == "" {
		return at, tagboat.Usagef("the region of %s is not known", env.Name).At(env.Where).
			WithHint("give it a region: in %s, or set AWS_REGION", a.config.File)
	}
	if at.Account != "" {
		return at, nil
	}
	account, _, err := a.session(env).Identity(ctx)
	if err != nil {
		return at, tagboat.Usagef("the account of %s is not in %s, and AWS does not tell it: %w", env.Name, a.config.File, err).
			At(env.Where).WithHint("give it an account: in %s", a.config.File)
	}
	at.Account = account
	return at, nil
}

// repositories returns those of images that are in private registries of ECR.
func (a *App) repositories() []iam.Repository {
	var all []iam.Repository
	for _, name := range slices.Sorted(maps.Keys(a.config.Images)) {
		ref := a.config.Images[name].Repository
		if account, region, ok := registry.ParseECRHost(ref.Host); ok {
			all = append(all, iam.Repository{Place: iam.Place{Account: account, Region: region}, Name: ref.Repository})
		}
	}
	return all
}

// deployable returns the services as they are called in an environment.
func (a *App) deployable(env config.Environment) ([]iam.Service, error) {
	services, err := a.services(Selection{})
	if err != nil {
		return nil, err
	}
	files, err := a.read(services)
	if err != nil {
		return nil, err
	}
	var all []iam.Service
	for _, service := range services {
		c := cell{env: env, service: service, files: files[service.Name]}
		found, err := a.permitted(c)
		if err != nil {
			return nil, err
		}
		all = append(all, found)
	}
	return all, nil
}

func (a *App) permitted(c cell) (iam.Service, error) {
	s := iam.Service{Cluster: c.env.Cluster, Name: string(c.service.Name), Family: c.service.Family, Create: c.files.service != nil}
	if c.files.service != nil {
		rendered, err := c.files.service.Render(a.inputs(c, nil, nil))
		if err != nil {
			return s, err
		}
		if name := rendered.Text("serviceName"); name != "" {
			s.Name = name
		}
	}
	if c.files.definition == nil {
		return s, nil // somebody else's: its roles and logs can change at any time
	}
	rendered, err := c.files.definition.Render(a.unpinnedInputs(c))
	if err != nil {
		return s, err
	}
	s.Family = rendered.Family()
	return s, needs(rendered, &s)
}

// unpinnedInputs renders a definition without looking at pins: a policy does not depend
// on them.
func (a *App) unpinnedInputs(c cell) taskdef.Inputs {
	in := a.inputs(c, nil, nil)
	for name, image := range a.config.Images {
		ref := image.Repository
		ref.Digest = tagboat.Digest("sha256:" + strings.Repeat("0", 64))
		in.Images[name] = ref
	}
	return in
}

type valueFrom struct{ ValueFrom string }

// isParameter reports whether it names a parameter, not a secret of Secrets Manager.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Secret.html
func (v valueFrom) isParameter() bool {
	return v.ValueFrom != "" && (!strings.HasPrefix(v.ValueFrom, "arn:") || strings.Contains(v.ValueFrom, ":ssm:"))
}

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
			if secret.isParameter() {
				s.Secrets = append(s.Secrets, secret.ValueFrom)
			}
		}
		if group := c.LogConfiguration.Options["awslogs-group"]; group != "" {
			s.LogGroups = append(s.LogGroups, group)
		}
	}
	return nil
}
