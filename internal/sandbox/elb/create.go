package elb

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

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
