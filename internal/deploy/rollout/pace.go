package rollout

import (
	"time"

	"github.com/tagboat/tagboat/internal/ecs"
)

// pace is how long an observer waits between two polls of a service: short while something
// of it changes, longer while nothing does, long while AWS answers with errors. Where events
// arrive, the poll is only the net for those that do not.
type pace struct {
	interval time.Duration
	nudged   bool // an event of the service has arrived: others will
}

const (
	shortest = 400 * time.Millisecond
	longest  = 6 * time.Second
	// shortestBesideEvents leaves an answer that is older than the event time to become true.
	shortestBesideEvents = time.Second
	longestBesideEvents  = time.Minute
	// longestAfterErrors leaves a throttled account room to recover.
	longestAfterErrors = 30 * time.Second
	// perCall keeps polls below the 20 calls a second that ECS sustains for reading
	// services, with room for others in the account. Nudges that come within it are one poll.
	// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html
	perCall = 200 * time.Millisecond
)

// changed makes the next poll follow quickly.
func (p *pace) changed() {
	p.interval = shortest
	if p.nudged {
		p.interval = shortestBesideEvents
	}
}

// same lets more time pass.
func (p *pace) same() {
	if p.nudged {
		p.interval = min(max(p.interval, shortestBesideEvents)*3, longestBesideEvents)
		return
	}
	p.interval = min(max(p.interval, shortest)*3/2, longest)
}

// failed backs off.
func (p *pace) failed() { p.interval = min(max(p.interval, shortest)*2, longestAfterErrors) }

// Nudge has whoever waits for a service's deployment look at once, because an event says that
// something happened to it. From then on polls that see no change become rare, as more events are
// expected; the deployment ends without them, too. The names may be ARNs of either form, and a
// cluster that is not known is "". Nothing happens for a service that nobody waits for.
func (r *Runner) Nudge(cluster, service string) {
	named := watched{ecs.LastPart(cluster), ecs.LastPart(service)}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, at := range r.places {
		at.nudge(named)
	}
}

// nudge wakes run where the service is watched, by whatever name or ARN.
func (o *observer) nudge(named watched) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for at := range o.watchers {
		if ecs.LastPart(at.service) == named.service && (named.cluster == "" || ecs.LastPart(at.cluster) == named.cluster) {
			o.nudged[at] = true
			o.wake()
		}
	}
}

// nudge has the next poll follow at once, unless AWS has asked for room.
func (s *subject) nudge(now time.Time) {
	s.nudged = true
	switch soon := now.Add(perCall); {
	case s.failing:
	case s.asking:
		s.again = true
	default:
		s.changed()
		if soon.Before(s.due) {
			s.due = soon
		}
	}
}
