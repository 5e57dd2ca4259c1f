package page

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/serve/desk"
	"github.com/tagboat/tagboat/internal/serve/door"
)

// act is a button of the drawer: a form that leads to a dry run.
type act struct {
	Label  string
	Icon   string
	Strong bool
	Action tagboat.Action
	Reason bool // it asks for a reason, and
	Until  bool // for an end
}

// actsFor returns what a person may do about a service now, the likeliest first.
func actsFor(d drawer, person tagboat.PersonDocument) []act {
	env := []tagboat.EnvName{d.env}
	var all []act
	add := func(a act) {
		if slices.Contains(person.May, a.Action.Kind) {
			all = append(all, a)
		}
	}
	if d.Paused != nil {
		only := tagboat.Action{Kind: tagboat.ActionContinue, Environments: env, Services: []tagboat.ServiceName{d.service}}
		back := only
		back.Back = true
		add(act{Label: "Continue", Icon: "check", Strong: true, Action: only})
		add(act{Label: "Roll the deployment back", Icon: "cross", Action: back})
	}
	if d.Next != nil {
		name := d.Next.Release.Readable()
		if d.Next.Cause == tagboat.CauseApprovals {
			add(act{Label: "Approve " + name, Icon: "person", Strong: true, Action: tagboat.Action{Kind: tagboat.ActionApprove, Stage: d.Status.Stage, Environments: env, Release: name}})
		}
		add(act{Label: "Promote " + name, Icon: "behind", Strong: d.Next.State == tagboat.PromotionReady, Action: tagboat.Action{Kind: tagboat.ActionPromote, Environments: env, Release: name}})
		if d.Next.State == tagboat.PromotionWaiting {
			add(act{Label: "Abort the promotion", Icon: "cross", Action: tagboat.Action{Kind: tagboat.ActionAbort, Environments: env}})
		}
	}
	rollback := tagboat.Action{Kind: tagboat.ActionRollback, Environments: env}
	if d.Release == nil || d.Release.Release == "" {
		rollback.Services = []tagboat.ServiceName{d.service}
	}
	if d.Status.Since != nil {
		add(act{Label: "Roll back", Icon: "skip", Action: rollback, Reason: true})
	}
	if d.Status.Hold == nil {
		add(act{Label: "Hold", Icon: "hold", Action: tagboat.Action{Kind: tagboat.ActionHold, Environments: env}, Reason: true, Until: true})
	} else {
		add(act{Label: "Unhold", Icon: "hold", Action: tagboat.Action{Kind: tagboat.ActionUnhold, Environments: env}})
	}
	return all
}

// actionOf reads an action from the query of a form.
func actionOf(q url.Values) (tagboat.Action, error) {
	a := tagboat.Action{Kind: tagboat.ActionKind(q.Get("kind")), Stage: tagboat.StageName(q.Get("stage")), Release: strings.TrimSpace(q.Get("release")),
		Back: q.Get("back") != "", Revoke: q.Get("revoke") != "", Message: strings.TrimSpace(q.Get("message"))}
	for _, name := range q["env"] {
		a.Environments = append(a.Environments, tagboat.EnvName(name))
	}
	for _, name := range q["service"] {
		a.Services = append(a.Services, tagboat.ServiceName(name))
	}
	for _, name := range q["image"] {
		a.Images = append(a.Images, tagboat.ImageName(name))
	}
	for name, at := range map[string]**time.Time{"until": &a.Until, "at": &a.At} {
		if q.Get(name) == "" {
			continue
		}
		t, err := time.Parse("2006-01-02T15:04", q.Get(name))
		if err != nil {
			return a, tagboat.Usagef("%q is not a time", q.Get(name)).WithHint("write it as 2026-01-31T18:00, in UTC")
		}
		*at = &t
	}
	return a, nil
}

// dryRun is what a dry run shows.
type dryRun struct {
	tagboat.ActionsDocument
	Form    string // as a form sends them back
	Cart    bool
	Changed *tagboat.ErrorDetail // what changed meanwhile; nil for nothing
}

func (p *Page) plan(r *http.Request) (screen, error) {
	a, err := actionOf(r.URL.Query())
	if err != nil {
		return screen{}, err
	}
	return p.dryRun(r, []tagboat.Action{a}, false, nil)
}

func (p *Page) cart(r *http.Request) (screen, error) {
	actions := cartOf(r)
	if len(actions) == 0 {
		return screen{title: "Cart", section: "/cart", body: emptyCart()}, nil
	}
	return p.dryRun(r, actions, true, nil)
}

func (p *Page) dryRun(r *http.Request, actions []tagboat.Action, inCart bool, changed *tagboat.ErrorDetail) (screen, error) {
	d, err := p.Desk.Plan(r.Context(), door.Of(r.Context()), actions)
	if err != nil {
		return screen{}, err
	}
	run := dryRun{ActionsDocument: d, Form: packed(actions), Cart: inCart, Changed: changed}
	s := screen{title: "Dry run", section: "/", body: dryRunView(p.frame(r, ""), run)}
	if inCart {
		s.title, s.section = "Cart", "/cart"
	}
	if changed != nil {
		s.status = http.StatusConflict
	}
	return s, nil
}

// do has exactly the plan carried out that was shown, or shows what it is now.
func (p *Page) do(w http.ResponseWriter, r *http.Request) {
	actions, err := unpacked(r.PostFormValue("actions"))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	inCart := r.PostFormValue("cart") != ""
	o, err := p.Desk.Do(r.Context(), door.Of(r.Context()), actions, r.PostFormValue("plan"))
	if tagboat.KindOf(err) == tagboat.Blocked && !errors.Is(err, desk.ErrNotAllowed) {
		detail := tagboat.DetailOf(err)
		if s, again := p.dryRun(r, actions, inCart, &detail); again == nil {
			p.write(w, r, s)
			return
		}
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if inCart {
		_ = keepCart(w, nil) // nothing always fits
	}
	http.Redirect(w, r, "/operations/"+url.PathEscape(o.ID), http.StatusSeeOther)
}

// changeCart puts an action into the cart, or takes one out.
func (p *Page) changeCart(w http.ResponseWriter, r *http.Request) {
	actions := cartOf(r)
	switch add, remove := r.PostFormValue("actions"), r.PostFormValue("remove"); {
	case add != "":
		more, err := unpacked(add)
		if err != nil {
			p.fail(w, r, err)
			return
		}
		actions = append(actions, more...)
	default:
		actions = slices.DeleteFunc(actions, func(a tagboat.Action) bool { return packed([]tagboat.Action{a}) == remove })
	}
	if err := keepCart(w, actions); err != nil {
		p.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/cart", http.StatusSeeOther)
}

// The cart is in a cookie: it is the person's, and any copy of the server can read it.
const (
	cartCookie = "tagboat-cart"
	cartLimit  = 3800 // bytes that browsers keep of a cookie
)

func cartOf(r *http.Request) []tagboat.Action {
	c, err := r.Cookie(cartCookie)
	if err != nil {
		return nil
	}
	actions, _ := unpacked(c.Value) // an old form of it is an empty cart
	return actions
}

func keepCart(w http.ResponseWriter, actions []tagboat.Action) error {
	c := &http.Cookie{Name: cartCookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, MaxAge: 24 * 3600}
	if len(actions) == 0 {
		c.MaxAge = -1
	} else {
		c.Value = packed(actions)
	}
	if len(c.Value) > cartLimit {
		return tagboat.Errorf(tagboat.Blocked, "the cart is full").WithHint("do what is in it first, or take something out")
	}
	http.SetCookie(w, c)
	return nil
}

// packed is a list of actions as cookies and forms have it.
func packed(actions []tagboat.Action) string {
	text, _ := json.Marshal(actions) // texts and times
	return base64.RawURLEncoding.EncodeToString(text)
}

func unpacked(text string) ([]tagboat.Action, error) {
	var actions []tagboat.Action
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(raw, &actions)
	}
	if err != nil || len(actions) == 0 {
		return nil, tagboat.Usagef("the form does not say what to do").WithHint("load the page anew, and try again")
	}
	return actions, nil
}

// heading says what an action does, in a few words.
func heading(a tagboat.Action) string {
	where := string(a.Stage)
	if len(a.Environments) > 0 {
		where = environmentsText(a.Environments)
	}
	what := a.Release
	for _, s := range a.Services {
		what = strings.TrimSpace(what + " " + string(s))
	}
	switch a.Kind {
	case tagboat.ActionPromote:
		return strings.Join(strings.Fields("Promote "+what+" to "+where), " ")
	case tagboat.ActionRollback:
		return strings.Join(strings.Fields("Roll back "+what+" in "+where), " ")
	case tagboat.ActionApprove:
		return "Approve " + a.Release + " for " + where
	case tagboat.ActionContinue:
		if a.Back {
			return "Roll back the deployment of " + what + " in " + where
		}
		return "Continue " + what + " in " + where
	case tagboat.ActionAbort:
		return "Abort the promotion to " + where
	case tagboat.ActionUnhold:
		return "Unhold " + where
	default:
		return "Hold " + where
	}
}
