package deploy

import (
	"fmt"
	"strings"

	"github.com/tagboat/tagboat/internal/ecs"
)

// fingerprint changes whenever something of a service does that its rollout shows in.
func fingerprint(s ecs.Service) string {
	var b strings.Builder
	fmt.Fprint(&b, s.Status, s.Desired, s.Running, s.Pending)
	for _, d := range s.Deployments {
		fmt.Fprint(&b, "|", d.ID, d.Status, d.RolloutState, d.Desired, d.Running, d.Pending, d.FailedTasks)
	}
	if len(s.Events) > 0 {
		fmt.Fprint(&b, "|", s.Events[0].ID, s.Events[0].Message)
	}
	return b.String()
}
