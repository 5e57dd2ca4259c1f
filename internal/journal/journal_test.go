package journal_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/journal"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// memory is a Log in memory.
type memory struct {
	streams map[string][]ecs.LogLine
	calls   int
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

func (m *memory) Between(_ context.Context, group string, streams []string, from, to time.Time) ([]ecs.LogLine, error) {
	var found []ecs.LogLine
	for _, stream := range streams {
		for _, line := range m.streams[group+stream] {
			if !line.At.Before(from) && line.At.Before(to) {
				found = append(found, line)
			}
		}
	}
	return found, nil
}

func event(id string, at time.Time) tagboat.Event {
	return tagboat.Event{ID: id, At: at, Command: "pin", Environment: "dev", Image: "api", To: tagboat.Observed{Tag: id}}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	m := &memory{}
	j := journal.Journal{Log: m, Group: "/tagboat/shop"}
	first, second := event("1", noon), event("2", noon.Add(time.Minute))
	if err := j.Write(t.Context(), second, first); err != nil {
		t.Fatal(err)
	}
	third := event("3", noon.Add(time.Hour))
	m.calls = 0
	if err := j.Write(t.Context(), third); err != nil || m.calls != 1 {
		t.Errorf("%d calls, %v", m.calls, err)
	}
	m.streams["/tagboat/shopdev"] = append(m.streams["/tagboat/shopdev"], ecs.LogLine{At: noon, Message: "somebody else's"})
	got, err := j.Read(t.Context(), []tagboat.EnvName{"dev"}, noon, noon.Add(time.Hour))
	if diff := cmp.Diff([]tagboat.Event{first, second}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if got, err := j.Read(t.Context(), []tagboat.EnvName{"prod"}, noon, noon.Add(time.Hour)); len(got) != 0 || err != nil {
		t.Errorf("another environment has %v, %v", got, err)
	}
}

// TestMessagesAreCut has a message that makes a line that is too long.
func TestMessagesAreCut(t *testing.T) {
	m := &memory{}
	long := event("1", noon)
	long.Message = strings.Repeat("\x01ü", 200_000)
	if err := (journal.Journal{Log: m, Group: "/tagboat/shop"}).Write(t.Context(), long); err != nil {
		t.Fatal(err)
	}
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
		if diff := cmp.Diff(tc.want, journal.BuildOf(func(name string) string { return tc.env[name] })); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
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
