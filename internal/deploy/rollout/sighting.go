package rollout

import (
	"fmt"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/ecs"
)

// staleFor is how long answers may be older than one that came before them, until they
// are taken for the truth all the same.
const staleFor = time.Minute

// sighting is what was last believed of a service.
type sighting struct {
	looks string
	at    time.Time // of the newest thing in it, by AWS's clock
	stale time.Time // since when answers are older, by ours; zero where they are not
}

// see takes an answer in. It reports whether the answer is news, and whether it is older
// than one that came before it: DescribeServices is only eventually consistent.
func (g *sighting) see(s ecs.Service, now time.Time) (moved, old bool) {
	at := newest(s)
	if at.Before(g.at) {
		if g.stale.IsZero() {
			g.stale = now
		}
		if now.Sub(g.stale) < staleFor {
			return false, true
		}
	}
	looks := fingerprint(s)
	moved = looks != g.looks
	*g = sighting{looks: looks, at: at}
	return moved, false
}

// newest returns the time of the newest thing that a service tells of.
func newest(s ecs.Service) time.Time {
	at := s.CreatedAt
	for _, d := range s.Deployments {
		if d.UpdatedAt.After(at) {
			at = d.UpdatedAt
		}
	}
	if len(s.Events) > 0 && s.Events[0].At.After(at) {
		at = s.Events[0].At
	}
	return at
}

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
