package elb

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// checkInput is what a request says of health checks; the rest stays as it is.
type checkInput struct {
	Enabled            *bool    `json:"HealthCheckEnabled"`
	CheckProtocol      string   `json:"HealthCheckProtocol"`
	CheckPort          string   `json:"HealthCheckPort"`
	Path               string   `json:"HealthCheckPath"`
	Interval           int      `json:"HealthCheckIntervalSeconds"`
	Timeout            int      `json:"HealthCheckTimeoutSeconds"`
	HealthyThreshold   int      `json:"HealthyThresholdCount"`
	UnhealthyThreshold int      `json:"UnhealthyThresholdCount"`
	Matcher            *matcher `json:"Matcher"`
}

// defaultCheck returns what a target group of this kind has by default.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
func defaultCheck(s settings) check {
	c := check{Enabled: true, CheckProtocol: "TCP", CheckPort: "traffic-port", Interval: 30, Timeout: 10, HealthyThreshold: 5, UnhealthyThreshold: 2}
	switch {
	case s.TargetType == "lambda":
		c = check{Path: "/", Interval: 35, Timeout: 30, HealthyThreshold: 5, UnhealthyThreshold: 5, Matcher: &matcher{HTTPCode: "200"}}
	case s.ProtocolVersion == "GRPC":
		c.CheckProtocol, c.Timeout, c.Path, c.Matcher = "HTTP", 5, "/AWS.ALB/healthcheck", &matcher{GRPCCode: "12"}
	case s.isHTTP():
		c.CheckProtocol, c.Timeout, c.Path, c.Matcher = "HTTP", 5, "/", &matcher{HTTPCode: "200"}
	case s.Protocol == "GENEVE":
		c.CheckPort, c.Interval, c.Timeout = "80", 10, 5
	}
	return c
}

// apply changes what the request says and checks the result.
func (c *check) apply(in checkInput) error {
	if in.Enabled != nil {
		c.Enabled = *in.Enabled
	}
	if in.CheckProtocol != "" && in.CheckProtocol != c.CheckProtocol {
		c.setProtocol(in.CheckProtocol)
	}
	setString(&c.CheckPort, in.CheckPort)
	setString(&c.Path, in.Path)
	for member, value := range map[*int]int{
		&c.Interval: in.Interval, &c.Timeout: in.Timeout,
		&c.HealthyThreshold: in.HealthyThreshold, &c.UnhealthyThreshold: in.UnhealthyThreshold,
	} {
		if value != 0 {
			*member = value
		}
	}
	if in.Matcher != nil {
		c.Matcher = in.Matcher
	}
	return c.validate()
}

func setString(member *string, value string) {
	if value != "" {
		*member = value
	}
}

// setProtocol brings what only one kind of check has, and drops what it has not.
func (c *check) setProtocol(protocol string) {
	c.CheckProtocol = protocol
	if protocol == "TCP" {
		c.Path, c.Matcher = "", nil
		return
	}
	if c.Matcher == nil {
		c.Path, c.Timeout, c.Matcher = "/", 6, &matcher{HTTPCode: "200-399"}
	}
}

func (c *check) validate() error {
	for _, r := range []struct {
		value       int
		member      string
		least, most int
	}{
		{c.Interval, "healthCheckIntervalSeconds", 5, 300},
		{c.Timeout, "healthCheckTimeoutSeconds", 2, 120},
		{c.HealthyThreshold, "healthyThresholdCount", 2, 10},
		{c.UnhealthyThreshold, "unhealthyThresholdCount", 2, 10},
	} {
		if err := checkRange(r.value, r.member, r.least, r.most); err != nil {
			return err
		}
	}
	switch {
	case c.Timeout > c.Interval:
		return wire.Errorf(validationError, "Health check timeout '%d' must be smaller than or equal to the interval '%d'", c.Timeout, c.Interval)
	case c.CheckProtocol != "" && !slices.Contains([]string{"HTTP", "HTTPS", "TCP"}, c.CheckProtocol):
		return wire.Errorf(validationError, "Health check protocol '%s' is not supported", c.CheckProtocol)
	case c.Path != "" && c.Path[0] != '/':
		return wire.Errorf(validationError, "Health check path '%s' must begin with a '/' character", c.Path)
	}
	return nil
}

type modifyInput struct {
	ARN string `json:"TargetGroupArn"`
	checkInput
}

// modify changes health checks; nothing else of a target group can change.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyTargetGroup.html
func (c call) modify(in modifyInput) (groupsOutput, error) {
	g, err := c.group(in.ARN)
	if err != nil {
		return groupsOutput{}, err
	}
	changed := g.Created.check
	if err := changed.apply(in.checkInput); err != nil {
		return groupsOutput{}, err
	}
	g.Created.check = changed
	return groupsOutput{Groups: []settings{c.shown(g)}}, nil
}

type createInput struct {
	Name            string `json:"Name"`
	Protocol        string `json:"Protocol"`
	ProtocolVersion string `json:"ProtocolVersion"`
	Port            int    `json:"Port"`
	VPC             string `json:"VpcId"`
	TargetType      string `json:"TargetType"`
	IPAddressType   string `json:"IpAddressType"`
	checkInput
}

type groupsOutput struct {
	Groups []settings `json:"TargetGroups"`
	Next   string     `json:"NextMarker,omitempty"`
}

// create makes a target group. The same one again answers the one that is there.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
func (c call) create(in createInput) (groupsOutput, error) {
	wanted, err := in.settings()
	if err != nil {
		return groupsOutput{}, err
	}
	for _, g := range c.own() {
		if g.Created.Name != wanted.Name {
			continue
		}
		wanted.ARN = g.Created.ARN
		if !reflect.DeepEqual(wanted, g.Created) {
			return groupsOutput{}, wire.Errorf("DuplicateTargetGroupName",
				"A target group with the same name '%s' exists, but with different settings", wanted.Name)
		}
		return groupsOutput{Groups: []settings{c.shown(g)}}, nil
	}
	c.count++
	wanted.ARN = c.arn(wanted.Name)
	c.groups[wanted.ARN] = &targetGroup{Scope: c.scope, Number: c.count, Created: wanted, Attributes: map[string]string{}}
	return groupsOutput{Groups: []settings{wanted}}, nil
}

// settings checks the request and fills in what it leaves out.
func (in createInput) settings() (settings, error) {
	s := settings{
		Name:            in.Name,
		Protocol:        in.Protocol,
		ProtocolVersion: in.ProtocolVersion,
		Port:            in.Port,
		VPC:             in.VPC,
		TargetType:      in.TargetType,
		IPAddressType:   in.IPAddressType,
		LoadBalancers:   []string{},
	}
	s.fill()
	if err := s.validate(); err != nil {
		return s, err
	}
	s.check = defaultCheck(s)
	return s, s.check.apply(in.checkInput)
}

func (s *settings) fill() {
	if s.TargetType == "" {
		s.TargetType = "instance"
	}
	if s.IPAddressType == "" {
		s.IPAddressType = "ipv4"
	}
	if s.ProtocolVersion == "" && s.isHTTP() {
		s.ProtocolVersion = "HTTP1"
	}
}

func (s *settings) isHTTP() bool { return s.Protocol == "HTTP" || s.Protocol == "HTTPS" }

var groupNamePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9-]+$`) })

const maxNameLength = 32

func (s *settings) validate() error {
	protocols := []string{"HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "GENEVE", "QUIC", "TCP_QUIC"}
	types := []string{"instance", "ip", "lambda", "alb"}
	lambda := s.TargetType == "lambda"
	switch {
	case s.Name == "":
		return invalidMember(s.Name, "name", "have length greater than or equal to 1")
	case len(s.Name) > maxNameLength:
		return wire.Errorf(validationError, "Target group name '%s' cannot be longer than '%d' characters", s.Name, maxNameLength)
	case !groupNamePattern().MatchString(s.Name):
		return wire.Errorf(validationError,
			"Target group name '%s' can only contain characters that are alphanumeric characters and hyphens(-)", s.Name)
	case strings.HasPrefix(s.Name, "-") || strings.HasSuffix(s.Name, "-"):
		return wire.Errorf(validationError, "Target group name '%s' cannot begin or end with a hyphen(-)", s.Name)
	case !slices.Contains(types, s.TargetType):
		return invalidMember(s.TargetType, "targetType", "satisfy enum value set: ["+strings.Join(types, ", ")+"]")
	case s.Protocol != "" && !slices.Contains(protocols, s.Protocol):
		return invalidMember(s.Protocol, "protocol", "satisfy enum value set: ["+strings.Join(protocols, ", ")+"]")
	case s.Protocol == "" && !lambda:
		return wire.Errorf(validationError, "A protocol must be specified")
	case s.Port == 0 && !lambda:
		return wire.Errorf(validationError, "A port must be specified")
	case s.VPC == "" && !lambda:
		return wire.Errorf(validationError, "A VPC ID must be specified")
	case !lambda:
		return checkRange(s.Port, "port", 1, 65535)
	}
	return nil
}
