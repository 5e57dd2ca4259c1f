package sandbox

// builtin makes the services that the sandbox has besides STS and ties together
// those that need one another.
func (s *Server) builtin() ([]Module, error) {
	return nil, nil
}
