package sandbox

import (
	"fmt"

	"github.com/tagboat/tagboat/internal/sandbox/ecr"
	"github.com/tagboat/tagboat/internal/sandbox/ecs"
	"github.com/tagboat/tagboat/internal/sandbox/elb"
	"github.com/tagboat/tagboat/internal/sandbox/logs"
	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/ssm"
)

// builtin makes the services that the sandbox has besides STS and ties together
// those that need one another.
//
//	ECS ──▶ registry (pulls images), logs (containers print), ELB (tasks are targets),
//	        Parameter Store (secrets)
func (s *Server) builtin() ([]Module, error) {
	store, err := s.openRegistry()
	if err != nil {
		return nil, err
	}
	parameters, logGroups, balancing := ssm.New(s.clock), logs.New(s.clock), elb.New(s.clock)
	scheduler := ecs.New(ecs.Deps{
		Clock:      s.clock,
		Images:     images{store},
		Logs:       logGroups,
		Targets:    balancing,
		Parameters: parameters,
		Clusters:   s.config.Clusters,
	})
	// ECS comes last: what it looks up is there when its state is loaded, and is kept
	// no later than what refers to it.
	return []Module{ecr.New(store, s.clock), parameters, logGroups, balancing, scheduler}, nil
}

func (s *Server) openRegistry() (*registry.Store, error) {
	return registry.Open(registry.Options{Clock: s.clock, Scope: s.config.scope(), Dir: s.config.DataDir})
}

// images lets ECS pull from the sandbox's registry.
type images struct{ store *registry.Store }

// Resolve looks an image up.
func (i images) Resolve(reference string) (ecs.Image, error) {
	digest, labels, platforms, err := i.store.Resolve(reference)
	if registry.IsNotFound(err) {
		return ecs.Image{}, fmt.Errorf("%w: %w", ecs.ErrImageNotFound, err)
	}
	if err != nil {
		return ecs.Image{}, err
	}
	return ecs.Image{Digest: digest, Labels: labels, Platforms: platforms}, nil
}

var (
	_ Saver    = (*ssm.Service)(nil)
	_ Saver    = (*logs.Service)(nil)
	_ Saver    = (*elb.Service)(nil)
	_ Saver    = (*ecr.API)(nil)
	_ Registry = (*ecr.API)(nil)
	_ Saver    = (*ecs.Service)(nil)
	_ Runner   = (*ecs.Service)(nil)
)
