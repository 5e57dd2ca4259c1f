package cloudwatch

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// historyKept is how long CloudWatch keeps what became of an alarm, deleted ones included.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
const historyKept = 30 * 24 * time.Hour

// The kinds of entries.
const (
	stateUpdate         = "StateUpdate"
	configurationUpdate = "ConfigurationUpdate"
)

// historyItem is the AlarmHistoryItem structure of an answer.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_AlarmHistoryItem.html
type historyItem struct {
	Name    string    `json:"AlarmName"`
	Type    string    `json:"AlarmType"`
	At      wire.Time `json:"Timestamp"`
	Kind    string    `json:"HistoryItemType"`
	Summary string    `json:"HistorySummary"`
	Data    string    `json:"HistoryData"`
}

// stateData is the half of the data of a StateUpdate, as the AWS command line's page shows it.
// https://docs.aws.amazon.com/cli/latest/reference/cloudwatch/describe-alarm-history.html
type stateData struct {
	Value  string          `json:"stateValue"`
	Reason string          `json:"stateReason"`
	Data   json.RawMessage `json:"stateReasonData,omitempty"`
}

func (a *alarm) state() stateData {
	s := stateData{Value: a.State, Reason: a.Reason}
	if json.Valid([]byte(a.ReasonData)) {
		s.Data = json.RawMessage(a.ReasonData)
	}
	return s
}

// transitioned remembers that an alarm came from one state to another.
func (c call) transitioned(a *alarm, from stateData) {
	c.remember(a.Name, stateUpdate, fmt.Sprintf("Alarm updated from %s to %s", from.Value, a.State), map[string]any{
		"version": "1.0", "oldState": from, "newState": a.state(),
	})
}

// configured remembers that an alarm was created, updated or deleted.
func (c call) configured(a *alarm, done string) {
	c.remember(a.Name, configurationUpdate, fmt.Sprintf("Alarm %q %sd", a.Name, done), map[string]any{
		"version": "1.0", "type": string(done[0]-'a'+'A') + done[1:], done + "dAlarm": a,
	})
}

// mostData is how long the data of an entry may be.
const mostData = 4095

func (c call) remember(name, kind, summary string, data map[string]any) {
	text, err := json.Marshal(data)
	if err != nil {
		text = []byte("{}")
	}
	now := c.clock.Now()
	kept := slices.DeleteFunc(c.history[c.scope], func(i historyItem) bool { return now.Sub(i.At.Time) > historyKept })
	c.history[c.scope] = append(kept, historyItem{
		Name: name, Type: metricAlarm, At: wire.At(now), Kind: kind, Summary: summary, Data: string(text[:min(len(text), mostData)]),
	})
}

type historyIn struct {
	Name       string    `json:"AlarmName"`
	Types      []string  `json:"AlarmTypes"`
	Kind       string    `json:"HistoryItemType"`
	From       wire.Time `json:"StartDate"`
	To         wire.Time `json:"EndDate"`
	ScanBy     string    `json:"ScanBy"`
	MaxRecords int       `json:"MaxRecords"`
	NextToken  string    `json:"NextToken"`
}

type historyOut struct {
	Items     []historyItem `json:"AlarmHistoryItems"`
	NextToken string        `json:"NextToken,omitempty"`
}

// describeHistory answers what became of alarms, the newest first unless the oldest are asked for.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
func (c call) describeHistory(in historyIn) (historyOut, error) {
	out := historyOut{Items: []historyItem{}}
	if err := in.check(); err != nil {
		return out, err
	}
	size, err := wire.PageSize(in.MaxRecords, 100, 100, "ValidationError")
	if err != nil {
		return out, err
	}
	now := c.clock.Now()
	var items []historyItem
	for _, i := range c.history[c.scope] {
		if in.wants(i) && now.Sub(i.At.Time) <= historyKept {
			items = append(items, i)
		}
	}
	if in.ScanBy != ascending {
		slices.Reverse(items)
	}
	page, next, err := wire.Page(items, in.NextToken, size, "InvalidNextToken")
	out.Items, out.NextToken = append(out.Items, page...), next
	return out, err
}

// The orders of an answer.
const (
	ascending  = "TimestampAscending"
	descending = "TimestampDescending"
)

func (in historyIn) check() error {
	kinds := []string{"", configurationUpdate, stateUpdate, "Action", "AlarmContributorStateUpdate", "AlarmContributorAction"}
	switch {
	case !slices.Contains(kinds, in.Kind):
		return invalid("Value '%s' at 'historyItemType' failed to satisfy constraint: Member must satisfy enum value set", in.Kind)
	case !slices.Contains([]string{"", ascending, descending}, in.ScanBy):
		return invalid("Value '%s' at 'scanBy' failed to satisfy constraint: Member must satisfy enum value set: [TimestampDescending, TimestampAscending]", in.ScanBy)
	case !in.From.IsZero() && !in.To.IsZero() && in.To.Before(in.From.Time):
		return invalid("The parameter StartDate must be less than the parameter EndDate.")
	}
	return nil
}

func (in historyIn) wants(i historyItem) bool {
	return (in.Name == "" || in.Name == i.Name) && (in.Kind == "" || in.Kind == i.Kind) && (len(in.Types) == 0 || slices.Contains(in.Types, i.Type)) &&
		(in.From.IsZero() || !i.At.Before(in.From.Time)) && (in.To.IsZero() || !i.At.After(in.To.Time))
}
