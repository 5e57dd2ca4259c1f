package logs

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

type streamInput struct {
	Group  string `json:"logGroupName"`
	Stream string `json:"logStreamName"`
}

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogStream.html
func (c call) createStream(in streamInput) (struct{}, error) {
	g, err := c.group(in.Group, "")
	if err != nil {
		return struct{}{}, err
	}
	if err := checkStreamName(in.Stream); err != nil {
		return struct{}{}, err
	}
	if g.Streams[in.Stream] != nil {
		return struct{}{}, wire.Errorf("ResourceAlreadyExistsException", "The specified log stream already exists")
	}
	g.addStream(in.Stream, c.now)
	return struct{}{}, nil
}

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteLogStream.html
func (c call) deleteStream(in streamInput) (struct{}, error) {
	g, err := c.group(in.Group, "")
	if err != nil {
		return struct{}{}, err
	}
	s, err := g.stream(in.Stream)
	if err != nil {
		return struct{}{}, err
	}
	delete(g.Streams, s.Name)
	return struct{}{}, nil
}

type describeStreamsInput struct {
	Group      string `json:"logGroupName"`
	Identifier string `json:"logGroupIdentifier"`
	Prefix     string `json:"logStreamNamePrefix"`
	OrderBy    string `json:"orderBy"`
	Descending bool   `json:"descending"`
	Limit      *int   `json:"limit"`
	NextToken  string `json:"nextToken"`
}

type describeStreamsOutput struct {
	Streams   []streamOutput `json:"logStreams"`
	NextToken string         `json:"nextToken,omitempty"`
}

// streamOutput is a log stream as it is described; one without events has no times
// of any.
type streamOutput struct {
	ARN           string `json:"arn"`
	CreationTime  int64  `json:"creationTime"`
	FirstEvent    *int64 `json:"firstEventTimestamp,omitempty"`
	LastEvent     *int64 `json:"lastEventTimestamp,omitempty"`
	LastIngestion *int64 `json:"lastIngestionTime,omitempty"`
	Name          string `json:"logStreamName"`
	StoredBytes   int64  `json:"storedBytes"` // AWS has answered 0 since 2019
	UploadToken   string `json:"uploadSequenceToken,omitempty"`
}

// describeStreams lists the streams of a group, by name or by their last event.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html
func (c call) describeStreams(in describeStreamsInput) (describeStreamsOutput, error) {
	out := describeStreamsOutput{Streams: []streamOutput{}}
	g, err := c.group(in.Group, in.Identifier)
	if err != nil {
		return out, err
	}
	size, err := in.check()
	if err != nil {
		return out, err
	}
	page, next, err := wire.Page(in.find(g), in.NextToken, size, invalidParameter)
	if err != nil {
		return out, badToken()
	}
	out.NextToken = next
	for _, s := range page {
		out.Streams = append(out.Streams, c.describeStream(g, s))
	}
	return out, nil
}

func (in describeStreamsInput) check() (size int, err error) {
	switch in.OrderBy {
	case "", "LogStreamName":
	case "LastEventTime":
		if in.Prefix != "" {
			return 0, wire.Errorf(invalidParameter, "Cannot order by LastEventTime with a logStreamNamePrefix.")
		}
	default:
		return 0, invalidMember(in.OrderBy, "orderBy", "satisfy enum value set: [LogStreamName, LastEventTime]")
	}
	return wire.PageLimit(in.Limit, maxDescribePage, invalidParameter, "limit")
}

// find returns the streams that were asked for, in order.
func (in describeStreamsInput) find(g *group) []*stream {
	streams := slices.SortedFunc(maps.Values(g.Streams), func(a, b *stream) int {
		if in.OrderBy == "LastEventTime" {
			return cmp.Or(cmp.Compare(a.last(), b.last()), strings.Compare(a.Name, b.Name))
		}
		return strings.Compare(a.Name, b.Name)
	})
	if in.Descending {
		slices.Reverse(streams)
	}
	return slices.DeleteFunc(streams, func(s *stream) bool { return !strings.HasPrefix(s.Name, in.Prefix) })
}

// last returns the time of the newest event, 0 where there is none.
func (s *stream) last() int64 {
	if len(s.Events) == 0 {
		return 0
	}
	return s.Events[len(s.Events)-1].At
}

func (st *store) describeStream(g *group, s *stream) streamOutput {
	out := streamOutput{ARN: st.groupARN(g.Name) + ":log-stream:" + s.Name, CreationTime: s.CreatedAt, Name: s.Name}
	if len(s.Events) > 0 {
		first, last, ingested := s.Events[0].At, s.last(), s.IngestedAt
		out.FirstEvent, out.LastEvent, out.LastIngestion, out.UploadToken = &first, &last, &ingested, sequenceToken(s)
	}
	return out
}

// place lies between two events of a stream: before the event with this time and
// number and after all earlier ones. It stays where it is when events come.
type place struct {
	at     int64
	number int
}

func (e event) place() place { return place{e.At, e.Number} }
func (e event) after() place { return place{e.At, e.Number + 1} }

func (p place) before(q place) bool {
	return p.at < q.at || p.at == q.at && p.number < q.number
}

// Tokens look as AWS's do, f/…/s and b/…/s around 56 digits.
const (
	timeDigits   = 28
	numberDigits = 28
)

func (p place) forward() string  { return p.token("f") }
func (p place) backward() string { return p.token("b") }

func (p place) token(direction string) string {
	return fmt.Sprintf("%s/%0*d%0*d/s", direction, timeDigits, p.at, numberDigits, p.number)
}

// parsePlace reads a token of GetLogEvents.
func parsePlace(token string) (p place, onward bool, err error) {
	parts := strings.Split(token, "/")
	if len(parts) != 3 || len(parts[1]) != timeDigits+numberDigits {
		return place{}, false, badToken()
	}
	at, err1 := strconv.ParseInt(parts[1][:timeDigits], 10, 64)
	number, err2 := strconv.Atoi(parts[1][timeDigits:])
	if p = (place{at, number}); err1 != nil || err2 != nil || (p.forward() != token && p.backward() != token) {
		return place{}, false, badToken()
	}
	return p, parts[0] == "f", nil
}
