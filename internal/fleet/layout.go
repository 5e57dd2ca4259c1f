package fleet

import (
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/ledger"
)

// Layout is where the ledger keeps the pins and holds of environments: pure, from the
// configuration alone.
type Layout struct{ config *config.Config }

// Groups returns the groups of an environment's pins, by name.
func (l Layout) Groups(env config.Environment) []ledger.Group {
	groups := make([]ledger.Group, len(l.config.Ledger.Groups))
	for i, g := range l.config.Ledger.Groups {
		groups[i] = l.group(env, g)
	}
	return groups
}

// Holding returns those groups of an environment's pins that hold one of the images.
func (l Layout) Holding(env config.Environment, images []tagboat.ImageName) []ledger.Group {
	return slices.DeleteFunc(l.Groups(env), func(g ledger.Group) bool {
		return !slices.ContainsFunc(images, func(image tagboat.ImageName) bool { _, ok := g.Images[image]; return ok })
	})
}

func (l Layout) group(env config.Environment, from config.Group) ledger.Group {
	g := ledger.Group{
		Name:        from.Name,
		Parameter:   l.config.ParameterName(env, from),
		Environment: env.Name,
		Images:      map[tagboat.ImageName]tagboat.Reference{},
		Keys:        map[tagboat.ImageName]string{},
		Form:        from.Form,
		Tier:        from.Tier,
	}
	for _, name := range from.Images {
		image := l.config.Images[name]
		g.Images[name], g.Keys[name] = l.config.RepositoryIn(env, name), from.KeyOf(image)
	}
	g.Projections = l.projections(env, from)
	return g
}

// projections returns those of a group: where environments share its parameter, those of
// all of them.
func (l Layout) projections(env config.Environment, group config.Group) ledger.Projections {
	p := ledger.Projections{Parameters: map[tagboat.ImageName][]string{}, Form: l.config.Ledger.Projections.Form}
	for _, other := range l.config.Sharing(env, group) {
		for _, image := range group.Images {
			name := l.config.ProjectionName(other, image)
			if name != "" && !slices.Contains(p.Parameters[image], name) {
				p.Parameters[image] = append(p.Parameters[image], name)
			}
		}
	}
	return p
}

// Holds returns the group that stands for an environment's holds.
func (l Layout) Holds(env config.Environment) ledger.Group {
	return ledger.HoldsGroup(l.config.HoldsName(env), env.Name)
}

// All returns the groups of an environment's pins, and that of its holds.
func (l Layout) All(env config.Environment) []ledger.Group {
	return append(l.Groups(env), l.Holds(env))
}

// Parameters returns the names of those that hold an environment's pins.
func (l Layout) Parameters(env config.Environment) []string {
	var names []string
	for _, g := range l.Groups(env) {
		names = append(names, g.Parameter)
	}
	return names
}

// Projections returns the names of the parameters that follow an environment's pins.
func (l Layout) Projections(env config.Environment) []string {
	var names []string
	for _, g := range l.Groups(env) {
		for _, of := range g.Projections.Parameters {
			names = append(names, of...)
		}
	}
	return names
}
