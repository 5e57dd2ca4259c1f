package app

import (
	"cmp"
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// distinctServices returns an error for each two entries that are one service of ECS:
// they would roll it to and fro for ever. Entries that were not chosen count, too, in the
// environments that were.
func (a *App) distinctServices(cells []cell) error {
	type identity struct {
		at            cloud.Place
		cluster, name string
	}
	first := map[identity]cell{}
	var failed []error
	for _, c := range a.withUnchosen(cells) {
		var d deploy.Desired
		if err := a.fillService(c, &d); err != nil {
			continue // that is told where it is deployed
		}
		id := identity{place(c.env), ecs.LastPart(c.env.Cluster), cmp.Or(d.ServiceName, string(c.service.Name))}
		other, taken := first[id]
		if !taken {
			first[id] = c
			continue
		}
		failed = append(failed, tagboat.Usagef("%s in %s and %s in %s are both the service %q in cluster %q, and each would undo what the other deploys",
			other.service.Name, other.env.Name, c.service.Name, c.env.Name, id.name, id.cluster).At(c.service.Where).
			WithHint("remove one of them, or give each a serviceName of its own in its service: file"))
	}
	return distinct(failed)
}

// withUnchosen adds, for the environments of cells, the services that are not among them.
// Files of theirs that cannot be read are none.
func (a *App) withUnchosen(cells []cell) []cell {
	type key struct {
		env     tagboat.EnvName
		service tagboat.ServiceName
	}
	chosen, seen := map[key]bool{}, map[tagboat.EnvName]bool{}
	for _, c := range cells {
		chosen[key{c.env.Name, c.service.Name}] = true
	}
	read := map[tagboat.ServiceName]*taskdef.Template{}
	all := slices.Clone(cells)
	for _, c := range cells {
		if seen[c.env.Name] {
			continue
		}
		seen[c.env.Name] = true
		for _, name := range slices.Sorted(maps.Keys(a.config.Services)) {
			if chosen[key{c.env.Name, name}] {
				continue
			}
			service := a.config.Services[name]
			template, known := read[name]
			if !known && service.ServiceFile != "" {
				var err error
				if template, err = taskdef.ReadService(service.ServiceFile, a.config.Files); err != nil {
					continue
				}
				read[name] = template
			}
			all = append(all, cell{c.env, service, templates{service: template}, c.book})
		}
	}
	return all
}
