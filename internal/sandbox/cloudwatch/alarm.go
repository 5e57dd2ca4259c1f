package cloudwatch

import (
	"slices"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// The states of an alarm.
const (
	okay         = "OK"
	ringing      = "ALARM"
	insufficient = "INSUFFICIENT_DATA"
)

func checkState(state string) error {
	if !slices.Contains([]string{okay, ringing, insufficient}, state) {
		return invalid("Value '%s' at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]", state)
	}
	return nil
}

func invalid(format string, args ...any) error {
	return wire.Errorf("ValidationError", format, args...)
}

// alarm is the MetricAlarm structure of an answer.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html
type alarm struct {
	definition
	ARN          string    `json:"AlarmArn"`
	State        string    `json:"StateValue"`
	Reason       string    `json:"StateReason"`
	ReasonData   string    `json:"StateReasonData,omitempty"`
	StateAt      wire.Time `json:"StateUpdatedTimestamp"`
	TransitionAt wire.Time `json:"StateTransitionedTimestamp"`
	ConfiguredAt wire.Time `json:"AlarmConfigurationUpdatedTimestamp"`
}

// definition is what PutMetricAlarm takes of an alarm and DescribeAlarms answers.
type definition struct {
	Name               string      `json:"AlarmName"`
	Description        string      `json:"AlarmDescription,omitempty"`
	ActionsEnabled     *bool       `json:"ActionsEnabled,omitempty"`
	OKActions          []string    `json:"OKActions,omitempty"`
	AlarmActions       []string    `json:"AlarmActions,omitempty"`
	NoDataActions      []string    `json:"InsufficientDataActions,omitempty"`
	MetricName         string      `json:"MetricName,omitempty"`
	Namespace          string      `json:"Namespace,omitempty"`
	Statistic          string      `json:"Statistic,omitempty"`
	ExtendedStatistic  string      `json:"ExtendedStatistic,omitempty"`
	Dimensions         []dimension `json:"Dimensions,omitempty"`
	Period             int         `json:"Period,omitempty"`
	Unit               string      `json:"Unit,omitempty"`
	EvaluationPeriods  int         `json:"EvaluationPeriods"`
	DatapointsToAlarm  int         `json:"DatapointsToAlarm,omitempty"`
	Threshold          float64     `json:"Threshold"`
	ComparisonOperator string      `json:"ComparisonOperator"`
	TreatMissingData   string      `json:"TreatMissingData,omitempty"`
}

type dimension struct {
	Name  string `json:"Name"`
	Value string `json:"Value"`
}

// put makes an alarm, or changes one and leaves its state.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
func (c call) put(in definition) (empty, error) {
	switch {
	case in.Name == "" || len(in.Name) > 255:
		return empty{}, invalid("AlarmName must have between 1 and 255 characters")
	case in.EvaluationPeriods < 1:
		return empty{}, invalid("EvaluationPeriods must be at least 1")
	case in.ComparisonOperator == "":
		return empty{}, invalid("ComparisonOperator must be provided")
	}
	if in.ActionsEnabled == nil {
		in.ActionsEnabled = new(true)
	}
	own := c.alarms[c.scope]
	if own == nil {
		own = map[string]*alarm{}
		c.alarms[c.scope] = own
	}
	now := wire.At(c.clock.Now())
	a := own[in.Name]
	if a == nil {
		a = &alarm{
			ARN: c.scope.ARN("cloudwatch", "alarm:"+in.Name), State: insufficient,
			Reason: "Unchecked: Initial alarm creation", StateAt: now, TransitionAt: now,
		}
		own[in.Name] = a
	}
	a.definition, a.ConfiguredAt = in, now
	return empty{}, nil
}
