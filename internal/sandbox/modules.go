package sandbox

import "github.com/tagboat/tagboat/internal/sandbox/ssm"

// builtin makes the services that the sandbox has besides STS and ties together
// those that need one another.
func (s *Server) builtin() ([]Module, error) {
	return []Module{ssm.New(s.clock)}, nil
}
