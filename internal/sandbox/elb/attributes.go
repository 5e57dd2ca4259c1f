package elb

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

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
