package elb

import (
	"slices"
	"strings"
	"time"
)

// Settings is what a scheduler has to know of a target group to check the health of
// its targets.
type Settings struct {
	Interval            time.Duration // between two checks of a target
	Timeout             time.Duration
	HealthyThreshold    int // successes in a row until a target is healthy
	UnhealthyThreshold  int // failures in a row until it is unhealthy
	DeregistrationDelay time.Duration
	DelaySet            bool   // the delay was set; else it is the default
	Path                string // "" for checks that only connect
	Matcher             string // of HTTP or gRPC codes; "" for checks that only connect
}

// Kind returns what sort of targets a target group has (ip, instance, lambda, alb) and
// whether a load balancer sends to it; ok is false where there is no such group.
func (s *Service) Kind(arn string) (targets string, balanced, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.groups[arn]
	if g == nil {
		return "", false, false
	}
	return g.Created.TargetType, len(s.balancersOf(arn)) > 0, true
}

// Routes reports whether an ARN is that of a listener's rule, or of a listener of a network
// load balancer.
func (s *Service) Routes(arn string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.rules, func(r *rule) bool { return r.ARN == arn }) ||
		strings.Contains(arn, ":listener/net/") && slices.ContainsFunc(s.listeners, func(l *listener) bool { return l.ARN == arn })
}

// Settings returns how a target group checks its targets; ok is false where there is
// no target group of that ARN.
func (s *Service) Settings(arn string) (settings Settings, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.groups[arn]
	if g == nil {
		return Settings{}, false
	}
	c := g.Created.check
	_, set := g.Attributes[deregistrationDelay]
	settings = Settings{
		DelaySet:            set,
		Interval:            time.Duration(c.Interval) * time.Second,
		Timeout:             time.Duration(c.Timeout) * time.Second,
		HealthyThreshold:    c.HealthyThreshold,
		UnhealthyThreshold:  c.UnhealthyThreshold,
		DeregistrationDelay: g.delay(),
		Path:                c.Path,
	}
	if c.Matcher != nil {
		settings.Matcher = c.Matcher.HTTPCode + c.Matcher.GRPCCode
	}
	return settings, true
}

// Register adds a task's target, which begins as initial. A target group that is gone
// takes none.
func (s *Service) Register(at time.Time, arn, id string, port int) {
	s.change(at, arn, func(g *targetGroup) {
		g.add(&target{ID: id, Port: port, State: stateInitial, Reason: "Elb.RegistrationInProgress",
			Description: "Target registration is in progress"})
	})
}

// Deregister removes a task's target at once. That it drains first is for SetHealth
// to say.
func (s *Service) Deregister(at time.Time, arn, id string, port int) {
	s.change(at, arn, func(g *targetGroup) {
		g.drop(func(t *target) bool { return t.ID == id && t.Port == port })
	})
}

// SetHealth says how a registered target stands, as DescribeTargetHealth will answer
// it: healthy has neither reason nor description, whatever is given. A target that is
// not registered stays unknown.
func (s *Service) SetHealth(at time.Time, arn, id string, port int, state, reason, description string) {
	if state == stateHealthy {
		reason, description = "", ""
	}
	s.change(at, arn, func(g *targetGroup) {
		if t := g.find(id, port); t != nil {
			t.State, t.Reason, t.Description = state, reason, description
		}
	})
}

func (s *Service) change(at time.Time, arn string, f func(*targetGroup)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.groups[arn]; g != nil {
		g.expire(at)
		f(g)
	}
}
