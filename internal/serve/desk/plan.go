package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/serve/door"
)

// ErrNotAllowed is in the tree of an error that says that somebody may not do something.
var ErrNotAllowed = errors.New("not allowed")

// mostActions is the limit on actions in one plan.
const mostActions = 50

// Plan returns what actions would do, as the person, with the hash of that. It changes nothing. What
// cannot be done is refused action by action, in the document.
func (d *Desk) Plan(ctx context.Context, p door.Person, actions []tagboat.Action) (tagboat.ActionsDocument, error) {
	if err := check(actions); err != nil {
		return tagboat.ActionsDocument{}, err
	}
	ctx, op := operation.Start(ctx, nil)
	all, err := d.plan(ctx, p, actions, nil)
	if err != nil {
		return tagboat.ActionsDocument{}, err
	}
	document := all.document()
	document.Calls = op.Calls()
	return document, nil
}

// planned is an action that was planned.
type planned struct {
	shown   tagboat.PlannedAction
	refused error // why it cannot be done
	parts   []part
	own     string // a hash that what does it has; "" where parts are all
	same    func(hash string) error
	do      func(ctx context.Context) error
}

// part is one of the things that a plan comes to: text is all of it, and now the same for people.
type part struct{ what, text, now string }

// plans are those of one request.
type plans []*planned

// plan plans all actions at the same time. With a run, the results are reported there.
func (d *Desk) plan(ctx context.Context, p door.Person, actions []tagboat.Action, r *run) (plans, error) {
	all := make(plans, len(actions))
	tools, err := d.tools(ctx, p)
	if err != nil {
		return nil, err
	}
	var each sync.WaitGroup
	for i, a := range actions {
		all[i] = &planned{shown: tagboat.PlannedAction{Action: a, Command: command(a)}}
		if all[i].refused = d.may(p, a); all[i].refused == nil {
			each.Go(func() { all[i].refused = planner{d, tools, r.action(i), all[i]}.plan(ctx) })
		}
	}
	each.Wait()
	for _, one := range all {
		if one.refused != nil {
			detail := tagboat.DetailOf(one.refused)
			one.shown.Refused = &detail
		}
	}
	return all, ctx.Err()
}

// may returns why a person may not do something at all.
func (d *Desk) may(p door.Person, a tagboat.Action) error {
	needed := door.NeededFor(a.Kind)
	switch {
	case d.options.ReadOnly:
		return tagboat.Errorf(tagboat.Blocked, "this server changes nothing: %w", ErrNotAllowed).WithHint("%s", command(a))
	case !p.May(needed):
		return tagboat.Errorf(tagboat.Blocked, "%s is %s, and %s needs %s: %w", p.Name, p.Role, a.Kind, needed, ErrNotAllowed).
			WithHint("who runs the server gives roles, under serve: in tagboat.yaml")
	case a.Kind == tagboat.ActionApprove && !p.Local && d.options.Config.Serve.Role == "":
		return tagboat.Errorf(tagboat.Blocked, "an approval is by whom AWS says, and that would be this server: %w", ErrNotAllowed).
			WithHint("approve it with your own credentials: %s", command(a))
	}
	return nil
}

// Person returns what a person may do here.
func (d *Desk) Person(p door.Person) tagboat.PersonDocument {
	document := tagboat.PersonDocument{Name: p.Name, Role: string(p.Role), May: []tagboat.ActionKind{}, ReadOnly: d.options.ReadOnly, Token: p.Token}
	for _, kind := range kinds() {
		if d.may(p, tagboat.Action{Kind: kind}) == nil {
			document.May = append(document.May, kind)
		}
	}
	return document
}

func (all plans) document() tagboat.ActionsDocument {
	document := tagboat.ActionsDocument{Plan: all.hash(), Actions: []tagboat.PlannedAction{}, Conflicts: all.conflicts()}
	document.Ready = len(document.Conflicts) == 0
	for _, one := range all {
		document.Actions = append(document.Actions, one.shown)
		document.Ready = document.Ready && one.refused == nil
	}
	return document
}

// What a hash is made of: a few digits of all that there is, and of each action a hash of its own, so
// that a plan which does not hold any more says what differs.
const (
	wholeDigits = 12
	partDigits  = 4
)

func (all plans) hash() string {
	whole := sha256.New()
	hashes := []string{""}
	for _, one := range all {
		hashes = append(hashes, one.hash())
		_ = json.NewEncoder(whole).Encode([]any{one.shown.Action, one.own, one.texts()}) // a hash takes all
	}
	hashes[0] = hex.EncodeToString(whole.Sum(nil))[:wholeDigits]
	return strings.Join(hashes, ".")
}

func (one *planned) texts() []string {
	texts := make([]string, len(one.parts))
	for i, p := range one.parts {
		texts[i] = p.text
	}
	return texts
}

func (one *planned) hash() string {
	if one.own != "" {
		return one.own
	}
	var b strings.Builder
	for _, text := range one.texts() {
		sum := sha256.Sum256([]byte(text))
		b.WriteString(hex.EncodeToString(sum[:])[:partDigits])
	}
	return b.String()
}

// holds returns an error of kind Blocked where the plans are not those with a hash, which says what
// differs, or where they cannot be carried out.
func (all plans) holds(hash string) error {
	was := strings.Split(hash, ".")
	if len(was[0]) != wholeDigits {
		return tagboat.Usagef("%q is not the hash of a plan", hash).WithHint("send what the dry run has as plan")
	}
	again := func(format string, args ...any) error {
		return tagboat.Errorf(tagboat.Blocked, format, args...).WithHint("review it again: nothing was changed")
	}
	for _, one := range all {
		if errors.Is(one.refused, ErrNotAllowed) {
			return one.refused
		}
	}
	if len(was)-1 != len(all) {
		return again("the plan that was reviewed is of %d actions, and this is of %d", len(was)-1, len(all))
	}
	var differs []string
	for i, one := range all {
		if d := one.differs(was[i+1]); d != "" {
			differs = append(differs, d)
		}
	}
	switch conflicts := all.conflicts(); {
	case len(differs) > 0:
		return again("the world has moved since the plan was reviewed: %s", strings.Join(differs, "; "))
	case hash != all.hash():
		return again("the actions are not those that were reviewed")
	case len(conflicts) > 0:
		return again("%s", strings.Join(conflicts, "; "))
	}
	for _, one := range all {
		if one.refused != nil {
			return one.refused
		}
	}
	return nil
}

// differs says what differs from an action that was reviewed; "" where nothing does.
func (one *planned) differs(was string) string {
	switch is := one.hash(); {
	case was == is:
		return ""
	case one.same != nil:
		if err := one.same(was); err != nil {
			return err.Error()
		}
	case one.refused != nil:
		return fmt.Sprintf("%s: now %v", one.shown.Command, one.refused)
	case len(was) != len(is):
		return one.shown.Command + ": now another plan"
	}
	var differs []string
	for i, p := range one.parts {
		if at := i * partDigits; was[at:at+partDigits] != one.hash()[at:at+partDigits] {
			differs = append(differs, fmt.Sprintf("%s: now %s", p.what, p.now))
		}
	}
	return strings.Join(differs, "; ")
}

// rolling are the actions that change what services run: one at a time in an environment.
func rolling() []tagboat.ActionKind {
	return []tagboat.ActionKind{tagboat.ActionPromote, tagboat.ActionRollback, tagboat.ActionContinue, tagboat.ActionAbort}
}

// conflicts say which actions exclude each other.
func (all plans) conflicts() []string {
	conflicts := []string{}
	for i, a := range all {
		for _, b := range all[:i] {
			if why := excludes(b.shown, a.shown); why != "" {
				conflicts = append(conflicts, why)
			}
		}
	}
	return conflicts
}

// excludes says why two actions cannot be of one plan; "" where they can.
func excludes(a, b tagboat.PlannedAction) string {
	both := func(of []tagboat.ActionKind) bool { return slices.Contains(of, a.Kind) && slices.Contains(of, b.Kind) }
	if both([]tagboat.ActionKind{tagboat.ActionApprove}) {
		if a.Release == b.Release && a.Stage == b.Stage {
			return fmt.Sprintf("release %s is approved for %s twice", a.Release, a.Stage)
		}
		return ""
	}
	holding := both([]tagboat.ActionKind{tagboat.ActionHold, tagboat.ActionUnhold, tagboat.ActionRollback}) // a rollback holds what it changes
	continues := both([]tagboat.ActionKind{tagboat.ActionContinue}) && apart(a.Services, b.Services)
	if !both(rolling()) && !holding || continues {
		return ""
	}
	if both([]tagboat.ActionKind{tagboat.ActionHold, tagboat.ActionUnhold}) && apart(a.Images, b.Images) {
		return ""
	}
	for _, env := range reached(a) {
		if slices.Contains(reached(b), env) {
			return fmt.Sprintf("%s and %s are both about %s", a.Kind, b.Kind, env)
		}
	}
	return ""
}

// apart reports whether two lists, each of which means all where it is empty, have nothing in common.
func apart[T comparable](a, b []T) bool {
	return len(a) > 0 && len(b) > 0 && !slices.ContainsFunc(a, func(one T) bool { return slices.Contains(b, one) })
}

// reached returns the environments that an action is about.
func reached(a tagboat.PlannedAction) []tagboat.EnvName {
	if a.Promotion == nil {
		return a.Environments
	}
	var all []tagboat.EnvName
	for _, p := range a.Promotion.Promotions {
		all = append(all, p.Environment)
	}
	return all
}
