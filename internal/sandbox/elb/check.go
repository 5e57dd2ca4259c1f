package elb

import (
	"slices"

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
