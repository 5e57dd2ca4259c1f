package cloud

import "context"

// Unpaced lets a test that is not about pacing write as often as it likes.
func Unpaced(c *Cloud) *Cloud {
	c.pacer = nil
	return c
}

// Scope returns what a session's calls are paced by.
func Scope(ctx context.Context, s *Session) string { return s.scope(ctx) }

// ChangeOf reads an item of an alarm's history.
var ChangeOf = changeOf

// QueueRegion reads the URL of a queue.
var QueueRegion = queueRegion
