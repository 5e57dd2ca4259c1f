package journal_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/journal"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// memory is a Log in memory.
type memory struct {
	streams map[string][]ecs.LogLine
	calls   int
	read    int // lines
	refuse  error
}

func (m *memory) Append(_ context.Context, group, stream string, lines []ecs.LogLine) error {
	m.calls++
	if m.refuse != nil {
		return m.refuse
	}
	if _, ok := m.streams[group+stream]; !ok {
		return ecs.ErrNotFound
	}
	m.streams[group+stream] = append(m.streams[group+stream], lines...)
	return nil
}

func (m *memory) Create(_ context.Context, group, stream string, _ int) error {
	m.calls++
	if m.streams == nil {
		m.streams = map[string][]ecs.LogLine{}
	}
	m.streams[group+stream] = nil
	return nil
}

func (m *memory) Backward(_ context.Context, group, stream string, from, to time.Time) iter.Seq2[ecs.LogLine, error] {
	return func(yield func(ecs.LogLine, error) bool) {
		for _, line := range slices.Backward(m.streams[group+stream]) {
			m.read++
			if !line.At.Before(from) && line.At.Before(to) && !yield(line, nil) {
				return
			}
		}
	}
}

func event(id string, at time.Time) tagboat.Event {
	return tagboat.Event{ID: id, At: at, Command: "pin", Environment: "dev", Image: "api", To: tagboat.Observed{Tag: id}}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	m := &memory{}
	j := journal.Journal{Log: m, Group: "/tagboat/shop"}
	first, second := event("1", noon), event("2", noon.Add(time.Minute))
	expect.OK(t, j.Write(t.Context(), second, first))
	third := event("3", noon.Add(time.Hour))
	m.calls = 0
	if err := j.Write(t.Context(), third); err != nil || m.calls != 1 {
		t.Errorf("%d calls, %v", m.calls, err)
	}
	m.streams["/tagboat/shopdev"] = append(m.streams["/tagboat/shopdev"], ecs.LogLine{At: noon, Message: "somebody else's"})
	got, err := j.Read(t.Context(), journal.Request{Environments: []tagboat.EnvName{"dev"}, From: noon, To: noon.Add(time.Hour)})
	if diff := cmp.Diff([]tagboat.Event{first, second}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if got, err := j.Read(t.Context(), journal.Request{Environments: []tagboat.EnvName{"prod"}, From: noon, To: noon.Add(time.Hour)}); len(got) != 0 || err != nil {
		t.Errorf("another environment has %v, %v", got, err)
	}
}

// TestNewest reads only as far as it must, and what it reads is the end of all there is.
func TestNewest(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	m := &memory{}
	j := journal.Journal{Log: m, Group: "/tagboat/shop"}
	environments := []tagboat.EnvName{"dev", "prod", "none"}
	for n := range 2000 {
		e := event(strconv.Itoa(n), noon.Add(time.Duration(n/3)*time.Minute).Add(time.Duration(dice.IntN(3))*time.Millisecond))
		e.Environment = environments[dice.IntN(2)]
		if n%7 == 0 {
			e.Image = "web"
		}
		for range 1 + n%2 { // as where the answer to a write was lost
			expect.OK(t, j.Write(t.Context(), e))
		}
	}
	for stream, lines := range m.streams {
		slices.SortStableFunc(lines, func(a, b ecs.LogLine) int { return a.At.Compare(b.At) })
		m.streams[stream] = lines
	}
	request := journal.Request{
		Environments: environments, From: noon, To: noon.AddDate(1, 0, 0),
		Wanted: func(e tagboat.Event) bool { return e.Image == "web" },
	}
	all, err := j.Read(t.Context(), request)
	if err != nil || len(all) < 286 {
		t.Fatal(len(all), err)
	}
	for _, newest := range []int{1, 10, 50, 286, 1000} {
		m.read, request.Newest = 0, newest
		got := expect.Value(j.Read(t.Context(), request))(t)
		expect.Equal(t, all[len(all)-len(got):], got)
		ids := map[string]bool{}
		for _, e := range got {
			ids[e.ID] = true
		}
		if want := min(newest, 286); len(ids) < want || newest == 10 && m.read > 200 {
			t.Errorf("%d of %d events after %d lines", len(ids), want, m.read)
		}
	}
}

// TestMessagesAreCut has a message that makes a line that is too long.
func TestMessagesAreCut(t *testing.T) {
	m := &memory{}
	long := event("1", noon)
	long.Message = strings.Repeat("\x01ü", 200_000)
	expect.OK(t, (journal.Journal{Log: m, Group: "/tagboat/shop"}).Write(t.Context(), long))
	line := m.streams["/tagboat/shopdev"][0].Message
	if got, ok := journal.Parse(line); !ok || len(line) > 1<<20-26 || !strings.HasPrefix(got.Message, "\x01ü\x01ü") || !strings.HasSuffix(got.Message, "…") {
		t.Errorf("%d bytes, %v", len(line), ok)
	}
}

func TestWhatCannotBeWrittenIsTold(t *testing.T) {
	m := &memory{refuse: errors.New("AccessDeniedException")}
	err := journal.Journal{Log: m, Group: "/tagboat/shop"}.Write(t.Context(), event("1", noon))
	if !errors.Is(err, m.refuse) || m.calls != 1 {
		t.Errorf("%v after %d calls", err, m.calls)
	}
}

func TestBuilds(t *testing.T) {
	for name, tc := range map[string]struct {
		env  map[string]string
		want journal.Build
	}{
		"nowhere": {map[string]string{"GITHUB_SHA": "abc"}, journal.Build{}},
		"GitHub": {
			map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "ann", "GITHUB_SHA": "abc", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "a/b", "GITHUB_RUN_ID": "7"},
			journal.Build{Actor: "ann", Commit: "abc", Run: "https://github.com/a/b/actions/runs/7"},
		},
		"GitLab":     {map[string]string{"GITLAB_CI": "true", "CI_COMMIT_SHA": "abc", "CI_JOB_URL": "https://g/j/1", "GITLAB_USER_LOGIN": "bob"}, journal.Build{Actor: "bob", Commit: "abc", Run: "https://g/j/1"}},
		"Jenkins":    {map[string]string{"JENKINS_URL": "https://j", "BUILD_URL": "https://j/1", "GIT_COMMIT": "abc"}, journal.Build{Commit: "abc", Run: "https://j/1"}},
		"secrets":    {map[string]string{"JENKINS_URL": "https://j", "BUILD_URL": "https://ann:secret@j/1"}, journal.Build{Run: "https://j/1"}},
		"no address": {map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "7"}, journal.Build{}},
		"Azure": {
			map[string]string{"TF_BUILD": "True", "SYSTEM_COLLECTIONURI": "https://dev.azure.com/o/", "SYSTEM_TEAMPROJECT": "p", "BUILD_BUILDID": "9"},
			journal.Build{Run: "https://dev.azure.com/o/p/_build/results?buildId=9"},
		},
	} {
		expect.EqualIn(t, name, tc.want, journal.BuildOf(func(name string) string { return tc.env[name] }))
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"id":"1","at":"2026-11-20T12:00:00Z","command":"pin"}`)
	f.Add(`{"id":1}`)
	f.Add(`[`)
	f.Fuzz(func(t *testing.T, line string) {
		if e, ok := journal.Parse(line); ok && (e.ID == "" || e.At.IsZero()) {
			t.Errorf("%q is %+v", line, e)
		}
	})
}

func TestSessionName(t *testing.T) {
	for _, tc := range []struct {
		env  map[string]string
		want string
	}{
		{nil, ""},
		{map[string]string{"GITHUB_RUN_ID": "4711"}, ""},
		{map[string]string{"GITHUB_ACTIONS": "true"}, ""},
		{map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "4711"}, "gha-4711"},
	} {
		expect.EqualIn(t, fmt.Sprint(tc.env), tc.want, journal.SessionName(func(name string) string { return tc.env[name] }))
	}
}
