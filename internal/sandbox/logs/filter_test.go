package logs_test

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/logs"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

// filterPages follows nextToken and returns the messages of each page.
func filterPages(t *testing.T, c cloud, in sdk.FilterLogEventsInput) (pages []string, err error) {
	t.Helper()
	in.LogGroupName = aws.String("g")
	for {
		out, err := c.FilterLogEvents(t.Context(), &in)
		if err != nil {
			return nil, err
		}
		var m []string
		for _, e := range out.Events {
			m = append(m, *e.Message)
		}
		pages = append(pages, strings.Join(m, " "))
		if out.NextToken == nil {
			return pages, nil
		}
		in.NextToken = out.NextToken
	}
}

func TestFilterLogEvents(t *testing.T) {
	c := newCloud(t)
	c.createGroup(t, "g")
	for i, m := range []string{"app:a", "envoy:b", "app:c", "app:d", "envoy:e"} {
		stream, _, _ := strings.Cut(m, ":")
		c.service.Append(here, "g", stream+"/1", start.Add(time.Duration(i)*time.Second), m)
	}
	c.service.Append(here, "g", "app/2", start.Add(2*time.Second), "app:x")
	at := func(seconds int) *int64 {
		return aws.Int64(start.Add(time.Duration(seconds) * time.Second).UnixMilli())
	}
	type input = sdk.FilterLogEventsInput
	for name, tt := range map[string]struct {
		in      input
		want    []string
		wantErr string
	}{
		"all, interleaved":     {in: input{}, want: []string{"app:a envoy:b app:c app:x app:d envoy:e"}},
		"range, inclusive":     {in: input{StartTime: at(1), EndTime: at(2)}, want: []string{"envoy:b app:c app:x"}},
		"stream names":         {in: input{LogStreamNames: []string{"app/2", "envoy/1"}}, want: []string{"envoy:b app:x envoy:e"}},
		"stream prefix":        {in: input{LogStreamNamePrefix: aws.String("app/")}, want: []string{"app:a app:c app:x app:d"}},
		"pattern":              {in: input{FilterPattern: aws.String("envoy")}, want: []string{"envoy:b envoy:e"}},
		"pages":                {in: input{Limit: aws.Int32(4)}, want: []string{"app:a envoy:b app:c app:x", "app:d envoy:e"}},
		"a full page, no more": {in: input{Limit: aws.Int32(3)}, want: []string{"app:a envoy:b app:c", "app:x app:d envoy:e"}},
		"limit counts matches": {in: input{Limit: aws.Int32(1), FilterPattern: aws.String("envoy")}, want: []string{"envoy:b", "envoy:e"}},
		"newest first": {in: input{StartFromHead: aws.Bool(false), StartTime: at(0), Limit: aws.Int32(4)},
			want: []string{"envoy:e app:d app:x app:c", "envoy:b app:a"}},
		"newest first of all time": {in: input{StartFromHead: aws.Bool(false)}, wantErr: "InvalidParameterException: "},
		"names and prefix":         {in: input{LogStreamNames: []string{"a"}, LogStreamNamePrefix: aws.String("a")}, wantErr: "InvalidParameterException: "},
		"limit":                    {in: input{Limit: aws.Int32(10_001)}, wantErr: "InvalidParameterException: 1 validation error detected: Value '10001' at 'limit' failed"},
		"token":                    {in: input{NextToken: aws.String("rubbish")}, wantErr: "InvalidParameterException: The specified nextToken is invalid."},
		"bad pattern":              {in: input{FilterPattern: aws.String("app:")}, wantErr: "InvalidParameterException: Invalid character(s) in term 'app:'"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := filterPages(t, c, tt.in)
			wiretest.WantFailure(t, err, tt.wantErr)
			expect.Equal(t, tt.want, got)
		})
	}
}

func TestFilteredEvent(t *testing.T) {
	c := newStream(t)
	c.service.Append(here, "g", "s", start.Add(1500*time.Millisecond), "m")
	out := expect.Value(c.FilterLogEvents(t.Context(), &sdk.FilterLogEventsInput{LogGroupName: aws.String("g")}))(t)
	at := start.UnixMilli() + 1500
	want := []types.FilteredLogEvent{{LogStreamName: aws.String("s"), Message: aws.String("m"), Timestamp: &at, IngestionTime: &at, EventId: out.Events[0].EventId}}
	expect.Equal(t, want, out.Events, sdkOnly)
	if id := *out.Events[0].EventId; len(id) != 56 {
		t.Errorf("the event's id is %q", id)
	}
}

// A page looks at ten thousand events, so the first one that finds none is empty and
// still has a token.
func TestFilterPageWithoutMatch(t *testing.T) {
	c := newCloud(t)
	for i := range 10_005 {
		c.service.Append(here, "g", "s", start.Add(time.Duration(i)*time.Millisecond), "line "+strconv.Itoa(i))
	}
	c.service.Append(here, "g", "s", start.Add(time.Hour), "needle")
	got, err := filterPages(t, c, sdk.FilterLogEventsInput{FilterPattern: aws.String("needle")})
	if diff := cmp.Diff([]string{"", "needle"}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestFilterPattern(t *testing.T) {
	messages := []string{
		"[ERROR 400] BAD REQUEST", "[ERROR 401] UNAUTHORIZED REQUEST", "[WARN] INTERNAL SERVER ERROR", "ok", `say "hi" \o/`,
	}
	c := newCloud(t)
	for i, m := range messages {
		c.service.Append(here, "g", "s", start.Add(time.Duration(i)*time.Second), m)
	}
	for pattern, want := range map[string]string{ // the numbers of the messages that match, or the error
		"":                        "01234",
		"  ":                      "01234",
		"ERROR":                   "012",
		"error":                   "",
		"ERROR REQUEST":           "01",
		"REQUEST ERROR":           "01",
		"?BAD ?WARN":              "02",
		"?BAD ?WARN ok":           "3",
		"ERROR -BAD":              "12",
		"-ERROR":                  "34",
		`"SERVER ERROR"`:          "2",
		`"[ERROR" -"400] B"`:      "1",
		`?"401" ?"[WARN]"`:        "12",
		`"\"hi\" \\o"`:            "4",
		"ERR-OR":                  "InvalidParameterException: Invalid character(s) in term 'ERR-OR'",
		`"open`:                   "InvalidParameterException: ",
		`""`:                      "InvalidParameterException: ",
		"-":                       "InvalidParameterException: Invalid character(s) in term ''",
		`{ $.level = "error" }`:   "InvalidParameterException: Invalid filter pattern: ",
		"[a, b]":                  "InvalidParameterException: Invalid filter pattern: ",
		"%regex%":                 "InvalidParameterException: Invalid filter pattern: ",
		strings.Repeat("x", 1025): "InvalidParameterException: 1 validation error detected: ",
	} {
		t.Run(pattern, func(t *testing.T) {
			out, err := c.FilterLogEvents(t.Context(), &sdk.FilterLogEventsInput{LogGroupName: aws.String("g"), FilterPattern: &pattern})
			got := wiretest.Failure(err)
			if err == nil {
				for _, e := range out.Events {
					got += strconv.Itoa(int(*e.Timestamp-start.UnixMilli()) / 1000)
				}
			}
			if got != want && (err == nil || want == "" || !strings.HasPrefix(got, want)) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// FuzzFilterPattern filters a message by any pattern. The answer is the message or none,
// or an error of AWS's kind; and a phrase in quotes finds just what contains it.
func FuzzFilterPattern(f *testing.F) {
	for _, pattern := range []string{"", "a", "a b", "-a", "?a ?b", `"a b"`, `-"a\"b"`, `?"`, `"\\"`, "{$.a}", "[a]", "é", "a\tb\n"} {
		f.Add(pattern, "a b")
	}
	f.Fuzz(func(t *testing.T, pattern, message string) {
		s := logs.New(clock.NewManual(start))
		s.Append(here, "g", "s", start, message)
		matches := func(pattern string) (bool, error) {
			body, _ := json.Marshal(map[string]string{"logGroupName": "g", "filterPattern": pattern})
			out, err := s.Service().Operations["FilterLogEvents"](context.Background(), &wire.Request{Caller: wire.Caller{Scope: here}, JSON: body})
			var e *wire.Error
			if err != nil && !errors.As(err, &e) {
				t.Fatalf("%q: not AWS's kind of error: %v", pattern, err)
			}
			data, _ := json.Marshal(out)
			return strings.Contains(string(data), "eventId"), err
		}
		_, _ = matches(pattern)

		phrase := strings.ToValidUTF8(pattern, "")
		quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(phrase) + `"`
		if phrase == "" || len(quoted) > 1024 {
			return
		}
		if got, err := matches(quoted); err != nil || got != strings.Contains(message, phrase) {
			t.Errorf("%s in %q: %t, %v", quoted, message, got, err)
		}
	})
}
