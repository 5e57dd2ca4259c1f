package elb

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// The states of a target, and the reasons for those that Elastic Load Balancing comes
// to by itself. A healthy target has neither reason nor description.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
const (
	stateInitial  = "initial"
	stateHealthy  = "healthy"
	stateUnused   = "unused"
	stateDraining = "draining"
)

type targetInput struct {
	ID   string `json:"Id"`
	Port int    `json:"Port"`
}

type targetsInput struct {
	ARN     string        `json:"TargetGroupArn"`
	Targets []targetInput `json:"Targets"`
}

// register adds targets by hand. As no load balancer sends to them, they are unused.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RegisterTargets.html
func (c call) register(in targetsInput) (struct{}, error) {
	g, err := c.group(in.ARN)
	if err != nil {
		return struct{}{}, err
	}
	for _, t := range in.Targets {
		if err := g.validate(t); err != nil {
			return struct{}{}, err
		}
	}
	for _, t := range in.Targets {
		g.add(&target{ID: t.ID, Port: g.port(t), State: stateUnused, Reason: "Target.NotInUse",
			Description: "Target group is not configured to receive traffic from the load balancer"})
	}
	return struct{}{}, nil
}

func (g *targetGroup) validate(t targetInput) error {
	if t.ID == "" {
		return invalidMember("", "targets.1.member.id", "have length greater than or equal to 1")
	}
	if _, err := netip.ParseAddr(t.ID); err != nil && g.Created.TargetType == "ip" {
		return wire.Errorf(validationError, "The IP address '%s' is not a valid IPv4 or IPv6 address", t.ID)
	}
	return checkRange(g.port(t), "targets.1.member.port", 1, 65535)
}

// port returns the target's own port or the target group's.
func (g *targetGroup) port(t targetInput) int {
	if t.Port == 0 {
		return g.Created.Port
	}
	return t.Port
}

// add puts a target into the group, in place of what it was before.
func (g *targetGroup) add(t *target) {
	if old := g.find(t.ID, t.Port); old != nil {
		*old = *t
		return
	}
	g.Targets = append(g.Targets, t)
}

// deregister lets targets drain, and then they are gone. Those that nothing was sent
// to are gone at once; those that are not there are no error.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeregisterTargets.html
func (c call) deregister(in targetsInput) (struct{}, error) {
	g, err := c.group(in.ARN)
	if err != nil {
		return struct{}{}, err
	}
	for _, want := range in.Targets {
		g.drop(func(t *target) bool {
			if t.ID != want.ID || want.Port != 0 && want.Port != t.Port {
				return false
			}
			drops := t.State == stateUnused || g.delay() == 0
			t.State, t.Reason, t.Description = stateDraining, "Target.DeregistrationInProgress", "Target deregistration is in progress"
			t.Until = c.now.Add(g.delay())
			return drops
		})
	}
	return struct{}{}, nil
}

type healthOutput struct {
	Descriptions []healthDescription `json:"TargetHealthDescriptions"`
}

type healthDescription struct {
	Target    targetInput  `json:"Target"`
	CheckPort string       `json:"HealthCheckPort"`
	Health    targetHealth `json:"TargetHealth"`
}

type targetHealth struct {
	State       string `json:"State"`
	Reason      string `json:"Reason,omitempty"`
	Description string `json:"Description,omitempty"`
}

// describeHealth returns how all targets stand, or those that were asked for, registered
// or not.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetHealth.html
func (c call) describeHealth(in targetsInput) (healthOutput, error) {
	out := healthOutput{Descriptions: []healthDescription{}}
	g, err := c.group(in.ARN)
	if err != nil {
		return out, err
	}
	if len(in.Targets) == 0 {
		for _, t := range g.Targets {
			out.Descriptions = append(out.Descriptions, g.describe(t))
		}
		return out, nil
	}
	for _, want := range in.Targets {
		t := g.find(want.ID, g.port(want))
		if t == nil {
			t = &target{ID: want.ID, Port: g.port(want), State: stateUnused, Reason: "Target.NotRegistered",
				Description: "Target is not registered to the target group"}
		}
		out.Descriptions = append(out.Descriptions, g.describe(t))
	}
	return out, nil
}

func (g *targetGroup) describe(t *target) healthDescription {
	port := g.Created.CheckPort
	if port == "traffic-port" {
		port = strconv.Itoa(t.Port)
	}
	return healthDescription{
		Target:    targetInput{ID: t.ID, Port: t.Port},
		CheckPort: port,
		Health:    targetHealth{State: t.State, Reason: t.Reason, Description: t.Description},
	}
}

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
