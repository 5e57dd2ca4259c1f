package elb

import (
	"net/netip"
	"strconv"

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
