package board_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/serve/board"
)

var morning = time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)

// runs is a service that runs a version.
func runs(env tagboat.EnvName, service tagboat.ServiceName, version string) tagboat.ServiceStatus {
	return tagboat.ServiceStatus{
		Environment: env, Service: service, State: "steady", MainContainer: "app",
		Images: []tagboat.ImageState{{Container: "app", Running: tagboat.Digest("sha256:" + version), RunningTag: version}},
	}
}

func services(all ...tagboat.ServiceStatus) tagboat.StatusDocument {
	return tagboat.StatusDocument{Services: all}
}

func seen(minute int, d tagboat.StatusDocument, asked ...tagboat.EnvName) board.Seen {
	return board.Seen{Asked: asked, Document: d, At: morning.Add(time.Duration(minute) * time.Minute)}
}

// lines are events in words.
func lines(events []board.Event) []string {
	var all []string
	for _, e := range events {
		line := fmt.Sprintf("%s %s", e.Kind, e.Environment)
		if e.Service != "" {
			line += " " + string(e.Service)
		}
		switch {
		case e.Status != nil:
			line += " " + e.Status.State + " " + e.Status.Main().RunningTag
		case e.Standing != nil:
			line += " " + e.Standing.Release
		case e.Hold != nil:
			line += " " + e.Hold.Reason
		case e.Failure != nil:
			line += " " + e.Failure.Message
		case e.Operation != "":
			line += " " + e.Operation
		}
		all = append(all, line)
	}
	return all
}

// TestWhatChanged holds which events two looks after each other make.
func TestWhatChanged(t *testing.T) {
	older := runs("dev", "api", "v1")
	older.AgeSeconds = 60
	unnamed := runs("prod", "api", "v1")
	unnamed.Images[0].RunningTag = ""
	with := func(d tagboat.StatusDocument, change func(*tagboat.StatusDocument)) tagboat.StatusDocument {
		change(&d)
		return d
	}
	frozen := func(message string) func(*tagboat.StatusDocument) {
		return func(d *tagboat.StatusDocument) {
			d.Environments = []tagboat.EnvironmentStatus{{Environment: "dev", Release: "1"}}
			if message != "" {
				d.Frozen = &tagboat.Hold{Reason: message}
			}
		}
	}
	denied := func(d *tagboat.StatusDocument) {
		d.Errors = []tagboat.EnvironmentError{{Environment: "prod", ErrorDetail: tagboat.ErrorDetail{Message: "denied"}}, {Environment: "prod", ErrorDetail: tagboat.ErrorDetail{Message: "also"}}}
	}
	both := services(runs("dev", "api", "v1"), runs("prod", "api", "v1"))
	for name, c := range map[string]struct {
		looks []board.Seen
		want  []string
	}{
		"the first look": {[]board.Seen{seen(0, both, "dev", "prod")}, []string{"service dev api steady v1", "service prod api steady v1"}},
		"nothing":        {[]board.Seen{seen(0, both, "dev", "prod"), seen(1, both, "dev", "prod")}, nil},
		"time":           {[]board.Seen{seen(0, services(runs("dev", "api", "v1")), "dev"), seen(1, services(older), "dev")}, nil},
		"one cell": {[]board.Seen{seen(0, both, "dev", "prod"), seen(1, services(runs("dev", "api", "v2")), "dev")},
			[]string{"service dev api steady v2"}},
		"a cell that is gone":                          {[]board.Seen{seen(0, both, "dev", "prod"), seen(1, services(), "dev")}, []string{"service dev api"}},
		"a tag that another environment knows":         {[]board.Seen{seen(0, both, "dev", "prod"), seen(1, services(unnamed), "prod")}, nil},
		"an environment that cannot be read":           {[]board.Seen{seen(0, both, "dev", "prod"), seen(1, with(services(), denied), "prod")}, []string{"error prod denied"}},
		"the same again":                               {[]board.Seen{seen(0, both, "dev", "prod"), seen(1, with(services(), denied), "prod"), seen(2, with(services(), denied), "prod")}, nil},
		"one that can be read again":                   {[]board.Seen{seen(0, both, "dev", "prod"), seen(1, with(services(), denied), "prod"), seen(2, both, "prod")}, []string{"error prod"}},
		"one of which a part can be read":              {[]board.Seen{seen(0, both, "dev", "prod"), seen(1, with(services(runs("prod", "api", "v2")), denied), "prod")}, []string{"error prod denied", "service prod api steady v2"}},
		"nothing can be read":                          {[]board.Seen{seen(0, both, "dev", "prod"), {Asked: []tagboat.EnvName{"dev"}, Failure: &tagboat.ErrorDetail{Message: "away"}}}, []string{"error dev away"}},
		"a release":                                    {[]board.Seen{seen(0, both, "dev", "prod"), seen(1, with(both, frozen("")), "dev", "prod")}, []string{"environment dev 1"}},
		"a freeze":                                     {[]board.Seen{seen(0, with(both, frozen("")), "dev", "prod"), seen(1, with(both, frozen("fair")), "dev", "prod")}, []string{"frozen  fair"}},
		"a freeze that ended":                          {[]board.Seen{seen(0, with(both, frozen("fair")), "dev", "prod"), seen(1, with(both, frozen("")), "dev", "prod")}, []string{"frozen "}},
		"a freeze that a look without releases omits":  {[]board.Seen{seen(0, with(both, frozen("fair")), "dev", "prod"), seen(1, both, "prod")}, nil},
		"a freeze that cannot be read stays as it was": {[]board.Seen{seen(0, with(both, frozen("fair")), "dev", "prod"), {Asked: []tagboat.EnvName{"dev"}, Unfrozen: true, Document: with(both, frozen(""))}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, events := board.After([]tagboat.EnvName{"dev", "prod"}, c.looks...)
			expect.Equal(t, c.want, lines(events))
		})
	}
}

// TestWhatCannotBeReadStays holds that a state has what was seen before, and since when that is old.
func TestWhatCannotBeReadStays(t *testing.T) {
	denied := tagboat.EnvironmentError{Environment: "prod", ErrorDetail: tagboat.ErrorDetail{Message: "denied"}}
	lost := services()
	lost.Errors = []tagboat.EnvironmentError{denied}
	s, _ := board.After([]tagboat.EnvName{"dev", "prod"},
		seen(0, services(runs("prod", "api", "v1"), runs("dev", "api", "v1")), "dev", "prod"), seen(1, lost, "prod"), seen(2, lost, "prod"))
	want := services(runs("dev", "api", "v1"), runs("prod", "api", "v1"))
	want.Errors = []tagboat.EnvironmentError{denied}
	expect.Equal(t, want, s.Document)
	at := func(minute int) time.Time { return morning.Add(time.Duration(minute) * time.Minute) }
	expect.Equal(t, map[tagboat.EnvName]board.Reading{
		"dev":  {Tried: at(0), Read: at(0)},
		"prod": {Tried: at(2), Read: at(0), Stale: at(1), Failure: &denied.ErrorDetail},
	}, s.Readings)
	cell, known := s.Cell("prod", "api")
	expect.Equal(t, []any{"v1", true}, []any{cell.Main().RunningTag, known})
	_, known = s.Cell("prod", "web")
	expect.Equal(t, false, known)
}

func TestWhenToLookAgain(t *testing.T) {
	for name, c := range map[string]struct {
		board.Visit
		want time.Duration
	}{
		"nobody looks":                         {board.Visit{}, 15 * time.Minute},
		"nobody looks at a rollout":            {board.Visit{Rolling: true}, 15 * time.Minute},
		"somebody looks":                       {board.Visit{Watched: true}, 15 * time.Second},
		"somebody looks at a rollout":          {board.Visit{Watched: true, Rolling: true}, 2500 * time.Millisecond},
		"something happened":                   {board.Visit{Nudged: true}, 10 * time.Second},
		"something happened, somebody looks":   {board.Visit{Nudged: true, Watched: true}, time.Second},
		"a look takes long":                    {board.Visit{Watched: true, Rolling: true, Took: 20 * time.Second}, 20 * time.Second},
		"it cannot be read, and nobody looks":  {board.Visit{Failures: 1}, 15 * time.Minute},
		"it cannot be read":                    {board.Visit{Watched: true, Failures: 1}, 2 * time.Second},
		"it cannot be read for long":           {board.Visit{Watched: true, Failures: 4}, 16 * time.Second},
		"it cannot be read for very long":      {board.Visit{Watched: true, Failures: 99}, 2 * time.Minute},
		"it cannot be read, whatever happened": {board.Visit{Nudged: true, Failures: 4}, 16 * time.Second},
		"AWS throttles":                        {board.Visit{Watched: true, Rolling: true, Slow: 2}, 10 * time.Second},
		"AWS throttles, whatever happened":     {board.Visit{Nudged: true, Watched: true, Slow: 4}, 16 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			c.Sweep = 15 * time.Minute
			expect.Equal(t, c.want, c.Pause())
		})
	}
	expect.Equal(t, []int{4, 3, 1}, []int{
		board.Slowness(true, true, true, true, true, true), board.Slowness(true, true, true, true, false), board.Slowness(true, true, false),
	})
}
