package adopt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/operation"
)

// source is a parameter to adopt, and whose versions it holds.
type source struct {
	env       config.Environment
	parameter string
	values    map[string]string
}

// sources reads the parameter of a request's path, and all below it, in the account and
// region of its environment, or of every environment. Whatever holds no versions is an
// error of kind Usage.
func (a *Adoption) sources(ctx context.Context, r Request) ([]source, error) {
	path := strings.TrimSuffix(r.Path, "/")
	if err := config.CheckParameterName(path); err != nil {
		return nil, err
	}
	selection := fleet.Selection{}
	if r.Environment != "" {
		selection.Environments = []tagboat.EnvName{r.Environment}
	}
	environments, err := a.Fleet.Environments(selection)
	if err != nil {
		return nil, err
	}
	var sources []source
	var failed []error
	seen := map[cloud.Place]bool{}
	for _, env := range environments {
		if seen[access.Place(env)] {
			continue
		}
		seen[access.Place(env)] = true
		parameters, err := a.tree(ctx, env, path)
		if err != nil {
			return nil, err
		}
		for _, p := range parameters {
			if owner, ok := a.owner(p.Name, env); ok && r.Environment != "" && owner.Name != r.Environment && p.Name != path {
				operation.Tell(ctx, LeftOut{p.Name, owner.Name})
				continue
			}
			s, err := a.source(p, env, environments)
			sources, failed = append(sources, s), append(failed, err)
		}
	}
	if len(sources) == 0 {
		return nil, tagboat.Usagef("there is no parameter %s, and none below it", path).
			WithHint("see what there is: aws ssm describe-parameters --query 'Parameters[].Name'; --env ENV chooses the account and region")
	}
	return sources, errors.Join(failed...)
}

// tree returns a parameter and those below it, without the projections of environments
// in the same place: those follow the ledger.
func (a *Adoption) tree(ctx context.Context, env config.Environment, path string) ([]ledger.Parameter, error) {
	store := a.Access.Session(env).Parameters()
	one, err := store.Get(ctx, []string{path})
	if err != nil {
		return nil, fmt.Errorf("reading parameter %s: %w", path, err)
	}
	parameters, err := store.Below(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("reading the parameters below %s: %w", path, err)
	}
	if p, ok := one[path]; ok {
		parameters = append([]ledger.Parameter{p}, parameters...)
	}
	var projections []string
	for _, other := range a.Fleet.Config.Environments {
		if access.Place(other) == access.Place(env) {
			projections = append(projections, a.Fleet.Layout().Projections(other)...)
		}
	}
	return slices.DeleteFunc(parameters, func(p ledger.Parameter) bool { return slices.Contains(projections, p.Name) }), nil
}

// source reads a parameter that was found where env is.
func (a *Adoption) source(p ledger.Parameter, env config.Environment, environments []config.Environment) (source, error) {
	values, err := ledger.Object(p)
	if err != nil {
		return source{}, err
	}
	s := source{env: env, parameter: p.Name, values: values}
	if owner, ok := a.owner(p.Name, env); ok && len(environments) > 1 {
		s.env = owner
		return s, nil
	}
	if len(environments) == 1 {
		return s, nil
	}
	return s, tagboat.Usagef("parameter %s is where no environment of %s keeps its pins", p.Name, a.Fleet.Config.File).
		WithHint("say whose versions it holds: tagboat pins --import %s --env ENV", p.Name)
}

// owner returns the environment in env's account and region that keeps pins in a
// parameter: env itself where it does.
func (a *Adoption) owner(parameter string, env config.Environment) (config.Environment, bool) {
	for _, other := range append([]config.Environment{env}, a.Fleet.Config.SortedEnvironments()...) {
		if access.Place(other) == access.Place(env) && slices.Contains(a.Fleet.Layout().Parameters(other), parameter) {
			return other, true
		}
	}
	return config.Environment{}, false
}

// LeftOut says whose pins a parameter holds that is not adopted.
type LeftOut struct {
	Parameter   string
	Environment tagboat.EnvName
}

// String implements operation.Event.
func (l LeftOut) String() string {
	return fmt.Sprintf("%s holds the pins of %s and is left out", l.Parameter, l.Environment)
}
