package cloudwatch

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// The states of an alarm.
const (
	okay         = "OK"
	ringing      = "ALARM"
	insufficient = "INSUFFICIENT_DATA"
)

// metricAlarm is the type of all alarms that there are.
const metricAlarm = "MetricAlarm"

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
	a, done := own[in.Name], "update"
	if a == nil {
		done = "create"
		a = &alarm{
			ARN: c.scope.ARN("cloudwatch", "alarm:"+in.Name), State: insufficient,
			Reason: "Unchecked: Initial alarm creation", StateAt: now, TransitionAt: now,
		}
		own[in.Name] = a
	}
	a.definition, a.ConfiguredAt = in, now
	c.configured(a, done)
	return empty{}, nil
}

type describeIn struct {
	Names      []string `json:"AlarmNames"`
	Prefix     string   `json:"AlarmNamePrefix"`
	Types      []string `json:"AlarmTypes"`
	State      string   `json:"StateValue"`
	MaxRecords int      `json:"MaxRecords"`
	NextToken  string   `json:"NextToken"`
}

type describeOut struct {
	Composite []empty `json:"CompositeAlarms"`
	Metric    []alarm `json:"MetricAlarms"`
	NextToken string  `json:"NextToken,omitempty"`
}

// describe answers alarms in order of their names; one that is not there is left out.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
func (c call) describe(in describeIn) (describeOut, error) {
	out := describeOut{Composite: []empty{}, Metric: []alarm{}}
	if len(in.Names) > 0 && in.Prefix != "" {
		return out, invalid("AlarmNamePrefix cannot be used with AlarmNames")
	}
	if len(in.Names) > 100 {
		return out, invalid("AlarmNames can have at most 100 members")
	}
	size, err := wire.PageSize(in.MaxRecords, 50, 100, "ValidationError")
	if err != nil {
		return out, err
	}
	var alarms []alarm
	for _, name := range slices.Sorted(maps.Keys(c.alarms[c.scope])) {
		if a := c.alarms[c.scope][name]; in.wants(a) {
			alarms = append(alarms, *a)
		}
	}
	page, next, err := wire.Page(alarms, in.NextToken, size, "InvalidNextToken")
	out.Metric, out.NextToken = append(out.Metric, page...), next
	return out, err
}

func (in describeIn) wants(a *alarm) bool {
	return (len(in.Names) == 0 || slices.Contains(in.Names, a.Name)) && strings.HasPrefix(a.Name, in.Prefix) &&
		(in.State == "" || in.State == a.State) && (len(in.Types) == 0 || slices.Contains(in.Types, metricAlarm))
}

type setStateIn struct {
	Name       string `json:"AlarmName"`
	State      string `json:"StateValue"`
	Reason     string `json:"StateReason"`
	ReasonData string `json:"StateReasonData"`
}

// setState changes an alarm's state; it stays until the next call.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html
func (c call) setState(in setStateIn) (empty, error) {
	if err := checkState(in.State); err != nil {
		return empty{}, err
	}
	a := c.alarms[c.scope][in.Name]
	if a == nil {
		return empty{}, notFound()
	}
	now, from := wire.At(c.clock.Now()), a.state()
	a.State, a.Reason, a.ReasonData, a.StateAt = in.State, in.Reason, in.ReasonData, now
	if from.Value != in.State {
		a.TransitionAt = now
		c.transitioned(a, from)
	}
	return empty{}, nil
}

type deleteIn struct {
	Names []string `json:"AlarmNames"`
}

// delete removes all of the alarms or, where one is not there, none.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarms.html
func (c call) delete(in deleteIn) (empty, error) {
	own := c.alarms[c.scope]
	for _, name := range in.Names {
		if own[name] == nil {
			return empty{}, notFound()
		}
	}
	for _, name := range in.Names {
		if a := own[name]; a != nil { // named twice
			c.configured(a, "delete")
		}
		delete(own, name)
	}
	return empty{}, nil
}

func notFound() error {
	return &wire.Error{Code: "ResourceNotFound", Message: "The alarm does not exist.", Status: http.StatusNotFound}
}
