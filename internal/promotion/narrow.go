package promotion

import (
	"context"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/fleet"
)

// What automation does about the newest versions of a few images costs what these images cost: the
// services that use none of them are not looked at, and what nobody can have seen is not looked for.

// narrow finds out which services differ between what each environment has and what it would get,
// where a request is about some images alone. Where the templates or the variables changed, and
// where an environment's last release did not stay, all services are looked at.
func (p *Promotions) narrow(ctx context.Context, s *Set) {
	if s.request.Newest == nil {
		return
	}
	for _, m := range s.moves {
		current, ok := m.here.Current()
		if m.release == nil || !ok || current != m.here.Trail[len(m.here.Trail)-1] {
			continue
		}
		has, err := p.Releases.At(ctx, current.ID, current.Name)
		if err != nil {
			continue // what cannot be compared is looked at
		}
		if images, only := m.release.Content.Differs(has.Content); only {
			m.services = m.using(images)
		}
	}
}

// using returns the services of a move's release that run one of some images.
func (m *move) using(images []tagboat.ImageName) []tagboat.ServiceName {
	services := []tagboat.ServiceName{}
	for name, service := range m.fleet.Config.Services {
		for _, image := range service.Containers {
			if slices.Contains(images, image) {
				services = append(services, name)
				break
			}
		}
	}
	slices.Sort(services)
	return services
}

// concerned reports whether a cell is one that its move has to look at.
func concerned(moves []*move, c fleet.Cell) bool {
	i := slices.IndexFunc(moves, func(m *move) bool { return m.env.Name == c.Env.Name })
	return moves[i].services == nil || slices.Contains(moves[i].services, c.Service.Name)
}

// unseen returns the versions that no deployment has brought: those that a release is the first to
// have, where all releases before it stayed in the environments, so that none of them was had and
// lost. A release that exists may have been begun.
func unseen(moves []*move) map[tagboat.Digest]bool {
	versions := map[tagboat.Digest]bool{}
	for _, m := range moves {
		if m.made == nil || m.release.Name != "" || m.takesUp || !m.question.Automation || len(m.here.Trail) == 0 {
			return nil
		}
		for _, had := range m.here.Trail {
			if had.Failed || had.Back || had.ID == "" {
				return nil
			}
		}
		_, changed := m.versions()
		for _, ref := range changed {
			versions[ref.Digest] = true
		}
	}
	return versions
}
