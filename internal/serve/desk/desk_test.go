package desk_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/history"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/serve/board"
	"github.com/tagboat/tagboat/internal/serve/desk"
	"github.com/tagboat/tagboat/internal/serve/door"
)

// The people of the stories.
var (
	vera = door.Person{Name: "vera", Role: door.Viewer}
	dora = door.Person{Name: "dora", Role: door.Deployer}
	ada  = door.Person{Name: "ada", Role: door.Approver}
	bob  = door.Person{Name: "bob", Role: door.Approver}
)

// office is a desk in a world, and what its board was told.
type office struct {
	*apptest.World
	desk *desk.Desk

	mu       sync.Mutex
	state    *board.State
	nudged   []tagboat.EnvName
	operated map[string]int
}

// Now implements desk.Board.
func (o *office) Now() *board.State {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.state
}

// Fresh implements desk.Board.
func (o *office) Fresh(context.Context, time.Duration) *board.State { return o.Now() }

// Nudge implements desk.Board.
func (o *office) Nudge(environments ...tagboat.EnvName) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.nudged = append(o.nudged, environments...)
}

// Operate implements desk.Board.
func (o *office) Operate(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.operated[id]++
}

// story runs in a world in which release 1 is in dev and staging.
func story(t *testing.T, f apptest.Family, tell func(o *office)) {
	t.Helper()
	apptest.Run(t, sandbox.Config{}, func(w *apptest.World) {
		f.Open(w)
		for _, name := range orElse(f.Services, []string{"web"}) {
			w.Push("shop/" + name + ":v1")
		}
		w.Promote(request("", "dev"))
		w.Promote(request("1", "staging"))
		o := open(w, false)
		tell(o)
		o.desk.Close(w.Context())
	})
}

func orElse(names, or []string) []string {
	if len(names) > 0 {
		return names
	}
	return or
}

func open(w *apptest.World, readOnly bool) *office {
	w.Helper()
	o := &office{World: w, state: &board.State{}, operated: map[string]int{}}
	o.desk = w.Open().Desk(w.Context(), o, readOnly)
	return o
}

func (o *office) plan(p door.Person, actions ...tagboat.Action) tagboat.ActionsDocument {
	o.Helper()
	document, err := o.desk.Plan(o.Context(), p, actions)
	if err != nil {
		o.Fatal(err)
	}
	return document
}

// done plans actions, has them done, and returns how that ended.
func (o *office) done(p door.Person, actions ...tagboat.Action) tagboat.OperationDocument {
	o.Helper()
	begun, err := o.desk.Do(o.Context(), p, actions, o.plan(p, actions...).Plan)
	if err != nil {
		o.Fatal(err)
	}
	return o.ended(begun.ID)
}

func (o *office) ended(id string) tagboat.OperationDocument {
	o.Helper()
	for range 3600 {
		document, ok := o.desk.Operation(id)
		if !ok {
			o.Fatalf("there is no operation %s", id)
		}
		if document.State != tagboat.OperationRunning {
			return document
		}
		<-time.After(time.Second)
	}
	o.Fatalf("operation %s never ends", id)
	return tagboat.OperationDocument{}
}

func promote(release string, environments ...tagboat.EnvName) tagboat.Action {
	return tagboat.Action{Kind: tagboat.ActionPromote, Release: release, Environments: environments, Message: "it is time"}
}

func in(kind tagboat.ActionKind, environments ...tagboat.EnvName) tagboat.Action {
	return tagboat.Action{Kind: kind, Environments: environments, Message: "why not"}
}

// told is an operation in a few words.
func told(d tagboat.OperationDocument) []string {
	lines := []string{d.By + " " + d.State}
	for _, a := range d.Actions {
		line := fmt.Sprintf("%s %s", a.Kind, a.State)
		for _, p := range a.Promotions {
			line += fmt.Sprintf(" %s=%s", p.Environment, p.State)
		}
		for _, one := range a.Deployments {
			line += fmt.Sprintf(" %s/%s=%s", one.Environment, one.Service, one.Verdict)
		}
		if a.Error != nil {
			line += ": " + a.Error.Message
		}
		lines = append(lines, line)
	}
	for _, p := range d.Progress {
		lines = append(lines, fmt.Sprintf("%s/%s %s %s %d/%d", p.Environment, p.Service, p.State, p.Verdict, p.Healthy, p.Desired))
	}
	return lines
}

func same(o *office, what string, want, got any) {
	o.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		o.Errorf("%s: %s", what, diff)
	}
}

// TestPromoteAndBack promotes with a dry run, watches it to its end, and goes back, as the person.
func TestPromoteAndBack(t *testing.T) {
	story(t, apptest.Family{}, func(o *office) {
		o.Push("shop/web:v2")
		same(o, "to dev", []string{"dora succeeded", "promote succeeded dev=promoted", "dev/web done succeeded 2/2"}, told(o.done(dora, promote("", "dev"))))
		dry := o.plan(dora, promote("2", "staging"))
		one := dry.Actions[0]
		same(o, "the dry run", []any{true, []string{}, "tagboat promote 2 --env staging -m 'it is time'", tagboat.PromotionReady}, []any{dry.Ready, dry.Conflicts, one.Command, one.Promotion.Promotions[0].State})
		begun, err := o.desk.Do(o.Context(), dora, []tagboat.Action{promote("2", "staging")}, dry.Plan)
		if err != nil {
			o.Fatal(err)
		}
		same(o, "at its beginning", []string{"dora running", "promote waiting"}, told(begun)[:2])
		same(o, "at its end", []string{"dora succeeded", "promote succeeded staging=promoted", "staging/web done succeeded 2/2"}, told(o.ended(begun.ID)))
		back := o.done(dora, in(tagboat.ActionRollback, "staging"))
		same(o, "back", []string{"dora succeeded", "rollback succeeded staging=promoted", "staging/web done succeeded 2/2"}, told(back))
		o.wasTold(begun.ID, "staging")
		same(o, "the operations, the newest first", []string{back.ID, begun.ID}, ids(o.desk.Operations())[:2])
		for _, e := range o.History(history.Request{Selection: apptest.In("staging"), Limit: 1}).Events {
			same(o, "the journal", "rollback dora", e.Command+" "+e.Actor)
		}
	})
}

// wasTold fails where the board did not hear of an operation, or was not nudged.
func (o *office) wasTold(id string, env tagboat.EnvName) {
	o.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.operated[id] < 4 || !slices.Contains(o.nudged, env) {
		o.Errorf("the board was told %d times, and nudged for %v", o.operated[id], o.nudged)
	}
}

func ids(d tagboat.OperationsDocument) []string {
	var all []string
	for _, o := range d.Operations {
		all = append(all, o.ID)
	}
	return all
}

// TestADeploymentThatFails is an operation that failed.
func TestADeploymentThatFails(t *testing.T) {
	story(t, apptest.Family{}, func(o *office) {
		o.Push("shop/web:v2", "tagboat.sandbox.exit=3@1s")
		got := told(o.done(dora, promote("", "dev")))
		same(o, "told", []string{"dora failed", "promote failed dev=rolled-back", "dev/web done rolled-back 2/2"}, got)
	})
}

// approvals are two in prod; people have sessions of a role of their own.
func approvals(role string) apptest.Family {
	f := apptest.Family{Stages: "[{name: dev, auto: newest}, {name: staging}, {name: prod, gates: {approvals: 2}}]"}
	if role != "" {
		f.More = "serve: {role: '" + role + "'}\n"
	}
	return f
}

const role = "arn:aws:iam::123456789012:role/tagboat-serve"

func approve(release string) tagboat.Action {
	return tagboat.Action{Kind: tagboat.ActionApprove, Release: release, Stage: "prod", Message: "tested"}
}

// TestApprovalsAreByThePerson whom AWS knows by the name of the session.
func TestApprovalsAreByThePerson(t *testing.T) {
	story(t, approvals(role), func(o *office) {
		refused := o.plan(dora, promote("1", "prod")).Actions[0].Refused
		if refused == nil || !strings.Contains(refused.Message, "prod: ") || !strings.Contains(refused.Hint, "tagboat approve 1 --to prod") {
			o.Errorf("a promotion without approvals is %+v", refused)
		}
		for _, p := range []door.Person{ada, bob} {
			done := o.done(p, approve("1"))
			same(o, "approved", []string{p.Name + " succeeded", "approve succeeded"}, told(done))
			given := done.Actions[0].Approval.Environments[0].Approvals
			same(o, "by", "arn:aws:sts::123456789012:assumed-role/tagboat-serve/"+p.Name, given[len(given)-1].By)
		}
		same(o, "promoted", []string{"dora succeeded", "promote succeeded prod=promoted", "prod/web done succeeded 2/2"}, told(o.done(dora, promote("1", "prod"))))
		for _, e := range o.History(history.Request{Selection: apptest.In("prod"), Limit: 1}).Events {
			same(o, "the journal", "promote arn:aws:sts::333333333333:assumed-role/tagboat/dora dora", strings.Join([]string{e.Command, e.By, e.Actor}, " "))
		}
		made := o.done(ada, promote("", "dev"))
		same(o, "nothing new", tagboat.OperationSucceeded, made.State)
	})
}

// TestApprovalsWithoutARole are not taken, but for those of the user of the machine, whose credentials
// the server has.
func TestApprovalsWithoutARole(t *testing.T) {
	story(t, approvals(""), func(o *office) {
		for _, release := range []string{"1"} {
			dry := o.plan(ada, approve(release))
			want := tagboat.ErrorDetail{
				Message: "an approval is by whom AWS says, and that would be this server: not allowed",
				Hint:    "approve it with your own credentials: tagboat approve 1 --to prod -m tested", Kind: "blocked", ExitCode: 8,
			}
			same(o, "the dry run", &want, dry.Actions[0].Refused)
			_, err := o.desk.Do(o.Context(), ada, []tagboat.Action{approve(release)}, dry.Plan)
			if !errors.Is(err, desk.ErrNotAllowed) || tagboat.HintOf(err) != want.Hint {
				o.Errorf("it is done, or refused with %v", err)
			}
		}
		local := door.Person{Name: "grace", Role: door.Approver, Local: true}
		refused := o.plan(local, approve("1")).Actions[0].Refused
		if refused == nil || !strings.Contains(refused.Message, "by the author of the release") {
			o.Errorf("the author's own approval is %+v", refused)
		}
	})
}

// TestWhatMovedMeanwhile has a plan refused, with what differs, where the world moved since it was shown.
func TestWhatMovedMeanwhile(t *testing.T) {
	newer := func(o *office) {
		o.Push("shop/web:v2")
		o.done(bob, promote("", "dev"))
	}
	tests := map[string]struct {
		action    tagboat.Action
		before    func(o *office)
		meanwhile func(o *office)
		words     []string
	}{
		"a promotion of what the stage before has": {promote("", "staging"), newer, func(o *office) {
			o.Push("shop/web:v3")
			o.done(bob, promote("", "dev"))
		}, []string{"the world has moved", "the release that would enter of staging: now release 3"}},
		"a promotion to what has another release by now": {promote("1", "prod"), nil, func(o *office) {
			newer(o)
			o.done(bob, promote("2", "staging"))
			o.done(bob, promote("2", "prod"))
		}, []string{"what it has now of prod: now release 2"}},
		"a rollback by release": {in(tagboat.ActionRollback, "dev"), newer, func(o *office) {
			o.Push("shop/web:v3")
			o.done(bob, promote("", "dev"))
		}, []string{"the release that would enter of dev: now release 2"}},
		"a rollback of a service": {tagboat.Action{Kind: tagboat.ActionRollback, Environments: []tagboat.EnvName{"dev"}, Services: []tagboat.ServiceName{"web"}}, newer, func(o *office) {
			o.Push("shop/web:v3")
			o.done(bob, promote("", "dev"))
		}, []string{"what would be pinned: now web in dev from v3 to v2", "what services go back to: now web in dev from "}},
		"a hold": {in(tagboat.ActionHold, "dev"), nil, func(o *office) { o.done(bob, in(tagboat.ActionHold, "dev")) },
			[]string{"what is held in dev: now * by arn:aws:iam::123456789012:user/sandbox"}},
		"an unhold": {in(tagboat.ActionUnhold, "dev"), func(o *office) { o.done(bob, in(tagboat.ActionHold, "dev")) }, func(o *office) { o.done(bob, in(tagboat.ActionUnhold, "dev")) },
			[]string{"what is held in dev: now nothing"}},
		"an approval": {approve("1"), nil, func(o *office) { o.done(bob, approve("1")) },
			[]string{"the approvals that there are: now by arn:aws:sts::123456789012:assumed-role/tagboat-serve/bob for prod at "}},
		"other actions": {promote("1", "prod"), nil, nil, []string{"the actions are not those that were reviewed"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			family := apptest.Family{Stages: "[{name: dev, auto: newest}, {name: staging}, {name: prod}]"}
			if test.action.Kind == tagboat.ActionApprove {
				family = approvals(role)
			}
			story(t, family, func(o *office) {
				if test.before != nil {
					test.before(o)
				}
				dry := o.plan(ada, test.action)
				if !dry.Ready {
					o.Fatalf("it is refused before: %+v", dry.Actions[0].Refused)
				}
				actions := []tagboat.Action{test.action}
				if test.meanwhile != nil {
					test.meanwhile(o)
				} else {
					actions[0].Message = "another reason"
				}
				_, err := o.desk.Do(o.Context(), ada, actions, dry.Plan)
				if tagboat.KindOf(err) != tagboat.Blocked || tagboat.HintOf(err) != "review it again: nothing was changed" {
					o.Fatalf("it is done, or refused with %v", err)
				}
				for _, words := range test.words {
					if !strings.Contains(err.Error(), words) {
						o.Errorf("it is refused with %q, which does not say %q", err, words)
					}
				}
			})
		})
	}
}

// TestCart has several actions planned together, and done together.
func TestCart(t *testing.T) {
	story(t, apptest.Family{Services: []string{"api", "web"}}, func(o *office) {
		o.Promote(request("1", "mb-dev"))
		actions := []tagboat.Action{promote("1", "prod"), promote("1", "mb-staging"), in(tagboat.ActionHold, "dev")}
		dry := o.plan(dora, actions...)
		if !dry.Ready || len(strings.Split(dry.Plan, ".")) != 4 {
			o.Fatalf("the dry run is %+v", dry)
		}
		swapped := []tagboat.Action{actions[1], actions[0], actions[2]}
		if _, err := o.desk.Do(o.Context(), dora, swapped, dry.Plan); tagboat.KindOf(err) != tagboat.Blocked {
			o.Errorf("another order is the same plan: %v", err)
		}
		if _, err := o.desk.Do(o.Context(), dora, actions[:2], dry.Plan); err == nil || !strings.Contains(err.Error(), "of 3 actions, and this is of 2") {
			o.Errorf("a part of it is the same plan: %v", err)
		}
		done := o.done(dora, actions...)
		same(o, "told", []string{"dora succeeded", "promote succeeded prod=promoted", "promote succeeded mb-staging=promoted", "hold succeeded"}, told(done)[:4])
		same(o, "held", "* why not", string(done.Actions[2].Holds[0].Holds[0].Image)+" "+done.Actions[2].Holds[0].Holds[0].Reason)
	})
}

func TestConflictsInACart(t *testing.T) {
	web, api := []tagboat.ImageName{"web"}, []tagboat.ImageName{"api"}
	tests := map[string]struct {
		a, b tagboat.Action
		want []string
	}{
		"one environment twice":        {promote("1", "prod"), promote("1", "prod", "staging"), []string{"promote and promote are both about prod"}},
		"forth and back":               {promote("1", "prod"), in(tagboat.ActionRollback, "prod"), []string{"promote and rollback are both about prod"}},
		"forth, and its end":           {promote("1", "prod"), in(tagboat.ActionAbort, "prod"), []string{"promote and abort are both about prod"}},
		"a stage and one of it":        {tagboat.Action{Kind: tagboat.ActionPromote, Stage: "prod"}, promote("1", "mb-prod"), []string{"promote and promote are both about mb-prod"}},
		"held and not":                 {in(tagboat.ActionHold, "prod"), in(tagboat.ActionUnhold, "prod"), []string{"hold and unhold are both about prod"}},
		"an unhold of what goes back":  {in(tagboat.ActionUnhold, "dev"), in(tagboat.ActionRollback, "dev"), []string{"unhold and rollback are both about dev"}},
		"two environments":             {promote("1", "prod"), promote("1", "staging"), []string{}},
		"held and promoted":            {in(tagboat.ActionHold, "prod"), promote("1", "prod"), []string{}},
		"different images":             {tagboat.Action{Kind: tagboat.ActionHold, Environments: []tagboat.EnvName{"dev"}, Images: web}, tagboat.Action{Kind: tagboat.ActionUnhold, Environments: []tagboat.EnvName{"dev"}, Images: api}, []string{}},
		"an approval and a promotion":  {approve("1"), promote("1", "prod"), []string{}},
		"the same approval twice":      {approve("1"), approve("1"), []string{"release 1 is approved for prod twice"}},
		"approvals of two other ones":  {approve("1"), approve("2"), []string{}},
		"an image and all of them":     {tagboat.Action{Kind: tagboat.ActionHold, Environments: []tagboat.EnvName{"dev"}, Images: web}, in(tagboat.ActionUnhold, "dev"), []string{"hold and unhold are both about dev"}},
		"one service, and the other":   {tagboat.Action{Kind: tagboat.ActionContinue, Environments: []tagboat.EnvName{"dev"}, Services: []tagboat.ServiceName{"web"}}, tagboat.Action{Kind: tagboat.ActionContinue, Environments: []tagboat.EnvName{"dev"}, Services: []tagboat.ServiceName{"api"}}, []string{}},
		"one service, and all of them": {tagboat.Action{Kind: tagboat.ActionContinue, Environments: []tagboat.EnvName{"dev"}, Services: []tagboat.ServiceName{"web"}}, tagboat.Action{Kind: tagboat.ActionContinue, Environments: []tagboat.EnvName{"dev"}}, []string{"continue and continue are both about dev"}},
	}
	story(t, apptest.Family{Services: []string{"api", "web"}}, func(o *office) {
		for name, test := range tests {
			dry := o.plan(ada, test.a, test.b)
			same(o, name, test.want, dry.Conflicts)
			if len(test.want) == 0 {
				continue
			}
			_, err := o.desk.Do(o.Context(), ada, []tagboat.Action{test.a, test.b}, dry.Plan)
			if tagboat.KindOf(err) != tagboat.Blocked {
				o.Errorf("%s: it is done, or %v", name, err)
			}
		}
	})
}

// TestTwoPeopleAtOnce have one plan each, and one operation between them.
func TestTwoPeopleAtOnce(t *testing.T) {
	story(t, apptest.Family{}, func(o *office) {
		o.Push("shop/web:v2")
		o.done(dora, promote("", "dev"))
		actions := []tagboat.Action{promote("2", "staging")}
		hash := o.plan(dora, actions...).Plan
		var all sync.WaitGroup
		var mu sync.Mutex
		states := map[string]int{}
		for _, p := range []door.Person{dora, ada, bob, dora} {
			all.Go(func() {
				begun, err := o.desk.Do(o.Context(), p, actions, hash)
				state := "refused"
				if err == nil {
					state = "promoted"
					if r := o.ended(begun.ID).Actions[0].Promotions; r[0].State != tagboat.PromotionDone {
						state = "superseded"
					}
				} else if tagboat.KindOf(err) != tagboat.Blocked {
					o.Errorf("%s: %v", p.Name, err)
				}
				mu.Lock()
				defer mu.Unlock()
				states[state]++
			})
		}
		all.Wait()
		if states["promoted"] == 0 {
			o.Errorf("of four who ask at once: %v", states)
		}
		deployed := map[string]bool{}
		for _, e := range o.History(history.Request{Selection: apptest.In("staging")}).Events {
			deployed[e.DeploymentID] = true
		}
		delete(deployed, "")
		if len(deployed) != 2 { // of release 1, and of this one
			o.Errorf("web was deployed in staging as %v", deployed)
		}
	})
}

// TestWhoMayNot refuses everything to those whose role is too small, and to everybody where the server
// only reads.
func TestWhoMayNot(t *testing.T) {
	story(t, approvals(role), func(o *office) {
		reader := open(o.World, true)
		for who, test := range map[string]struct {
			at     *office
			person door.Person
			may    []tagboat.ActionKind
		}{
			"a viewer":            {o, vera, []tagboat.ActionKind{}},
			"nobody":              {o, door.Person{}, []tagboat.ActionKind{}},
			"a deployer":          {o, dora, []tagboat.ActionKind{"promote", "rollback", "hold", "unhold", "continue", "abort"}},
			"an approver":         {o, ada, []tagboat.ActionKind{"promote", "rollback", "hold", "unhold", "approve", "continue", "abort"}},
			"a server that reads": {reader, ada, []tagboat.ActionKind{}},
		} {
			same(o, who, test.may, test.at.desk.Person(test.person).May)
			for _, a := range []tagboat.Action{promote("1", "prod"), in(tagboat.ActionRollback, "dev"), in(tagboat.ActionHold, "dev"), in(tagboat.ActionUnhold, "dev"), approve("1"), in(tagboat.ActionAbort, "dev"), {Kind: tagboat.ActionContinue, Environments: []tagboat.EnvName{"dev"}}} {
				if slices.Contains(test.may, a.Kind) {
					continue
				}
				dry := test.at.plan(test.person, a)
				_, err := test.at.desk.Do(o.Context(), test.person, []tagboat.Action{a}, dry.Plan)
				if dry.Ready || dry.Actions[0].Refused == nil || !errors.Is(err, desk.ErrNotAllowed) {
					o.Errorf("%s may %s: %v", who, a.Kind, err)
				}
			}
		}
	})
}

func TestActionsThatMakeNoSense(t *testing.T) {
	now := time.Now()
	dev := []tagboat.EnvName{"dev"}
	tests := map[string]struct {
		actions []tagboat.Action
		want    string
	}{
		"none":                          {nil, "a plan has 1 to 50 actions, and not 0"},
		"too many":                      {make([]tagboat.Action, 51), "a plan has 1 to 50 actions, and not 51"},
		"an unknown one":                {[]tagboat.Action{{Kind: "promot"}}, `there is no action "promot"`},
		"a hold of a release":           {[]tagboat.Action{{Kind: "hold", Environments: dev, Release: "1"}}, `hold has no field "release"`},
		"a promotion of a service":      {[]tagboat.Action{{Kind: "promote", Environments: dev, Services: []tagboat.ServiceName{"web"}}}, `promote has no field "services"`},
		"a promotion with an end":       {[]tagboat.Action{{Kind: "promote", Environments: dev, Until: &now}}, `promote has no field "until"`},
		"a hold at a time":              {[]tagboat.Action{{Kind: "hold", Environments: dev, At: &now}}, `hold has no field "at"`},
		"a rollback of an image":        {[]tagboat.Action{{Kind: "rollback", Environments: dev, Images: []tagboat.ImageName{"web"}}}, `rollback has no field "images"`},
		"a reason to continue":          {[]tagboat.Action{{Kind: "continue", Environments: dev, Message: "x"}}, `continue has no field "message"`},
		"a hold that goes back":         {[]tagboat.Action{{Kind: "hold", Environments: dev, Back: true}}, `hold has no field "back"`},
		"a promotion that is revoked":   {[]tagboat.Action{{Kind: "promote", Environments: dev, Revoke: true}}, `promote has no field "revoke"`},
		"a hold of a stage":             {[]tagboat.Action{{Kind: "hold", Environments: dev, Stage: "dev"}}, `hold has no field "stage"`},
		"a hold of nothing":             {[]tagboat.Action{{Kind: "hold"}}, "hold needs environments"},
		"an approval of nothing":        {[]tagboat.Action{{Kind: "approve", Stage: "prod"}}, "an approval needs a release and a stage"},
		"a promotion to nowhere":        {[]tagboat.Action{{Kind: "promote"}}, "a promotion needs either environments or a stage"},
		"a promotion to both":           {[]tagboat.Action{{Kind: "promote", Environments: dev, Stage: "dev"}}, "a promotion needs either environments or a stage"},
		"a release at a time":           {[]tagboat.Action{{Kind: "rollback", Environments: dev, Release: "1", At: &now}}, "a release is of all services, and has its own time"},
		"a good one, and a bad one too": {[]tagboat.Action{{Kind: "hold", Environments: dev}, {Kind: "hold"}}, "hold needs environments"},
	}
	d := desk.New(t.Context(), desk.Options{Board: &office{state: &board.State{}}})
	for name, test := range tests {
		_, err := d.Plan(t.Context(), ada, test.actions)
		_, done := d.Do(t.Context(), ada, test.actions, "0")
		if tagboat.KindOf(err) != tagboat.Usage || err.Error() != test.want || done == nil || done.Error() != test.want {
			t.Errorf("%s: %v, and %v, want %s", name, err, done, test.want)
		}
	}
}

// TestStop ends operations as interrupted where the server cannot wait for them, and begins none.
func TestStop(t *testing.T) {
	story(t, apptest.Family{}, func(o *office) {
		o.Push("shop/web:v2", "tagboat.sandbox.start=10m")
		actions := []tagboat.Action{promote("", "dev")}
		begun, err := o.desk.Do(o.Context(), dora, actions, o.plan(dora, actions...).Plan)
		if err != nil {
			o.Fatal(err)
		}
		again, err := o.desk.Do(o.Context(), dora, actions, begun.Plan)
		same(o, "asked again", []any{begun.ID, error(nil)}, []any{again.ID, err})
		ctx, cancel := context.WithTimeout(o.Context(), 30*time.Second)
		defer cancel()
		o.desk.Close(ctx)
		document, _ := o.desk.Operation(begun.ID)
		same(o, "told", []string{"dora interrupted", "promote interrupted dev=interrupted"}, told(document)[:2])
		hold := []tagboat.Action{in(tagboat.ActionHold, "prod")}
		if _, err := o.desk.Do(o.Context(), dora, hold, o.plan(dora, hold...).Plan); tagboat.KindOf(err) != tagboat.Interrupted {
			o.Errorf("something begins after the end: %v", err)
		}
	})
}
