package page

import (
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/expect"
)

// TestFilters holds which services and environments a filter leaves.
func TestFilters(t *testing.T) {
	type left struct {
		Rows    []tagboat.ServiceName
		Columns []tagboat.EnvName
		Problem string
	}
	all := []tagboat.ServiceName{"api", "web", "worker"}
	for query, want := range map[string]left{
		"":                       {Rows: all, Columns: []tagboat.EnvName{"dev", "mb-dev", "staging", "mb-staging", "prod", "mb-prod"}},
		"q=WEB":                  {Rows: all[1:2], Columns: []tagboat.EnvName{"dev", "mb-dev", "staging", "mb-staging", "prod", "mb-prod"}},
		"q=1.4.0":                {Rows: all[2:], Columns: []tagboat.EnvName{"dev", "mb-dev", "staging", "mb-staging", "prod", "mb-prod"}},
		"stage=prod":             {Rows: all, Columns: []tagboat.EnvName{"prod", "mb-prod"}},
		"tenant=mb&stage=dev":    {Rows: all, Columns: []tagboat.EnvName{"mb-dev"}},
		"env=mb-prod&needs=1":    {Rows: all[1:2], Columns: []tagboat.EnvName{"mb-prod"}},
		"env=mb-staging&needs=1": {Columns: []tagboat.EnvName{"mb-staging"}, Problem: "Nothing needs you"},
		"q=nothing&env=dev":      {Columns: []tagboat.EnvName{"dev"}, Problem: `No service fits "nothing"`},
		"stage=nowhere":          {Rows: all, Problem: "No environment fits the filter"},
	} {
		m := matrixOf(shop(t), filterOf(expect.Value(url.ParseQuery(query))(t)))
		got := left{Problem: m.Problem}
		for _, r := range m.Rows {
			got.Rows = append(got.Rows, r.Service)
		}
		for _, h := range m.Stages {
			for _, c := range h.Columns {
				got.Columns = append(got.Columns, c.Env)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", query, diff)
		}
		again := filterOf(expect.Value(url.ParseQuery(queryOf(m.Filter.address())))(t))
		if again != m.Filter {
			t.Errorf("%q: its address %s is another filter: %+v", query, m.Filter.address(), again)
		}
	}
}

func queryOf(address string) string {
	u, _ := url.Parse(address)
	return u.RawQuery
}

// TestCells holds what a cell says of a service, in words.
func TestCells(t *testing.T) {
	steady := func(change func(*tagboat.ServiceStatus)) tagboat.ServiceStatus {
		s := tagboat.ServiceStatus{Environment: "prod", Service: "api", State: "steady", Verdict: tagboat.VerdictSucceeded, Healthy: 2, Desired: 2, MainContainer: "app",
			Images: []tagboat.ImageState{{Container: "app", Image: "api"}}}
		runs(&s, "1.4.2")
		change(&s)
		return s
	}
	newer := steady(func(s *tagboat.ServiceStatus) { runs(s, "1.5.0") })
	type shownAs struct {
		State, Tone, Version, To string
		Marks                    []string
		Needs                    bool
	}
	for name, c := range map[string]struct {
		status, upstream tagboat.ServiceStatus
		waits            tagboat.GateCause
		frozen           *tagboat.Hold
		want             shownAs
	}{
		"steady":  {status: steady(func(*tagboat.ServiceStatus) {}), want: shownAs{State: "steady", Tone: toneWell, Version: "1.4.2"}},
		"failed":  {status: steady(func(s *tagboat.ServiceStatus) { s.State = "failed" }), want: shownAs{State: "failed", Tone: toneBad, Version: "1.4.2", Needs: true}},
		"sick":    {status: steady(func(s *tagboat.ServiceStatus) { s.Healthy = 1 }), want: shownAs{State: "1 of 2 up", Tone: toneBad, Version: "1.4.2", Needs: true}},
		"missing": {status: steady(func(s *tagboat.ServiceStatus) { s.State, s.Images[0].Running = "missing", "" }), want: shownAs{State: "not deployed", Tone: toneWarn, Version: "1.4.2", Needs: true}},
		"never":   {status: steady(func(s *tagboat.ServiceStatus) { s.State, s.Images[0] = "missing", tagboat.ImageState{Container: "app"} }), want: shownAs{State: "not deployed", Tone: toneIdle, Version: "–"}},
		"rolling": {status: steady(func(s *tagboat.ServiceStatus) {
			s.State, s.Images[0].Deploying, s.Images[0].DeployingTag, s.Images[0].Pinned = "in-progress", digestOf("1.5.0"), "1.5.0", digestOf("1.5.0")
		}), want: shownAs{State: "rolling", Tone: toneBusy, Version: "1.4.2", To: "1.5.0"}},
		"rolled back": {status: steady(func(s *tagboat.ServiceStatus) { s.Verdict = tagboat.VerdictRolledBack }), want: shownAs{State: "rolled back", Tone: toneBad, Version: "1.4.2", Needs: true}},
		"held":        {status: steady(func(s *tagboat.ServiceStatus) { s.Hold = &tagboat.Hold{} }), want: shownAs{State: "steady", Tone: toneWell, Version: "1.4.2", Marks: []string{"held"}}},
		"drift":       {status: steady(func(s *tagboat.ServiceStatus) { s.Drift, s.Images[0].Pinned = []string{"another"}, digestOf("1.5.0") }), want: shownAs{State: "steady", Tone: toneWell, Version: "1.4.2", Marks: []string{"drift"}, Needs: true}},
		"waits for approvals": {status: steady(func(s *tagboat.ServiceStatus) { s.Behind = 2 }), upstream: newer, waits: tagboat.CauseApprovals,
			want: shownAs{State: "steady", Tone: toneWell, Version: "1.4.2", Marks: []string{"2", "approve"}, Needs: true}},
		"waits at a pause": {status: steady(func(*tagboat.ServiceStatus) {}), upstream: newer, waits: tagboat.CausePaused, want: shownAs{State: "steady", Tone: toneWell, Version: "1.4.2", Marks: []string{"paused"}, Needs: true}},
		"frozen":           {status: steady(func(*tagboat.ServiceStatus) {}), upstream: newer, frozen: &tagboat.Hold{}, want: shownAs{State: "steady", Tone: toneWell, Version: "1.4.2", Marks: []string{"frozen"}}},
		"held, which is a gate": {status: steady(func(s *tagboat.ServiceStatus) { s.Hold = &tagboat.Hold{} }), upstream: newer, waits: tagboat.CauseHeld,
			want: shownAs{State: "steady", Tone: toneWell, Version: "1.4.2", Marks: []string{"held"}}},
		"a sidecar waits": {status: steady(func(*tagboat.ServiceStatus) {}), waits: tagboat.CauseApprovals, upstream: steady(func(s *tagboat.ServiceStatus) {
			s.Images = append(s.Images, tagboat.ImageState{Container: "proxy", Running: digestOf("2")})
		}), want: shownAs{State: "steady", Tone: toneWell, Version: "1.4.2", Marks: []string{"approve"}, Needs: true}},
		"soaks nothing new": {status: steady(func(*tagboat.ServiceStatus) {}), upstream: steady(func(*tagboat.ServiceStatus) {}), waits: tagboat.CauseSoaking,
			want: shownAs{State: "steady", Tone: toneWell, Version: "1.4.2"}},
	} {
		of := column{Env: "prod", Upstream: "staging"}
		if c.waits != "" {
			of.Waits = gateMark(c.waits)
		}
		at := cellOf(c.status, c.upstream, of, c.frozen)
		got := shownAs{at.State, at.Tone, at.Version, at.To, nil, at.Needs}
		for _, m := range at.Marks {
			got.Marks = append(got.Marks, m.Word)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestWindows holds what the head of a stage says of its window.
func TestWindows(t *testing.T) {
	brussels := expect.Value(time.LoadLocation("Europe/Brussels"))(t)
	w := &config.Window{Opens: "0 8 * * 1-5", For: 8 * time.Hour, Zone: brussels}
	type says struct {
		Text string
		Open bool
	}
	monday := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
	for at, want := range map[time.Time]says{
		monday.Add(6 * time.Hour):   {"opens 08:00 CET", false},
		monday.Add(9 * time.Hour):   {"open until 16:00 CET", true},
		monday.Add(16 * time.Hour):  {"opens Tue 08:00 CET", false},
		monday.Add(-50 * time.Hour): {"opens Mon 08:00 CET", false},
	} {
		var got says
		got.Text, got.Open = windowText(w, at)
		if got != want {
			t.Errorf("at %s: %+v, not %+v", at, got, want)
		}
	}
}
