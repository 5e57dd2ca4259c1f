package deploy

import (
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
}
