package logs

import "github.com/tagboat/tagboat/internal/sandbox/wire"

// CreateGroup makes a log group where there is none of that name, as the awslogs
// driver does it with awslogs-create-group before a container starts.
func (s *Service) CreateGroup(scope wire.Scope, group string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.store(scope); st.groups[group] == nil {
		st.addGroup(group, s.clock.Now())
	}
}
