package elb

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
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
	Until       time.Time // when a draining one is gone; zero where the scheduler says so
}

// arn makes an ARN whose last part is 16 hex digits, as AWS's.
func (c call) arn(name string) string {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, c.scope, name, c.count) // a hash takes everything
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

func (g *targetGroup) drop(drops func(*target) bool) {
	g.Targets = slices.DeleteFunc(g.Targets, drops)
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

const (
	deregistrationDelay = "deregistration_delay.timeout_seconds"
	maxDelay            = 3600
)

// defaultAttributes returns the attributes that the sandbox knows. Only the
// deregistration delay has an effect.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
func defaultAttributes() map[string]string {
	return map[string]string{
		deregistrationDelay:                     "300",
		"slow_start.duration_seconds":           "0",
		"load_balancing.algorithm.type":         "round_robin",
		"load_balancing.cross_zone.enabled":     "use_load_balancer_configuration",
		"stickiness.enabled":                    "false",
		"stickiness.type":                       "lb_cookie",
		"stickiness.lb_cookie.duration_seconds": "86400",
	}
}

type attribute struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}

type attributesInput struct {
	ARN        string      `json:"TargetGroupArn"`
	Attributes []attribute `json:"Attributes"`
}

type attributesOutput struct {
	Attributes []attribute `json:"Attributes"`
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetGroupAttributes.html
func (c call) describeAttributes(in arnInput) (attributesOutput, error) {
	g, err := c.group(in.ARN)
	if err != nil {
		return attributesOutput{}, err
	}
	return g.attributes(), nil
}

// modifyAttributes sets all attributes of a request or none.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyTargetGroupAttributes.html
func (c call) modifyAttributes(in attributesInput) (attributesOutput, error) {
	g, err := c.group(in.ARN)
	if err != nil {
		return attributesOutput{}, err
	}
	for _, a := range in.Attributes {
		if err := a.validate(); err != nil {
			return attributesOutput{}, err
		}
	}
	for _, a := range in.Attributes {
		g.Attributes[a.Key] = a.Value
	}
	return g.attributes(), nil
}

func (a attribute) validate() error {
	if _, ok := defaultAttributes()[a.Key]; !ok {
		return wire.Errorf("InvalidConfigurationRequest", "Target group attribute key '%s' is not recognized", a.Key)
	}
	if a.Key == deregistrationDelay {
		if seconds, err := strconv.Atoi(a.Value); err != nil || seconds < 0 || seconds > maxDelay {
			return wire.Errorf("InvalidConfigurationRequest",
				"'%s' must be an integer between 0 and %d, inclusive", deregistrationDelay, maxDelay)
		}
	}
	return nil
}

func (g *targetGroup) attributes() attributesOutput {
	merged := defaultAttributes()
	maps.Copy(merged, g.Attributes)
	out := attributesOutput{Attributes: []attribute{}}
	for _, key := range slices.Sorted(maps.Keys(merged)) {
		out.Attributes = append(out.Attributes, attribute{key, merged[key]})
	}
	return out
}

// delay returns for how long targets drain.
func (g *targetGroup) delay() time.Duration {
	value, ok := g.Attributes[deregistrationDelay]
	if !ok {
		value = defaultAttributes()[deregistrationDelay]
	}
	seconds, err := strconv.Atoi(value)
	if err != nil {
		return 0 // cannot be: attributes are checked when they are set
	}
	return time.Duration(seconds) * time.Second
}

const maxPage = 400

type describeInput struct {
	ARNs         []string `json:"TargetGroupArns"`
	Names        []string `json:"Names"`
	LoadBalancer string   `json:"LoadBalancerArn"`
	Marker       string   `json:"Marker"`
	PageSize     *int     `json:"PageSize"`
}

// describe lists target groups: all, or those of some names or ARNs, of which each has
// to exist.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetGroups.html
func (c call) describe(in describeInput) (groupsOutput, error) {
	out := groupsOutput{Groups: []settings{}}
	groups, err := c.named(in)
	if err != nil {
		return out, err
	}
	page, next, err := paged(groups, in.Marker, in.PageSize)
	if err != nil {
		return out, err
	}
	out.Next = next
	for _, g := range page {
		out.Groups = append(out.Groups, c.shown(&g))
	}
	return out, nil
}

// shown returns a target group as answers have it.
func (c call) shown(g *targetGroup) settings {
	s := g.Created
	s.LoadBalancers = c.balancersOf(s.ARN)
	return s
}

// named returns the target groups that a request is about.
func (c call) named(in describeInput) ([]*targetGroup, error) {
	all := c.own()
	switch {
	case len(in.ARNs) > 0 && len(in.Names) > 0:
		return nil, wire.Errorf(validationError, "Target group ARNs and names cannot be specified at the same time")
	case in.LoadBalancer != "":
		if _, err := c.balancer(in.LoadBalancer); err != nil {
			return nil, err
		}
		return slices.DeleteFunc(all, func(g *targetGroup) bool { return !slices.Contains(c.balancersOf(g.Created.ARN), in.LoadBalancer) }), nil
	case len(in.ARNs) > 0:
		return only(all, in.ARNs, func(g *targetGroup) string { return g.Created.ARN })
	case len(in.Names) > 0:
		return only(all, in.Names, func(g *targetGroup) string { return g.Created.Name })
	}
	return all, nil
}

func only(all []*targetGroup, wanted []string, key func(*targetGroup) string) ([]*targetGroup, error) {
	chosen := slices.DeleteFunc(all, func(g *targetGroup) bool { return !slices.Contains(wanted, key(g)) })
	for _, w := range wanted {
		if !slices.ContainsFunc(chosen, func(g *targetGroup) bool { return key(g) == w }) {
			return nil, wire.Errorf("TargetGroupNotFound", "One or more target groups not found")
		}
	}
	return chosen, nil
}

type arnInput struct {
	ARN string `json:"TargetGroupArn"`
}

// remove deletes a target group. One that does not exist is no error.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteTargetGroup.html
func (c call) remove(in arnInput) (struct{}, error) {
	if g, err := c.group(in.ARN); err == nil {
		if len(c.balancersOf(in.ARN)) > 0 {
			return struct{}{}, wire.Errorf("ResourceInUse", "Target group '%s' is currently in use by a listener or a rule", in.ARN)
		}
		delete(c.groups, g.Created.ARN)
	}
	return struct{}{}, nil
}
