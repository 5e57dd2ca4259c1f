package logs

import (
	"fmt"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// What a batch may be.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
const (
	eventOverhead  = 26
	maxBatchBytes  = 1_048_576
	maxBatchEvents = 10_000
	maxBatchSpan   = 24 * time.Hour
	maxAge         = 14 * 24 * time.Hour
	maxAhead       = 2 * time.Hour
)

type inputEvent struct {
	Timestamp int64  `json:"timestamp"`
	Message   string `json:"message"`
}

type putEventsInput struct {
	streamInput
	Events []inputEvent `json:"logEvents"`
}

type putEventsOutput struct {
	NextToken string     `json:"nextSequenceToken"` // of no use any more, and still answered
	Rejected  *rejection `json:"rejectedLogEventsInfo,omitempty"`
}

// rejection says which events of a batch were left out; the rest was written.
type rejection struct {
	TooNewFrom *int `json:"tooNewLogEventStartIndex,omitempty"`
	TooOldTo   *int `json:"tooOldLogEventEndIndex,omitempty"`
	ExpiredTo  *int `json:"expiredLogEventEndIndex,omitempty"`
}

// putEvents writes a batch that is in order of time.
func (c call) putEvents(in putEventsInput) (putEventsOutput, error) {
	g, err := c.group(in.Group, "")
	if err != nil {
		return putEventsOutput{}, err
	}
	s, err := g.stream(in.Stream)
	if err != nil {
		return putEventsOutput{}, err
	}
	if err := checkBatch(in.Events); err != nil {
		return putEventsOutput{}, err
	}
	accepted, info := c.accept(g, in.Events)
	if n := len(accepted); n > 0 && accepted[n-1].Timestamp-accepted[0].Timestamp > maxBatchSpan.Milliseconds() {
		return putEventsOutput{}, wire.Errorf(invalidParameter, "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	}
	s.add(c.now, accepted)
	return putEventsOutput{NextToken: sequenceToken(s), Rejected: info}, nil
}

func checkBatch(events []inputEvent) error {
	if len(events) == 0 {
		return invalidMember("[]", "logEvents", "have length greater than or equal to 1")
	}
	if len(events) > maxBatchEvents {
		return wire.Errorf(invalidParameter, "1 validation error detected: Value at 'logEvents' failed to satisfy constraint: "+
			"Member must have length less than or equal to %d", maxBatchEvents)
	}
	size := 0
	for i, e := range events {
		if e.Message == "" {
			return invalidMember("", fmt.Sprintf("logEvents.%d.member.message", i+1), "have length greater than or equal to 1")
		}
		if i > 0 && e.Timestamp < events[i-1].Timestamp {
			return wire.Errorf(invalidParameter, "Log events in a single PutLogEvents request must be in chronological order.")
		}
		size += len(e.Message) + eventOverhead
	}
	if size > maxBatchBytes {
		return wire.Errorf(invalidParameter, "Upload too large: %d bytes exceeds limit of %d", size, maxBatchBytes)
	}
	return nil
}

// accept splits off the events that are too old, that the group's retention would
// remove at once, or that lie too far in the future.
func (c call) accept(g *group, events []inputEvent) ([]inputEvent, *rejection) {
	from, to, info := 0, len(events), rejection{}
	tooOld := c.now.Add(-maxAge).UnixMilli()
	expired := int64(0)
	if g.Retention > 0 {
		expired = c.now.AddDate(0, 0, -g.Retention).UnixMilli()
	}
	tooNew := c.now.Add(maxAhead).UnixMilli()
	for i, e := range events {
		end := i + 1
		switch {
		case e.Timestamp < tooOld:
			from, info.TooOldTo = end, &end
		case e.Timestamp < expired:
			from, info.ExpiredTo = end, &end
		case e.Timestamp > tooNew && info.TooNewFrom == nil:
			to, info.TooNewFrom = i, &i
		}
	}
	if info == (rejection{}) {
		return events, nil
	}
	return events[from:to], &info
}

func sequenceToken(s *stream) string { return fmt.Sprintf("%056d", s.Written) }

// CreateGroup makes a log group where there is none of that name, as the awslogs
// driver does it with awslogs-create-group before a container starts.
func (s *Service) CreateGroup(scope wire.Scope, group string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.store(scope); st.groups[group] == nil {
		st.addGroup(group, s.clock.Now())
	}
}

const (
	maxEvents    = 10_000
	maxPageBytes = 1 << 20
)

type getEventsInput struct {
	streamInput
	Identifier    string `json:"logGroupIdentifier"`
	StartTime     *int64 `json:"startTime"`
	EndTime       *int64 `json:"endTime"`
	Limit         *int   `json:"limit"`
	NextToken     string `json:"nextToken"`
	StartFromHead bool   `json:"startFromHead"`
}

type getEventsOutput struct {
	Events   []eventOutput `json:"events"`
	Forward  string        `json:"nextForwardToken"`
	Backward string        `json:"nextBackwardToken"`
}

type eventOutput struct {
	Timestamp     int64  `json:"timestamp"`
	Message       string `json:"message"`
	IngestionTime int64  `json:"ingestionTime"`
}

// getEvents reads one stream, forward or backward. At either end the page is empty and
// the token that led there is answered again, so that a reader knows it is at the end
// and can come back for what is written later.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
func (c call) getEvents(in getEventsInput) (getEventsOutput, error) {
	g, err := c.group(in.Group, in.Identifier)
	if err != nil {
		return getEventsOutput{}, err
	}
	s, err := g.stream(in.Stream)
	if err != nil {
		return getEventsOutput{}, err
	}
	size, err := wire.PageLimit(in.Limit, maxEvents, invalidParameter, "limit")
	if err != nil {
		return getEventsOutput{}, err
	}
	events := s.between(in.StartTime, in.EndTime)
	from, onward, err := in.start(events)
	if err != nil {
		return getEventsOutput{}, err
	}
	page := take(events, from, onward, size)
	out := getEventsOutput{Events: []eventOutput{}, Forward: from.forward(), Backward: from.backward()}
	for _, e := range page {
		out.Events = append(out.Events, eventOutput{e.At, e.Message, e.IngestedAt})
	}
	if n := len(page); n > 0 {
		out.Forward, out.Backward = page[n-1].after().forward(), page[0].place().backward()
	}
	return out, nil
}

// between returns the events from start on and before end.
func (s *stream) between(start, end *int64) []event {
	var events []event
	for _, e := range s.Events {
		if (start == nil || e.At >= *start) && (end == nil || e.At < *end) {
			events = append(events, e)
		}
	}
	return events
}

// start returns where to read from, and whether onward or backward.
func (in getEventsInput) start(events []event) (from place, onward bool, err error) {
	switch {
	case in.NextToken != "":
		return parsePlace(in.NextToken)
	case !in.StartFromHead && len(events) > 0:
		return events[len(events)-1].after(), false, nil
	default:
		return place{}, true, nil
	}
}

// take returns the up to n events before or after a place, in order of time, as far as
// they fit into a page.
func take(events []event, from place, onward bool, n int) []event {
	i := 0
	for i < len(events) && events[i].place().before(from) {
		i++
	}
	bytes, lo, hi := 0, i, i
	for hi-lo < n {
		next := hi
		if !onward {
			next = lo - 1
		}
		if next < 0 || next >= len(events) {
			break
		}
		if bytes += len(events[next].Message) + eventOverhead; bytes > maxPageBytes && hi > lo {
			break
		}
		lo, hi = min(lo, next), max(hi, next+1)
	}
	return events[lo:hi]
}
