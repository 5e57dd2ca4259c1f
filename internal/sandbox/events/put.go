package events

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/events/pattern"
	"github.com/tagboat/tagboat/internal/sandbox/policy"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// event is an event as it goes over a bus, in AWS's order.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
type event struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       string          `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

func newEvent(scope wire.Scope, source string, at time.Time, detailType string, detail []byte, resources []string) event {
	return event{
		Version: "0", ID: wire.NewID(), DetailType: detailType, Source: source, Account: scope.Account,
		Time: at.UTC().Format(time.RFC3339), Region: scope.Region, Resources: append([]string{}, resources...), Detail: detail,
	}
}

type putEntry struct {
	Time         wire.Time
	Source       string
	Resources    []string
	DetailType   string
	Detail       string
	EventBusName string
	TraceHeader  string
}

type putEventsInput struct {
	Entries    []putEntry
	EndpointID string `json:"EndpointId"`
}

type putResult struct {
	EventID      string `json:"EventId,omitempty"`
	ErrorCode    string `json:",omitempty"`
	ErrorMessage string `json:",omitempty"`
}

type putEventsOutput struct {
	FailedEntryCount int
	Entries          []putResult
}

const (
	maxEntries = 10
	maxEntry   = 1 << 20 // of all entries together
)

// size is how much an entry counts.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size
func (e putEntry) size() int {
	n := len(e.Source) + len(e.DetailType) + len(e.Detail)
	if !e.Time.IsZero() {
		n += 14
	}
	for _, r := range e.Resources {
		n += len(r)
	}
	return n
}

// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
func (c call) putEvents(in putEventsInput) (putEventsOutput, error) {
	out := putEventsOutput{Entries: []putResult{}}
	size := 0
	for _, e := range in.Entries {
		size += e.size()
	}
	switch {
	case in.EndpointID != "":
		return out, lacks("global endpoints")
	case len(in.Entries) == 0 || len(in.Entries) > maxEntries:
		return out, wire.InvalidMember(invalid, fmt.Sprint(len(in.Entries)), "entries", "have length between 1 and 10")
	case size > maxEntry:
		return out, wire.Errorf(invalid, "Total size of the entries in the request is over the limit.")
	}
	for _, e := range in.Entries {
		id, err := c.put(e)
		var refused *wire.Error
		if errors.As(err, &refused) {
			out.FailedEntryCount++
			out.Entries = append(out.Entries, putResult{ErrorCode: refused.Code, ErrorMessage: refused.Message})
			continue
		}
		out.Entries = append(out.Entries, putResult{EventID: id})
	}
	return out, nil
}

// put sends one event to a bus and returns its id.
func (c call) put(e putEntry) (string, error) {
	var detail map[string]json.RawMessage
	missing := func(name string) error {
		return wire.Errorf("InvalidArgument", "Parameter %s is not valid. Reason: %s is a required argument.", name, name)
	}
	switch {
	case e.Source == "":
		return "", missing("Source")
	case e.DetailType == "":
		return "", missing("DetailType")
	case e.Detail == "":
		return "", missing("Detail")
	case strings.HasPrefix(e.Source, "aws."):
		return "", wire.Errorf("NotAuthorizedForSourceException", "Not authorized for the source.")
	case json.Unmarshal([]byte(e.Detail), &detail) != nil || detail == nil:
		return "", wire.Errorf("MalformedDetail", "Detail is malformed.")
	}
	b, err := c.target(e.EventBusName)
	if err != nil {
		return "", err
	}
	at := c.now
	if !e.Time.IsZero() {
		at = e.Time.Time
	}
	var compact bytes.Buffer
	_ = json.Compact(&compact, []byte(e.Detail)) // it was read above
	sent := newEvent(c.caller.Scope, e.Source, at, e.DetailType, compact.Bytes(), e.Resources)
	if b != nil {
		c.route(b, sent, false)
	}
	return sent.ID, nil
}

// target returns the bus that an entry names. A name that no bus has is no error on AWS either:
// the event goes nowhere.
func (c call) target(id string) (*bus, error) {
	scope, name, isARN := parseBus(id)
	if !isARN {
		scope, name = c.caller.Scope, cmp.Or(id, defaultBus)
	}
	b := c.bus(scope, name)
	if b == nil {
		return nil, nil
	}
	decided := b.policy.Decide(policy.Request{Principal: c.caller.ARN, Account: c.caller.Account, Action: "events:PutEvents", Resource: b.arn()})
	if decided == policy.Denied || decided == policy.Silent && scope.Account != c.caller.Account {
		return nil, wire.Errorf("AccessDeniedException", "User: %s is not authorized to perform: events:PutEvents on resource: %s because no resource-based policy allows the events:PutEvents action", c.caller.ARN, b.arn())
	}
	return b, nil
}

type testInput struct {
	EventPattern string
	Event        string
}

type testOutput struct{ Result bool }

// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TestEventPattern.html
func (c call) testPattern(in testInput) (testOutput, error) {
	p, err := pattern.Parse(in.EventPattern)
	if err != nil {
		return testOutput{}, wire.Errorf("InvalidEventPatternException", "%v", err)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(in.Event), &members); err != nil {
		return testOutput{}, wire.Errorf(invalid, "Parameter Event is not valid. Reason: %v", err)
	}
	for _, name := range []string{"id", "account", "source", "time", "region", "resources", "detail-type"} {
		if members[name] == nil {
			return testOutput{}, wire.Errorf(invalid, "Parameter Event is not valid. Reason: Missing mandatory field %s.", name)
		}
	}
	decoded, err := pattern.Decode([]byte(in.Event))
	return testOutput{err == nil && p.Matches(decoded)}, err
}
