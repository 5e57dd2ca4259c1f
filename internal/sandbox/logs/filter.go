package logs

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// maxScan is how many events one call looks at. A page without a match can thus be
// empty and still not be the last, as on AWS.
const maxScan = 10_000

type filterEventsInput struct {
	Group         string   `json:"logGroupName"`
	Identifier    string   `json:"logGroupIdentifier"`
	Streams       []string `json:"logStreamNames"`
	Prefix        string   `json:"logStreamNamePrefix"`
	StartTime     *int64   `json:"startTime"`
	EndTime       *int64   `json:"endTime"`
	Pattern       string   `json:"filterPattern"`
	Limit         *int     `json:"limit"`
	NextToken     string   `json:"nextToken"`
	StartFromHead *bool    `json:"startFromHead"`
}

type filterEventsOutput struct {
	Events    []filteredEvent `json:"events"`
	Searched  []struct{}      `json:"searchedLogStreams"` // empty since 2020
	NextToken string          `json:"nextToken,omitempty"`
}

type filteredEvent struct {
	Stream        string `json:"logStreamName"`
	Timestamp     int64  `json:"timestamp"`
	Message       string `json:"message"`
	IngestionTime int64  `json:"ingestionTime"`
	ID            string `json:"eventId"`
}

// filterEvents searches the streams of a group, by time.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
func (c call) filterEvents(in filterEventsInput) (filterEventsOutput, error) {
	out := filterEventsOutput{Events: []filteredEvent{}, Searched: []struct{}{}}
	g, err := c.group(in.Group, in.Identifier)
	if err != nil {
		return out, err
	}
	size, pattern, from, err := in.parse()
	if err != nil {
		return out, err
	}
	candidates := in.candidates(g, from)
	bytes := 0
	for i, e := range candidates {
		bytes += len(e.Message) + eventOverhead
		if i == maxScan || len(out.Events) == size || bytes > maxPageBytes && i > 0 {
			out.NextToken = (&cursor{e.place(), e.stream, from.Down}).token()
			break
		}
		if pattern.match(e.Message) {
			out.Events = append(out.Events, filteredEvent{e.stream, e.At, e.Message, e.IngestedAt, e.id()})
		}
	}
	return out, nil
}

// parse checks the request and says where its page starts.
func (in filterEventsInput) parse() (size int, p pattern, from cursor, err error) {
	if in.Prefix != "" && len(in.Streams) > 0 {
		return 0, p, from, wire.Errorf(invalidParameter, "The logStreamNames and logStreamNamePrefix parameters are mutually exclusive.")
	}
	if size, err = wire.PageLimit(in.Limit, maxEvents, invalidParameter, "limit"); err != nil {
		return 0, p, from, err
	}
	if p, err = parsePattern(in.Pattern); err != nil {
		return 0, p, from, err
	}
	if in.NextToken != "" {
		from, err = parseCursor(in.NextToken)
		return size, p, from, err
	}
	from.Down = in.StartFromHead != nil && !*in.StartFromHead
	since := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	if from.Down && (in.StartTime == nil || *in.StartTime < since) {
		return 0, p, from, wire.Errorf(invalidParameter, "startFromHead can be false only when startTime is on or after Jan 1, 2024 00:00:00 UTC.")
	}
	return size, p, from, nil
}

// candidate is an event of one of the streams that are searched.
type candidate struct {
	event
	stream string
}

// candidates returns the events in the streams and times that were asked for, in order,
// from the cursor on.
func (in filterEventsInput) candidates(g *group, from cursor) []candidate {
	var matches []candidate
	for name, s := range g.Streams {
		if !strings.HasPrefix(name, in.Prefix) || len(in.Streams) > 0 && !slices.Contains(in.Streams, name) {
			continue
		}
		for _, e := range s.between(in.StartTime, nil) {
			if in.EndTime == nil || e.At <= *in.EndTime {
				matches = append(matches, candidate{e, name})
			}
		}
	}
	slices.SortFunc(matches, candidate.compare)
	if from.Down {
		slices.Reverse(matches)
	}
	if from.Stream == "" {
		return matches
	}
	start := slices.IndexFunc(matches, from.reached)
	if start < 0 {
		return nil
	}
	return matches[start:]
}

func (c candidate) compare(d candidate) int {
	return cmp.Or(cmp.Compare(c.At, d.At), strings.Compare(c.stream, d.stream), cmp.Compare(c.Number, d.Number))
}

// id is unique within a log group, and 56 digits long as AWS's.
func (c candidate) id() string {
	return fmt.Sprintf("%020d%010d%026d", c.At, crc32.ChecksumIEEE([]byte(c.stream)), c.Number)
}

// cursor is the event that a page starts with.
type cursor struct {
	place
	Stream string
	Down   bool // towards older events
}

type cursorText struct {
	At     int64  `json:"t"`
	Number int    `json:"n"`
	Stream string `json:"s"`
	Down   bool   `json:"d"`
}

func (c *cursor) token() string {
	text, _ := json.Marshal(cursorText{c.at, c.number, c.Stream, c.Down}) // nothing in it can fail
	return base64.RawURLEncoding.EncodeToString(text)
}

func parseCursor(token string) (cursor, error) {
	var t cursorText
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || json.Unmarshal(text, &t) != nil || t.Stream == "" {
		return cursor{}, badToken()
	}
	return cursor{place{t.At, t.Number}, t.Stream, t.Down}, nil
}

// reached reports whether c is the cursor's event or comes after it.
func (c cursor) reached(e candidate) bool {
	order := e.compare(candidate{event{At: c.at, Number: c.number}, c.Stream})
	return order == 0 || c.Down == (order < 0)
}

// pattern is a filter pattern of terms. A message matches if it has all of the
// required terms and none of the excluded ones; where there are neither, one of the
// optional ones is enough.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
type pattern struct {
	required []string
	excluded []string
	optional []string
}

const maxPattern = 1024

// parsePattern reads terms of letters, digits and underscores, and phrases in double
// quotes, each with - or ? in front or with nothing. Patterns in braces, brackets and
// percent signs look into the structure of a message; the sandbox has none of those.
func parsePattern(s string) (pattern, error) {
	var p pattern
	if len(s) > maxPattern {
		return p, invalidMember(s, "filterPattern", "have length less than or equal to 1024")
	}
	for rest := strings.TrimSpace(s); rest != ""; rest = strings.TrimLeft(rest, " \t\r\n") {
		if strings.ContainsRune("{[%", rune(rest[0])) {
			return p, wire.Errorf(invalidParameter, "Invalid filter pattern: the sandbox has terms and phrases only: %s", s)
		}
		terms := &p.required
		switch rest[0] {
		case '-':
			terms, rest = &p.excluded, rest[1:]
		case '?':
			terms, rest = &p.optional, rest[1:]
		}
		var term string
		var err error
		if term, rest, err = cutTerm(rest); err != nil {
			return p, err
		}
		*terms = append(*terms, term)
	}
	return p, nil
}

// cutTerm splits a term or a phrase off the front.
func cutTerm(s string) (term, rest string, err error) {
	if strings.HasPrefix(s, `"`) {
		return cutPhrase(s)
	}
	end := strings.IndexAny(s, " \t\r\n")
	if end < 0 {
		end = len(s)
	}
	term, rest = s[:end], s[end:]
	if term == "" || strings.ContainsFunc(term, func(r rune) bool { return !isTermRune(r) }) {
		return "", "", wire.Errorf(invalidParameter, "Invalid character(s) in term '%s'", term)
	}
	return term, rest, nil
}

func isTermRune(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// cutPhrase splits off what stands in double quotes, where \" is a quote and \\ is a
// backslash.
func cutPhrase(s string) (phrase, rest string, err error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"' && b.Len() == 0:
			return "", "", wire.Errorf(invalidParameter, "Invalid filter pattern: an empty phrase: %s", s)
		case s[i] == '"':
			return b.String(), s[i+1:], nil
		case s[i] == '\\' && i+1 < len(s) && strings.ContainsRune(`"\`, rune(s[i+1])):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", "", wire.Errorf(invalidParameter, "Invalid filter pattern: a quote is missing: %s", s)
}

// match reports whether a message fits. Case matters.
func (p pattern) match(message string) bool {
	has := func(term string) bool { return strings.Contains(message, term) }
	hasNot := func(term string) bool { return !has(term) }
	if len(p.required) == 0 && len(p.excluded) == 0 {
		return len(p.optional) == 0 || slices.ContainsFunc(p.optional, has)
	}
	return !slices.ContainsFunc(p.required, hasNot) && !slices.ContainsFunc(p.excluded, has)
}
