package logs

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
	size, err := limit(in.Limit, maxEvents, maxEvents)
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
