package sandbox

import (
	"path/filepath"

	"github.com/tagboat/tagboat/internal/sandbox/ecr"
	"github.com/tagboat/tagboat/internal/sandbox/elb"
	"github.com/tagboat/tagboat/internal/sandbox/logs"
	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/ssm"
)

// builtin makes the services that the sandbox has besides STS.
func (s *Server) builtin() ([]Module, error) {
	store, err := s.openRegistry()
	if err != nil {
		return nil, err
	}
	parameters, logGroups, balancing := ssm.New(s.clock), logs.New(s.clock), elb.New(s.clock)
	return []Module{ecr.New(store, s.clock), parameters, logGroups, balancing}, nil
}

func (s *Server) openRegistry() (*registry.Store, error) {
	options := registry.Options{Clock: s.clock, Scope: s.config.scope()}
	if s.config.DataDir != "" {
		options.Dir = filepath.Join(s.config.DataDir, "blobs")
	}
	return registry.Open(options)
}

var (
	_ Saver    = (*ssm.Service)(nil)
	_ Saver    = (*logs.Service)(nil)
	_ Saver    = (*elb.Service)(nil)
	_ Saver    = (*ecr.API)(nil)
	_ Registry = (*ecr.API)(nil)
)
