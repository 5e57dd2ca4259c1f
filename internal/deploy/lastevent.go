package deploy

import (
	"strings"

	"github.com/tagboat/tagboat/internal/ecs"
)

// lastEvent returns what ECS said last of a service since a deployment of it began,
// without the service's name, or "".
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
func lastEvent(s ecs.Service, d ecs.Deployment) string {
	if len(s.Events) == 0 || d.CreatedAt.IsZero() || s.Events[0].At.Before(d.CreatedAt) {
		return ""
	}
	message := s.Events[0].Message
	if rest, ok := strings.CutPrefix(message, "(service "+s.Name); ok {
		if _, after, ok := strings.Cut(rest, ") "); ok {
			return after
		}
	}
	return message
}
