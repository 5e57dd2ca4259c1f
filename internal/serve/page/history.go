package page

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/access"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/serve/desk"
)

// historyFilter is what the history shows; it is the query of its address.
type historyFilter struct {
	Env    tagboat.EnvName
	Stage  tagboat.StageName
	Tenant string
	Image  tagboat.ImageName
	Days   string
	After  string
}

func historyFilterOf(q url.Values) historyFilter {
	return historyFilter{tagboat.EnvName(q.Get("env")), tagboat.StageName(q.Get("stage")), q.Get("tenant"), tagboat.ImageName(q.Get("image")), q.Get("days"), q.Get("after")}
}

// query returns the query with another page.
func (f historyFilter) query(after string) string {
	q := url.Values{}
	for _, p := range [][2]string{{"env", string(f.Env)}, {"stage", string(f.Stage)}, {"tenant", f.Tenant}, {"image", string(f.Image)}, {"days", f.Days}, {"after", after}} {
		if p[1] != "" {
			q.Set(p[0], p[1])
		}
	}
	return q.Encode()
}

// older returns the query of the page that follows one with these events.
func (f historyFilter) older(events []tagboat.Event) string {
	return f.query(desk.After(events[len(events)-1]))
}

// historyPage is how many events a screen has.
const historyPage = 60

type historyScreen struct {
	tagboat.HistoryDocument
	Filter historyFilter
	Config *config.Config
	Next   string // the query of the next page; "" where there is none
}

func (p *Page) history(r *http.Request) (screen, error) {
	f := historyFilterOf(r.URL.Query())
	q := desk.HistoryQuery{Selection: fleet.Selection{Stage: f.Stage, Tenant: f.Tenant}, Image: f.Image, Limit: historyPage, After: f.After}
	if f.Env != "" {
		q.Environments = []tagboat.EnvName{f.Env}
	}
	if days, err := time.ParseDuration(strings.TrimSuffix(f.Days, "d") + "h"); err == nil && f.Days != "" {
		q.Since = access.When{Ago: days * 24}
	}
	d, err := p.Desk.History(r.Context(), q)
	if err != nil {
		return screen{}, err
	}
	h := historyScreen{HistoryDocument: d, Filter: f, Config: p.Config}
	if len(d.Events) >= historyPage {
		h.Next = f.older(d.Events)
	}
	return screen{title: "History", section: "/history", body: historyView(h)}, nil
}

// day is the events of one day.
type day struct {
	Name   string
	Events []tagboat.Event
}

func days(events []tagboat.Event) []day {
	var all []day
	for _, e := range events {
		name := e.At.UTC().Format("Monday, 2 January 2006")
		if len(all) == 0 || all[len(all)-1].Name != name {
			all = append(all, day{Name: name})
		}
		last := &all[len(all)-1]
		last.Events = append(last.Events, e)
	}
	return all
}

// did is what somebody did, as a verb.
func did(e tagboat.Event) string {
	verbs := map[string]string{
		"pin": "pinned", "import": "imported", "restore": "restored", "deploy": "deployed", "rollback": "rolled back", "hold": "held", "unhold": "released the hold on",
		"tag": "tagged", "publish": "published", "release": "made release", "promote": "promoted", "approve": "approved", "revoke": "took back the approval of",
		"reject": "rejected", "unreject": "lifted the rejection of", "freeze": "froze", "unfreeze": "unfroze", "break-glass": "overrode the gates of", "write": "wrote",
	}
	return cmp.Or(verbs[e.Command], e.Command)
}

// object is what it was done to.
func object(e tagboat.Event) string {
	if e.Release != "" && e.Image == "" && e.Service == "" {
		return e.Release
	}
	switch name := cmp.Or(string(e.Service), string(e.Image)); name {
	case "*":
		return "everything"
	case "":
		if e.Environment == "" {
			return "everything"
		}
		return ""
	default:
		return name
	}
}

// steps are the versions that changed.
func steps(e tagboat.Event) []tagboat.ImageChange {
	if len(e.Changes) > 0 {
		return e.Changes
	}
	if e.To == (tagboat.Observed{}) && e.From == (tagboat.Observed{}) || e.Release != "" && e.Image == "" {
		return nil
	}
	return []tagboat.ImageChange{{Image: e.Image, From: e.From, To: e.To}}
}

// eventTone is how much an event should worry a person.
func eventTone(e tagboat.Event) string {
	switch {
	case e.Verdict != "":
		return verdictTone(e.Verdict)
	case e.Foreign || e.Overwrote || e.Command == "break-glass":
		return toneWarn
	default:
		return toneIdle
	}
}

func eventIcon(e tagboat.Event) string {
	icons := map[string]string{"pin": "check", "hold": "hold", "unhold": "hold", "approve": "person", "revoke": "person", "reject": "cross", "rollback": "skip", "freeze": "freeze", "unfreeze": "freeze", "promote": "behind", "break-glass": "warn"}
	if e.Verdict != "" && e.Verdict.Concern() == tagboat.Alarming {
		return "cross"
	}
	return cmp.Or(icons[e.Command], toneIcon(eventTone(e)))
}

// because is why somebody did it.
func because(e tagboat.Event) string {
	parts := []string{e.Message}
	if e.FromEnvironment != "" {
		parts = append(parts, "from "+string(e.FromEnvironment))
	}
	if e.Cause != "" && e.Verdict != tagboat.VerdictSucceeded {
		parts = append(parts, string(e.Cause))
	}
	if e.Overwrote {
		parts = append(parts, "overwrote an update")
	}
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), " · ")
}

// personOf is who did it, with ARNs cut to names.
func personOf(e tagboat.Event) string { return cmp.Or(whoDid(e), "somebody") }
