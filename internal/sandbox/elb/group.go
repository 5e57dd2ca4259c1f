package elb

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// targetGroup is what requests are sent to, and how its targets are checked.
type targetGroup struct {
	Scope      wire.Scope
	Number     int // in order of creation
	Created    settings
	Attributes map[string]string // that were set
	Targets    []*target         // in order of registration
}

// settings are the members that are answered as they were given, or by default.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroup.html
type settings struct {
	ARN             string   `json:"TargetGroupArn"`
	Name            string   `json:"TargetGroupName"`
	Protocol        string   `json:"Protocol,omitempty"`
	Port            int      `json:"Port,omitempty"`
	VPC             string   `json:"VpcId,omitempty"`
	TargetType      string   `json:"TargetType"`
	ProtocolVersion string   `json:"ProtocolVersion,omitempty"`
	IPAddressType   string   `json:"IpAddressType"`
	LoadBalancers   []string `json:"LoadBalancerArns"`
	check
}

// check is how targets are health-checked. Times are in seconds. No member has the name
// of one of settings, which would hide it.
type check struct {
	Enabled            bool     `json:"HealthCheckEnabled"`
	CheckProtocol      string   `json:"HealthCheckProtocol,omitempty"`
	CheckPort          string   `json:"HealthCheckPort,omitempty"`
	Path               string   `json:"HealthCheckPath,omitempty"`
	Interval           int      `json:"HealthCheckIntervalSeconds"`
	Timeout            int      `json:"HealthCheckTimeoutSeconds"`
	HealthyThreshold   int      `json:"HealthyThresholdCount"`
	UnhealthyThreshold int      `json:"UnhealthyThresholdCount"`
	Matcher            *matcher `json:"Matcher,omitempty"`
}

type matcher struct {
	HTTPCode string `json:"HttpCode,omitempty"`
	GRPCCode string `json:"GrpcCode,omitempty"`
}

// target is an address in a target group.
type target struct {
	ID          string
	Port        int
	State       string
	Reason      string
	Description string
	Until       time.Time // when a draining one is gone; zero where somebody else says so
}

// arn makes an ARN whose last part is 16 hex digits, as AWS's.
func (c call) arn(name string) string {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, c.scope, name, c.made) // a hash takes everything
	return c.scope.ARN("elasticloadbalancing", fmt.Sprintf("targetgroup/%s/%016x", name, h.Sum64()))
}

// own returns the caller's target groups in order of creation.
func (c call) own() []*targetGroup {
	var groups []*targetGroup
	for _, g := range c.groups {
		if g.Scope == c.scope {
			groups = append(groups, g)
		}
	}
	slices.SortFunc(groups, func(a, b *targetGroup) int { return a.Number - b.Number })
	return groups
}

// group finds one of the caller's target groups.
func (c call) group(arn string) (*targetGroup, error) {
	if !strings.HasPrefix(arn, "arn:") || !strings.Contains(arn, ":targetgroup/") {
		return nil, wire.Errorf(validationError, "'%s' is not a valid target group ARN", arn)
	}
	g := c.groups[arn]
	if g == nil || g.Scope != c.scope {
		return nil, wire.Errorf("TargetGroupNotFound", "Target groups '%s' not found", arn)
	}
	g.expire(c.now)
	return g, nil
}

func (g *targetGroup) find(id string, port int) *target {
	i := slices.IndexFunc(g.Targets, func(t *target) bool { return t.ID == id && t.Port == port })
	if i < 0 {
		return nil
	}
	return g.Targets[i]
}

func (g *targetGroup) drop(gone func(*target) bool) {
	g.Targets = slices.DeleteFunc(g.Targets, gone)
}

// expire removes targets whose deregistration delay is over.
func (g *targetGroup) expire(now time.Time) {
	g.drop(func(t *target) bool { return !t.Until.IsZero() && !now.Before(t.Until) })
}

const validationError = "ValidationError"

// invalidMember is how AWS words a member that breaks a rule of the API's model.
func invalidMember(value any, member, rule string) error {
	return wire.Errorf(validationError,
		"1 validation error detected: Value '%v' at '%s' failed to satisfy constraint: Member must %s", value, member, rule)
}

func checkRange(value int, member string, least, most int) error {
	switch {
	case value < least:
		return invalidMember(value, member, fmt.Sprintf("have value greater than or equal to %d", least))
	case value > most:
		return invalidMember(value, member, fmt.Sprintf("have value less than or equal to %d", most))
	}
	return nil
}
