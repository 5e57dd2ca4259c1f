package deploy

import (
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/ecs"
)

// course is what a rollout is judged by: the deployment that we started, known by the
// id in the answer to our own call, and what was there before it. Times decide
// nothing, and neither do equal task definitions.
type course struct {
	id             string
	taskDefinition string   // ARN that the deployment must have
	before         []string // ids of deployments older than ours
	good           string   // ARN of what ran well before; "" where nothing did
	instead        string   // says of which revision taskDefinition took the place; may be ""
	believed       bool     // answers without our deployment came for too long to be old ones
}

// standing is how a rollout stands in one snapshot of its service.
type standing int

const (
	going          standing = iota
	completed               // ours ended well and all of its tasks run
	stalled                 // ours failed and nobody rolls it back
	ecsRollingBack          // ECS went back to an older deployment, which is not steady yet
	ecsRolledBack           // ECS went back, and that is steady
	overtaken               // a newer deployment took over
	unseen                  // the snapshot may be older than our deployment
)

// judge compares a snapshot with what we started. The deployment that it returns is
// the PRIMARY one.
func (c *course) judge(s ecs.Service) (standing, ecs.Deployment) {
	ours, present := s.Deployment(c.id)
	primary, ok := s.Primary()
	switch {
	case !ok:
		return unseen, primary
	case primary.ID == c.id:
		return c.judgeOwn(s, primary), primary
	case slices.Contains(c.before, primary.ID) && !present && !failedByEvents(s, c.id) && !c.believed:
		return unseen, primary // ECS keeps what it rolls back from in the list for a while
	case !c.rolledBackTo(s, primary, ours):
		return overtaken, primary
	case settled(s, primary):
		return ecsRolledBack, primary
	default:
		return ecsRollingBack, primary
	}
}

func (c *course) judgeOwn(s ecs.Service, own ecs.Deployment) standing {
	switch {
	case own.TaskDefinition != c.taskDefinition:
		return overtaken
	case own.RolloutState == "FAILED" && strings.Contains(own.RolloutReason, "rolling back"):
		return ecsRollingBack
	case own.RolloutState == "FAILED":
		return stalled
	case settled(s, own):
		return completed
	default:
		return going
	}
}

// rolledBackTo tells whether ECS itself made primary the PRIMARY deployment again: it
// gives an old id back, or says so in the reason of ours or in an event. Nobody else
// can make an older deployment PRIMARY.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
func (c *course) rolledBackTo(s ecs.Service, primary, ours ecs.Deployment) bool {
	switch {
	case slices.Contains(c.before, primary.ID):
		return true
	case ours.RolloutState != "FAILED" && !failedByEvents(s, c.id):
		return false
	case strings.Contains(ours.RolloutReason, primary.ID):
		return true
	default:
		return slices.ContainsFunc(s.Events, func(e ecs.Event) bool {
			return strings.Contains(e.Message, "rolling back to deployment") && mentions(e.Message, primary.ID)
		})
	}
}

// failedByEvents tells whether ECS said that the deployment with that id failed. The
// deployment may have left the service's list since.
func failedByEvents(s ecs.Service, id string) bool {
	return slices.ContainsFunc(s.Events, func(e ecs.Event) bool {
		return strings.Contains(e.Message, "deployment failed") && mentions(e.Message, id)
	})
}

// mentions tells whether message has id as a whole, not as the start of a longer one.
func mentions(message, id string) bool {
	_, rest, ok := strings.Cut(message, id)
	return ok && (rest == "" || rest[0] < '0' || rest[0] > '9')
}

// settled tells whether a deployment completed and has all of its tasks running now.
// Services behind a Classic Load Balancer have no rollout state: there, being the only
// deployment stands for it.
func settled(s ecs.Service, d ecs.Deployment) bool {
	full := d.Running == d.Desired && d.Pending == 0
	if d.RolloutState == "" {
		return full && len(s.Deployments) == 1
	}
	return full && d.RolloutState == "COMPLETED"
}
