package queue

import "github.com/tagboat/tagboat/internal/watch/hint"

// Reading returns a Source that reads messages with a function.
func (s Source) Reading(f func([]byte) ([]hint.Hint, error)) *Source {
	s.parse = f
	return &s
}
