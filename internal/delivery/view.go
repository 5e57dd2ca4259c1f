package delivery

import (
	"context"
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/deploy/explain"
	"github.com/tagboat/tagboat/internal/deploy/status"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/pinning"
)

// View tells how services stand. It changes nothing.
type View struct {
	Fleet *fleet.Fleet
	Holds *pinning.Holds
}

// Status returns the matrix of services and environments, from what is observed.
func (v View) Status(ctx context.Context, s fleet.Selection) (tagboat.StatusDocument, error) {
	cells, err := v.Fleet.Cells(ctx, s)
	if err != nil {
		return tagboat.StatusDocument{}, err
	}
	targets := make([]deploy.Target, len(cells))
	for i, c := range cells {
		if targets[i], err = c.Visible(ctx); err != nil {
			return tagboat.StatusDocument{}, err
		}
	}
	statuses, err := status.Survey(ctx, targets)
	if err != nil {
		return tagboat.StatusDocument{}, err
	}
	for i, c := range cells {
		if statuses[i].Hold, err = v.Holds.On(c, targets[i].Desired.Images); err != nil {
			return tagboat.StatusDocument{}, err
		}
	}
	return tagboat.StatusDocument{Services: tagboat.List(statuses)}, nil
}

// Explanation is why a service's newest deployment goes as it does.
type Explanation struct {
	Environment tagboat.EnvName     `json:"environment"`
	Service     tagboat.ServiceName `json:"service"`
	State       string              `json:"state"` // as status has it
	Verdict     tagboat.Verdict     `json:"verdict"`
	Causes      []tagboat.Cause     `json:"causes"` // most likely first; empty where nothing speaks against it
}

// Explain says why services do not run well, at any time: it needs no deployment of
// ours, and no pins.
func (v View) Explain(ctx context.Context, s fleet.Selection) ([]Explanation, error) {
	cells, err := v.Fleet.Cells(ctx, s)
	if err != nil {
		return nil, err
	}
	var all []Explanation
	for _, c := range cells {
		target, err := c.Visible(ctx)
		if err != nil {
			return nil, err
		}
		e, err := explanation(ctx, target)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

func explanation(ctx context.Context, t deploy.Target) (Explanation, error) {
	statuses, err := status.Survey(ctx, []deploy.Target{t})
	if err != nil {
		return Explanation{}, err
	}
	causes, err := explain.Service(ctx, t)
	if err != nil {
		return Explanation{}, err
	}
	return Explanation{
		Environment: t.Desired.Environment, Service: t.Desired.Service,
		State: statuses[0].State, Verdict: statuses[0].Verdict, Causes: tagboat.List(causes),
	}, nil
}

// Pinned returns where an image is pinned to which version.
func (v View) Pinned(ctx context.Context, image tagboat.ImageName) (map[tagboat.EnvName]tagboat.Digest, error) {
	environments := v.Fleet.Config.SortedEnvironments()
	books, err := v.Fleet.Books(ctx, environments)
	if err != nil {
		return nil, err
	}
	pinned := map[tagboat.EnvName]tagboat.Digest{}
	for _, env := range environments {
		if pin, ok := books[env.Name].Pin(env.Name, image); ok && pin.Digest != "" {
			pinned[env.Name] = pin.Digest
		}
	}
	return pinned, nil
}

// Running returns where each version of an image runs, in the order of the environments.
func (v View) Running(ctx context.Context, image tagboat.ImageName) (map[tagboat.Digest][]tagboat.EnvName, error) {
	var services []tagboat.ServiceName
	for name, service := range v.Fleet.Config.Services {
		if slices.Contains(slices.Collect(maps.Values(service.Containers)), image) {
			services = append(services, name)
		}
	}
	if len(services) == 0 || len(v.Fleet.Config.Environments) == 0 {
		return nil, nil
	}
	document, err := v.Status(ctx, fleet.Selection{Services: services})
	if err != nil {
		return nil, err
	}
	running := map[tagboat.Digest][]tagboat.EnvName{}
	for _, s := range document.Services {
		for _, state := range s.Images {
			if state.Image == image && state.Running != "" && !slices.Contains(running[state.Running], s.Environment) {
				running[state.Running] = append(running[state.Running], s.Environment)
			}
		}
	}
	return running, nil
}
