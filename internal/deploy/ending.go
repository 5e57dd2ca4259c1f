package deploy

import (
	"errors"
	"fmt"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
)

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
	untold     string // the containers whose digests AWS does not tell; "" where it tells all
}

// refused reports whether AWS does not let us ask what we asked, and will not if we ask
// again.
func refused(err error) bool {
	var r ecs.Refused
	return errors.As(err, &r)
}

// policyFor says how to get a policy that allows what AWS refuses; "" for another error.
func policyFor(d Desired, err error) string {
	var r ecs.Refused
	if !errors.As(err, &r) {
		return ""
	}
	return fmt.Sprintf(": tagboat generate iam-policy --for deploy --env %s prints a policy with %s", d.Environment, r.Action)
}

// refusal says what AWS refuses, in its words, and how to get the policy that allows it. It
// is "" for another error.
func refusal(d Desired, err error) string {
	if !refused(err) {
		return ""
	}
	return fmt.Sprintf("%v; asking again is no use until that is allowed%s", err, policyFor(d, err))
}
