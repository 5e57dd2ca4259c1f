// Package elb is the sandbox's Elastic Load Balancing, as far as Amazon ECS needs it:
// target groups, their health check settings, and how each target stands. Target
// groups live per account and region. All of it is safe for concurrent use.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/Welcome.html
//
// Load balancers, listeners and rules are there for what refers to them: no request goes
// through them. The scheduler sets the health of the targets of a service's tasks;
// those that are registered by hand are unused. Ignored: Tags, IpAddressType of what is
// registered, AvailabilityZone, TargetControlPort; VPCs, subnets and certificates are not
// looked up.
package elb

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Service is the load balancers and target groups of every account and region.
type Service struct {
	clock clock.Clock

	mu     sync.Mutex
	groups map[string]*targetGroup // by ARN
	count  int                     // things ever; the next one's number

	balancers []*loadBalancer // these three in order of creation
	listeners []*listener
	rules     []*rule
}

// New returns a service without target groups that takes its times from c.
func New(c clock.Clock) *Service {
	return &Service{clock: c, groups: map[string]*targetGroup{}}
}

// Service returns the table of operations.
func (s *Service) Service() wire.Service {
	return wire.Service{
		Name:      "elasticloadbalancing",
		Protocol:  wire.Query,
		Version:   "2015-12-01",
		Namespace: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
		Operations: map[string]wire.Operation{
			"CreateTargetGroup":             op(s, call.create),
			"DescribeTargetGroups":          op(s, call.describe),
			"ModifyTargetGroup":             op(s, call.modify),
			"DeleteTargetGroup":             op(s, call.remove),
			"DescribeTargetGroupAttributes": op(s, call.describeAttributes),
			"ModifyTargetGroupAttributes":   op(s, call.modifyAttributes),
			"RegisterTargets":               op(s, call.register),
			"DeregisterTargets":             op(s, call.deregister),
			"DescribeTargetHealth":          op(s, call.describeHealth),
			"CreateLoadBalancer":            op(s, call.createBalancer),
			"DescribeLoadBalancers":         op(s, call.describeBalancers),
			"DeleteLoadBalancer":            op(s, call.removeBalancer),
			"CreateListener":                op(s, call.createListener),
			"DescribeListeners":             op(s, call.describeListeners),
			"DeleteListener":                op(s, call.removeListener),
			"CreateRule":                    op(s, call.createRule),
			"DescribeRules":                 op(s, call.describeRules),
			"DeleteRule":                    op(s, call.removeRule),
		},
	}
}

// call is one request while the service is locked for it.
type call struct {
	*Service
	scope wire.Scope
	now   time.Time
}

// op makes an operation of a function that has the service for itself.
func op[In, Out any](s *Service, f func(call, In) (Out, error)) wire.Operation {
	return wire.Op(func(_ context.Context, caller wire.Caller, in In) (Out, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return f(call{Service: s, scope: caller.Scope, now: s.clock.Now()}, in)
	})
}

// snapshot is all state as it is kept between runs.
type snapshot struct {
	Groups    map[string]*targetGroup
	Made      int
	Balancers []*loadBalancer
	Listeners []*listener
	Rules     []ruleSnapshot
}

// ruleSnapshot is a rule with what its answers do not show.
type ruleSnapshot struct {
	Rule *rule
	Of   string
}

// Save returns all state as a value that encodes as JSON and that later calls do not
// change.
func (s *Service) Save() (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := snapshot{Groups: s.groups, Made: s.count, Balancers: s.balancers, Listeners: s.listeners}
	for _, r := range s.rules {
		state.Rules = append(state.Rules, ruleSnapshot{Rule: r, Of: r.Listener})
	}
	return wire.Frozen("target groups", state)
}

// Load replaces all state by what Save returned. After an error it is as before.
func (s *Service) Load(data json.RawMessage) error {
	loaded := snapshot{Groups: map[string]*targetGroup{}}
	if err := json.Unmarshal(data, &loaded); err != nil {
		return fmt.Errorf("loading target groups: %w", err)
	}
	for arn, g := range loaded.Groups {
		if g == nil || g.Attributes == nil {
			return fmt.Errorf("loading target groups: %s is empty", arn)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups, s.count, s.balancers, s.listeners, s.rules = loaded.Groups, loaded.Made, loaded.Balancers, loaded.Listeners, nil
	for _, r := range loaded.Rules {
		if r.Rule != nil {
			r.Rule.Listener = r.Of
			s.rules = append(s.rules, r.Rule)
		}
	}
	return nil
}
