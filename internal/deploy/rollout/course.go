package rollout

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
)

// course is what a rollout is judged by: the deployment that we started, known by the
// id in the answer to our own call, and what was there before it. Times decide
// nothing, and neither do equal task definitions.
type course struct {
	id             string
	taskDefinition string      // ARN that the deployment must have
	before         []string    // ids of deployments older than ours
	good           string      // ARN of what ran well before; "" where nothing did
	instead        string      // says of which revision taskDefinition took the place; may be ""
	began          time.Time   // of the deployment, by AWS's clock
	answer         ecs.Service // to our call
	wanted         int         // desired count in the answer to our call
	created        bool        // the service is new: an answer without it may be older than it
	// former is what the members that we changed were before, where the change started no
	// deployment and id is an older one's: an answer that still has them is older than it.
	former map[string]string
}

// standing is how a rollout stands in one snapshot of its service.
type standing int

const (
	going          standing = iota
	completed               // ours succeeded and all of its tasks run
	stalled                 // ours failed and nobody rolls it back
	ecsRollingBack          // ECS went back to an older deployment, which is not steady yet
	ecsRolledBack           // ECS went back, and that is steady
	overtaken               // a newer deployment took over
	unseen                  // the snapshot may be older than our change
	doubtful                // another deployment took the place of ours, and only ECS's record of ours says why
)

// started notes the deployment in the answer to a changing call.
func (c *course) started(answer ecs.Service, definition string) {
	primary, ok := answer.Primary()
	if !ok {
		return
	}
	c.id, c.taskDefinition, c.began, c.wanted, c.answer = primary.ID, definition, primary.CreatedAt, answer.Desired, answer
	for _, d := range answer.Deployments {
		c.before = append(c.before, d.ID)
	}
	c.before = slices.DeleteFunc(c.before, func(id string) bool { return id == primary.ID })
}

// changed notes what tells an answer from after the change of those members, where the
// change started no deployment: was is the service before it, and is the one that ECS
// answered to it.
func (c *course) changed(was, is ecs.Service, members map[string]json.RawMessage) {
	primary, ok := is.Primary()
	if _, known := was.Deployment(primary.ID); !ok || !known {
		return
	}
	before, after := membersOf(was), membersOf(is)
	c.former = map[string]string{}
	for name := range members {
		if before[name] != after[name] {
			c.former[name] = before[name]
		}
	}
}

// shownBy reports whether the service is as it is since our change.
func (c *course) shownBy(s ecs.Service) bool {
	if len(c.former) == 0 {
		return true
	}
	now := membersOf(s)
	for name, was := range c.former {
		if now[name] == was {
			return false
		}
	}
	return true
}

// membersOf returns the members of a service's record, each in one spelling.
func membersOf(s ecs.Service) map[string]string {
	var record map[string]any
	_ = json.Unmarshal(s.Record, &record) // AWS answered it
	members := make(map[string]string, len(record))
	for name, value := range record {
		spelt, _ := json.Marshal(value) // it was JSON
		members[name] = string(spelt)
	}
	return members
}

// judge compares a snapshot with what we started. The deployment that it returns is
// the PRIMARY one.
func (c *course) judge(s ecs.Service) (standing, ecs.Deployment) {
	ours, present := s.Deployment(c.id)
	primary, ok := s.Primary()
	switch {
	case !ok, primary.ID == c.id && !c.shownBy(s):
		return unseen, primary
	case primary.ID == c.id:
		return c.judgeOwn(s, primary), primary
	case ours.RolloutState == ecs.RolloutFailed || failedByEvents(s, c.id):
		return c.judgeFailed(s, primary, ours), primary
	case present || !slices.Contains(c.before, primary.ID):
		return doubtful, primary
	default:
		return unseen, primary // ECS keeps what it rolls back from in the list for a while
	}
}

func (c *course) judgeOwn(s ecs.Service, own ecs.Deployment) standing {
	switch {
	case own.TaskDefinition != c.taskDefinition:
		return overtaken
	case own.RolloutState == ecs.RolloutFailed && strings.Contains(own.RolloutReason, "rolling back"):
		return ecsRollingBack
	case own.RolloutState == ecs.RolloutFailed:
		return stalled
	case deploy.Settled(s, own):
		return completed
	default:
		return going
	}
}

// judgeFailed judges by a snapshot that says that ours failed: ECS itself made primary the
// PRIMARY deployment again where it gives an old id back, or says so in the reason of
// ours or in an event. Nobody else can make an older deployment PRIMARY.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
func (c *course) judgeFailed(s ecs.Service, primary, ours ecs.Deployment) standing {
	back := slices.Contains(c.before, primary.ID) || strings.Contains(ours.RolloutReason, primary.ID) ||
		slices.ContainsFunc(s.Events, func(e ecs.Event) bool {
			return strings.Contains(e.Message, "rolling back to deployment") && mentions(e.Message, primary.ID)
		})
	switch {
	case !back:
		return overtaken
	case deploy.Settled(s, primary):
		return ecsRolledBack
	default:
		return ecsRollingBack
	}
}

// judgeByRecord judges where a snapshot has another PRIMARY deployment than ours and does
// not say why: by ECS's own record of ours, which tells one that was stopped, because a
// newer one took over, from one that was rolled back. The zero record stands for none.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html
func (c *course) judgeByRecord(s ecs.Service, primary ecs.Deployment, record ecs.ServiceDeployment, otherwise standing) standing {
	newer := !slices.Contains(c.before, primary.ID)
	switch record.Status {
	case ecs.RollbackSuccessful:
		if deploy.Settled(s, primary) {
			return ecsRolledBack
		}
		return ecsRollingBack
	case ecs.RollbackRequested, ecs.RollbackInProgress:
		return ecsRollingBack
	case ecs.RollbackFailed:
		return stalled
	case ecs.StopRequested, ecs.Stopped:
		return overtaken
	case "":
		return c.judgeWithoutRecord(s, primary, otherwise)
	}
	if newer {
		return overtaken
	}
	return unseen // ours continues, or succeeded: the snapshot is older
}

// judgeWithoutRecord judges by the ids alone.
func (c *course) judgeWithoutRecord(s ecs.Service, primary ecs.Deployment, otherwise standing) standing {
	switch {
	case otherwise != doubtful:
		return otherwise
	case !slices.Contains(c.before, primary.ID):
		return overtaken
	case deploy.Settled(s, primary):
		return ecsRolledBack
	default:
		return ecsRollingBack
	}
}

// failedByEvents reports whether ECS said that the deployment with that id failed. The
// deployment may have left the service's list since.
func failedByEvents(s ecs.Service, id string) bool {
	return slices.ContainsFunc(s.Events, func(e ecs.Event) bool {
		return strings.Contains(e.Message, "deployment failed") && mentions(e.Message, id)
	})
}

// mentions reports whether message has id as a whole, not as the start of a longer one.
func mentions(message, id string) bool {
	_, rest, ok := strings.Cut(message, id)
	return ok && (rest == "" || rest[0] < '0' || rest[0] > '9')
}

// how is the way in which watching a rollout ended.
type how int

const (
	endedWell         how = iota // completed, and the digests that run are the pinned ones
	endedOtherDigests            // completed, but something else runs
	endedFailing                 // ECS gave up, or we did
	endedByECS                   // ECS rolled back, and that is steady
	endedOvertaken               // a newer deployment took over
	endedGone                    // the service was deleted
	endedTimeout
	endedSilence // AWS did not answer for too long
	endedInterrupt
	endedRefused    // AWS refuses to tell how it goes
	endedScaledDown // completed with no task, because somebody wants none since
)

// ending is how watching a rollout ended, and what was seen last.
type ending struct {
	how     how
	service ecs.Service
	primary ecs.Deployment
	// deployment is the ARN of the service deployment, where that was looked at.
	deployment string
	what       string          // the cause or error in a few words; may be ""
	causes     []tagboat.Cause // already gathered, because they fade
	images     []tagboat.ImageState
	completed  bool   // it was completed when it was seen last
	untold     string // the containers whose digests AWS does not report; "" where it reports all
}
