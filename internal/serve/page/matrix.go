package page

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/stage"
	"github.com/tagboat/tagboat/internal/words"
)

// filter says which part of the matrix is shown; it is the query of the page's address.
type filter struct {
	Text   string
	Stage  tagboat.StageName
	Tenant string
	Env    tagboat.EnvName
	Needs  bool // only services that need somebody
	Ago    int  // hours back in time; 0 for now
}

func filterOf(q url.Values) filter {
	ago, _ := strconv.Atoi(q.Get("ago")) // what is not a number is now
	return filter{Text: strings.TrimSpace(q.Get("q")), Stage: tagboat.StageName(q.Get("stage")), Tenant: q.Get("tenant"),
		Env: tagboat.EnvName(q.Get("env")), Needs: q.Get("needs") != "", Ago: min(max(ago, 0), longestAgo)}
}

// longestAgo is how many hours the slider goes back.
const longestAgo = 14 * 24

// address returns the address of the matrix with this filter.
func (f filter) address() string {
	q := url.Values{}
	for _, p := range [][2]string{{"q", f.Text}, {"stage", string(f.Stage)}, {"tenant", f.Tenant}, {"env", string(f.Env)}} {
		if p[1] != "" {
			q.Set(p[0], p[1])
		}
	}
	if f.Needs {
		q.Set("needs", "1")
	}
	if f.Ago > 0 {
		q.Set("ago", strconv.Itoa(f.Ago))
	}
	if len(q) == 0 {
		return "/"
	}
	return "/?" + q.Encode()
}

func (f filter) with(change func(*filter)) string {
	change(&f)
	return f.address()
}

// matrix is what the first screen shows.
type matrix struct {
	Filter  filter
	Stages  []stageHead // side by side; their environments are the columns
	Rows    []row
	Tenants []string
	All     []config.Stage
	Envs    []config.Environment // of every stage, for the phone's choice
	Counts  counts
	Now     time.Time
	Problem string // why nothing is shown; "" where something is
	Hint    string
	Status  tagboat.StatusDocument
}

// counts say how all services of all environments stand, whatever the filter.
type counts struct{ All, Well, Rolling, Needs int }

type stageHead struct {
	Name    tagboat.StageName
	Window  string
	Open    bool // the window is; true where the stage has none
	Columns []column
}

// column is the head of an environment.
type column struct {
	Env      tagboat.EnvName
	Tenant   string
	Release  string
	Changed  bool // pins differ from the release
	Behind   int
	Waits    mark // the zero value where no release waits
	Error    *tagboat.EnvironmentError
	First    bool // of its stage
	Upstream tagboat.EnvName
}

type row struct {
	Service tagboat.ServiceName
	Cells   []cell
}

// need reports whether a cell of the row needs somebody.
func (r row) needs() bool { return slices.ContainsFunc(r.Cells, func(c cell) bool { return c.Needs }) }

func (r row) has(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(strings.ToLower(string(r.Service)), text) ||
		slices.ContainsFunc(r.Cells, func(c cell) bool { return strings.Contains(strings.ToLower(c.Version), text) })
}

// What was seen is new enough for a page that nobody has open yet, and how long it waits for what is
// older: what comes later, the stream brings.
const (
	fresh    = 20 * time.Second
	lookTime = 1500 * time.Millisecond
)

// matrix shows what the board has seen, or what was there at a time.
func (p *Page) matrix(r *http.Request) (screen, error) {
	f := filterOf(r.URL.Query())
	if f.Ago == 0 {
		soon, cancel := context.WithTimeout(r.Context(), lookTime)
		defer cancel()
		p.Board.Fresh(soon, fresh)
	}
	s := p.sight()
	if f.Ago > 0 {
		d, err := p.Desk.Status(r.Context(), fleet.Selection{}, access.When{Ago: time.Duration(f.Ago) * time.Hour})
		if err != nil {
			return screen{}, err
		}
		s = sightOf(p.Config, d, s.now)
	}
	m := matrixOf(s, f)
	return screen{title: "Matrix", section: "/", above: toolbar(p.Config.App, m), body: matrixBody(m)}, nil
}

// sight is what a matrix is made of.
type sight struct {
	config   *config.Config
	document tagboat.StatusDocument
	now      time.Time
	cellAt   func(tagboat.EnvName, tagboat.ServiceName) (tagboat.ServiceStatus, bool)
}

// sightOf is what a document shows.
func sightOf(c *config.Config, document tagboat.StatusDocument, now time.Time) sight {
	cells := make(map[place]tagboat.ServiceStatus, len(document.Services))
	for _, status := range document.Services {
		cells[place{status.Environment, status.Service}] = status
	}
	return sight{c, document, now, func(env tagboat.EnvName, service tagboat.ServiceName) (tagboat.ServiceStatus, bool) {
		status, ok := cells[place{env, service}]
		return status, ok
	}}
}

func (s sight) at(p place) tagboat.ServiceStatus {
	status, _ := s.cellAt(p.env, p.service)
	return status
}

func (s sight) cell(c column, service tagboat.ServiceName) templ.Component {
	return cellOfMatrix(s.cellIn(c, service))
}

func (s sight) cellIn(c column, service tagboat.ServiceName) cell {
	status, ok := s.cellAt(c.Env, service)
	if !ok {
		return unreadCell(place{c.Env, service}, c)
	}
	return cellOf(status, s.at(place{c.Upstream, service}), c, s.document.Frozen)
}

// matrixOf lays a document out for a filter.
func matrixOf(s sight, f filter) matrix {
	m := matrix{Filter: f, All: s.config.Stages, Envs: s.environments(), Now: s.now, Status: s.document}
	for _, e := range m.Envs {
		if e.Tenant != "" && !slices.Contains(m.Tenants, e.Tenant) {
			m.Tenants = append(m.Tenants, e.Tenant)
		}
	}
	m.Stages = s.heads(f)
	for _, r := range s.rows(m.Stages) {
		if f.Text != "" && !r.has(f.Text) || f.Needs && !r.needs() {
			continue
		}
		m.Rows = append(m.Rows, r)
	}
	m.count(s)
	m.explain(s)
	return m
}

// environments returns those of the file by stage, and within a stage by tenant.
func (s sight) environments() []config.Environment {
	all := s.config.SortedEnvironments()
	slices.SortStableFunc(all, func(a, b config.Environment) int {
		if a.Stage != b.Stage {
			return 0
		}
		return cmp.Compare(a.Tenant, b.Tenant)
	})
	return all
}

func (s sight) heads(f filter) []stageHead {
	var heads []stageHead
	for _, st := range s.config.Stages {
		head := stageHead{Name: st.Name, Open: true}
		head.Window, head.Open = windowText(st.Gates.Window, s.now)
		for _, e := range s.environments() {
			if e.Stage != st.Name || f.Stage != "" && e.Stage != f.Stage || f.Tenant != "" && e.Tenant != f.Tenant || f.Env != "" && e.Name != f.Env {
				continue
			}
			c := s.column(e)
			c.First = len(head.Columns) == 0
			head.Columns = append(head.Columns, c)
		}
		if len(head.Columns) > 0 {
			heads = append(heads, head)
		}
	}
	return heads
}

func (s sight) column(e config.Environment) column {
	c := column{Env: e.Name, Tenant: e.Tenant}
	if before, _, ok := stage.Before(s.config, e); ok {
		c.Upstream = before.Name
	}
	for _, status := range s.document.Environments {
		if status.Environment == e.Name {
			c.Release, c.Changed, c.Behind = status.Release, status.Changed, status.Behind
			if status.Waits != "" {
				c.Waits = gateMark(status.Waits)
				c.Waits.Title = fmt.Sprintf("release %s %s", status.Next, c.Waits.Title)
			}
		}
	}
	for i, err := range s.document.Errors {
		if err.Environment == e.Name {
			c.Error = &s.document.Errors[i]
		}
	}
	return c
}

// windowText says when a stage lets something in, and whether that is now.
func windowText(w *config.Window, now time.Time) (text string, open bool) {
	if w == nil {
		return "", true
	}
	from, to := stage.Next(*w, now)
	switch {
	case from.IsZero():
		return "never opens", false
	case from.After(now):
		return "opens " + shortMoment(from, now, w.Zone), false
	default:
		return "open until " + shortMoment(to, now, w.Zone), true
	}
}

// shortMoment is a time in a zone, without its date where it is near.
func shortMoment(t, now time.Time, zone *time.Location) string {
	t, now = t.In(zone), now.In(zone)
	layout := "2 Jan 15:04"
	switch {
	case t.YearDay() == now.YearDay() && t.Year() == now.Year():
		layout = "15:04"
	case t.Sub(now).Abs() < 6*24*time.Hour:
		layout = "Mon 15:04"
	}
	return t.Format(layout + " MST")
}

func (s sight) rows(heads []stageHead) []row {
	names := services(s.config)
	rows := make([]row, 0, len(names))
	for _, name := range names {
		r := row{Service: name}
		for _, h := range heads {
			for _, c := range h.Columns {
				r.Cells = append(r.Cells, s.cellIn(c, name))
			}
		}
		rows = append(rows, r)
	}
	return rows
}

func (m *matrix) count(s sight) {
	for _, r := range s.rows(s.heads(filter{})) {
		for _, c := range r.Cells {
			m.Counts.All++
			switch {
			case c.Needs:
				m.Counts.Needs++
			case c.Tone == toneBusy:
				m.Counts.Rolling++
			case c.State == "steady":
				m.Counts.Well++
			}
		}
	}
}

// explain says why there is nothing to see.
func (m *matrix) explain(s sight) {
	switch f := m.Filter; {
	case len(s.config.Environments) == 0:
		m.Problem, m.Hint = "No environment yet", "Add one under environments: in tagboat.yaml, with its stage, region and cluster."
	case len(s.config.Services) == 0:
		m.Problem, m.Hint = "No service yet", "Add one under services: in tagboat.yaml, or import what runs: tagboat init --from."
	case len(m.Stages) == 0:
		m.Problem, m.Hint = "No environment fits the filter", "Choose another stage or tenant."
	case len(m.Rows) == 0 && f.Needs && f.Text == "":
		m.Problem, m.Hint = "Nothing needs you", "All services run what is pinned, and no gate waits for a person."
	case len(m.Rows) == 0:
		m.Problem, m.Hint = "No service fits "+strconv.Quote(f.Text), "Type a part of a service's name or of a version."
	}
}

// place is a service in an environment.
type place struct {
	env     tagboat.EnvName
	service tagboat.ServiceName
}

func (p place) String() string { return string(p.env) + "/" + string(p.service) }

func (p place) address() string {
	return "/services/" + url.PathEscape(string(p.env)) + "/" + url.PathEscape(string(p.service))
}

// shortVersion is the version that an image of a cell runs.
func shortVersion(i tagboat.ImageState) string { return words.Short(i.RunningTag, i.Running) }
