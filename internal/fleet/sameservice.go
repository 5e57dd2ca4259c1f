package fleet

import (
	"cmp"
	"errors"
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
)

// DistinctServices returns an error for each two entries that are one service of ECS:
// they would roll it to and fro for ever. Entries that were not chosen count, too, in the
// environments that were.
func (f *Fleet) DistinctServices(cells []Cell) error {
	type identity struct {
		at            cloud.Place
		cluster, name string
	}
	first := map[identity]Cell{}
	var failed []error
	for _, c := range f.withUnchosen(cells) {
		var d deploy.Desired
		if err := c.fillService(&d); err != nil {
			continue // reported where it is deployed
		}
		id := identity{access.Place(c.Env), ecs.LastPart(c.Env.Cluster), cmp.Or(d.ServiceName, string(c.Service.Name))}
		if s := c.Service.Stack; s != nil { // which alone knows what the service is called
			id.cluster, id.name = "of stack "+f.Config.StackName(c.Env, c.Service), cmp.Or(s.Resource, "that it has alone")
		}
		other, taken := first[id]
		if !taken {
			first[id] = c
			continue
		}
		if s := c.Service.Stack; s != nil {
			failed = append(failed, tagboat.Usagef("%s in %s and %s in %s are both the service %s %s, and each would undo what the other deploys",
				other.Service.Name, other.Env.Name, c.Service.Name, c.Env.Name, id.name, id.cluster).At(s.Where).
				WithHint("remove one of them, or name the service of each: deploy: {resource: LOGICAL-ID}"))
			continue
		}
		failed = append(failed, tagboat.Usagef("%s in %s and %s in %s are both the service %q in cluster %q, and each would undo what the other deploys",
			other.Service.Name, other.Env.Name, c.Service.Name, c.Env.Name, id.name, id.cluster).At(c.Service.Where).
			WithHint("remove one of them, or give each a serviceName of its own in its service: file"))
	}
	return Distinct(failed)
}

// withUnchosen adds, for the environments of cells, the services that are not among them.
// Files of theirs that cannot be read are none.
func (f *Fleet) withUnchosen(cells []Cell) []Cell {
	type key struct {
		env     tagboat.EnvName
		service tagboat.ServiceName
	}
	chosen, seen := map[key]bool{}, map[tagboat.EnvName]bool{}
	for _, c := range cells {
		chosen[key{c.Env.Name, c.Service.Name}] = true
	}
	read := map[tagboat.ServiceName]Templates{}
	all := slices.Clone(cells)
	for _, c := range cells {
		if seen[c.Env.Name] {
			continue
		}
		seen[c.Env.Name] = true
		for _, name := range slices.Sorted(maps.Keys(f.Config.Services)) {
			if chosen[key{c.Env.Name, name}] {
				continue
			}
			service := f.Config.Services[name]
			service.TaskDefinition = "" // which does not name it
			if _, known := read[name]; !known {
				templates, err := f.Source.Templates([]config.Service{service})
				if err != nil {
					continue
				}
				read[name] = templates[name]
			}
			all = append(all, Cell{c.Env, service, read[name], c.pins, f, c.run})
		}
	}
	return all
}

// Distinct joins errors, leaving out those that say what another one said: a mistake in a
// file shows once, however many environments it spoils.
func Distinct(all []error) error {
	said := map[string]bool{}
	var failed []error
	for _, err := range all {
		if err != nil && !said[err.Error()] {
			said[err.Error()] = true
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}
