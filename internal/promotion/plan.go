package promotion

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/delivery"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/release"
	"github.com/tagboat/tagboat/internal/stage"
)

// move is one environment and the release that may enter it.
type move struct {
	env        config.Environment
	stage      config.Stage
	book       ledger.Book // as it was planned
	here       ledger.Promotions
	before     *before          // the environment of the stage before; nil in the first stage
	release    *release.Release // nil where there is none to bring
	passedOver []ledger.Promoted
	takesUp    bool // it is what the environment's active promotion brings
	// services are those that differ from what the environment has; nil for all, or where that is not known.
	services []tagboat.ServiceName

	question stage.Question
	gates    []tagboat.GateResult
	fleet    *fleet.Fleet // as the release has it
	set      *delivery.PlanSet
	problems error                                   // of planning
	unread   error                                   // why nothing is known of the environment, or of the one before
	unchosen error                                   // why the release that it would get cannot be read
	evidence error                                   // why a gate cannot be judged
	why      string                                  // what the user says of it
	allow    []string                                // resources that updates of stacks may change
	made     map[tagboat.ImageName]tagboat.Reference // of a release that is not made yet
	diff     *tagboat.ReleaseDiffDocument            // of a dry run that goes back: what differs from what it has
}

// before is the environment that a release comes from.
type before struct {
	env  config.Environment
	had  ledger.Promotions
	book ledger.Book
}

// Plan finds out which release may enter which environment, what the gates say, and what
// deploying it would change. It changes nothing: a release of the newest versions is made when one
// of them enters.
func (p *Promotions) Plan(ctx context.Context, r Request) (*Set, error) {
	environments, err := p.Fleet.Environments(r.Selection)
	if err != nil {
		return nil, err
	}
	s := &Set{request: r, absent: p.absent(r)}
	if err := p.read(ctx, s, environments); err != nil {
		return nil, err
	}
	if err := p.choose(ctx, s); err != nil {
		return nil, err
	}
	if err := p.gather(ctx, s); err != nil {
		return nil, err
	}
	for _, m := range s.moves {
		m.judge(r)
		if m.before == nil || m.unread != nil {
			continue
		}
		if starves := stage.Starves(p.now(m.env)(), m.stage, p.Fleet.Config.StageOf(m.before.env), m.before.had); starves != "" && !slices.Contains(s.warned, starves) {
			s.warned = append(s.warned, starves)
		}
	}
	if r.Back && r.DryRun {
		p.differences(ctx, s)
	}
	return s, p.deployments(ctx, s)
}

// judge asks the gates of a move.
func (m *move) judge(r Request) {
	closed := func(gate string, cause tagboat.GateCause, err error) {
		m.gates = append(m.gates, tagboat.GateResult{Gate: gate, Cause: cause, Reason: err.Error(), Hint: tagboat.HintOf(err)})
	}
	switch {
	case m.unread != nil:
		closed("ledger", tagboat.CauseProblem, m.unread)
	case m.unchosen != nil:
		closed("release", tagboat.CauseProblem, m.unchosen)
	case m.release == nil && r.Automation && m.stage.Auto != config.AutoUpstream && m.stage.Auto != config.AutoNewest:
		closed("auto", tagboat.CauseOff, tagboat.Errorf(tagboat.Blocked, "stage %s has no auto: people move it", m.stage.Name).
			WithHint("tagboat promote RELEASE --to %s", m.stage.Name))
	case m.release == nil && m.before == nil:
		closed("upstream", tagboat.CauseNoUpstream, tagboat.Errorf(tagboat.Blocked, "stage %s has no stage before it, and no auto: newest, so that a release must be named", m.stage.Name).
			WithHint("tagboat release create --env %s, then: tagboat promote RELEASE --to %s", m.env.Name, m.stage.Name))
	case m.release == nil:
		closed("upstream", tagboat.CauseNoUpstream, tagboat.Errorf(tagboat.Blocked, "%s, where its releases come from, has had none", m.before.env.Name).
			WithHint("tagboat promote --env %s", m.before.env.Name))
	default:
		m.gates = append(m.gates, m.question.Gates()...)
	}
	if m.evidence != nil {
		closed("evidence", tagboat.CauseProblem, m.evidence)
	}
	if a := m.here.Active; a != nil && !m.takesUp && a.Waits == "" && m.unread == nil && !m.overtakes(a) && !(r.Back && !r.Automation) {
		closed("promotion", tagboat.CauseUnderWay, tagboat.Errorf(tagboat.Blocked, "the promotion of release %s is under way since %s, by %s", a.Name, a.Since.UTC().Format(time.RFC3339), a.By).
			WithHint("where its process is gone, take it up: tagboat promote %s --env %s; or end it: tagboat promote --abort --env %s", a.Name, m.env.Name, m.env.Name))
	}
}

// absent returns the tenants that have environments, but none in the stage that is asked for.
func (p *Promotions) absent(r Request) []tagboat.PromotionResult {
	if r.Stage == "" {
		return nil
	}
	has := map[string]bool{}
	for _, env := range p.Fleet.Config.SortedEnvironments() {
		has[env.Tenant] = has[env.Tenant] || env.Stage == r.Stage
	}
	var absent []tagboat.PromotionResult
	for _, tenant := range slices.Sorted(maps.Keys(has)) {
		if has[tenant] || r.Tenant != "" && r.Tenant != tenant {
			continue
		}
		who := "tenant " + tenant
		if tenant == "" {
			who = "the family without a tenant"
		}
		absent = append(absent, tagboat.PromotionResult{
			Stage: r.Stage, Tenant: tenant, State: tagboat.PromotionAbsent, Cause: tagboat.CauseNoStage,
			Reason: fmt.Sprintf("%s has no environment in stage %s", who, r.Stage),
		})
	}
	return absent
}

// read reads what the environments, and those before them, have.
func (p *Promotions) read(ctx context.Context, s *Set, environments []config.Environment) error {
	all := slices.Clone(environments)
	for _, env := range environments {
		m := &move{env: env, allow: s.request.Allow, why: s.request.Message, stage: p.Fleet.Config.StageOf(env)}
		if from, _, ok := stage.Before(p.Fleet.Config, env); ok && !s.request.Back {
			m.before = &before{env: from}
			if !slices.ContainsFunc(all, func(e config.Environment) bool { return e.Name == from.Name }) {
				all = append(all, from)
			}
		}
		s.moves = append(s.moves, m)
	}
	books, unread, err := p.Fleet.LookAtBooks(ctx, all)
	if err != nil {
		return err
	}
	failed := map[tagboat.EnvName][]error{}
	for _, u := range unread {
		failed[u.Environment] = append(failed[u.Environment], u.Err)
	}
	for _, m := range s.moves {
		m.book = books[m.env.Name]
		m.here, err = m.book.Promotions(m.env.Name)
		m.unread = errors.Join(append(failed[m.env.Name], err)...)
		if m.before == nil {
			continue
		}
		m.before.book = books[m.before.env.Name]
		m.before.had, err = m.before.book.Promotions(m.before.env.Name)
		m.unread = errors.Join(append(failed[m.before.env.Name], m.unread, err)...)
	}
	return nil
}

// versions returns what a move would pin, and of that what is not pinned yet.
func (m *move) versions() (all, changed map[tagboat.ImageName]tagboat.Reference) {
	all, changed = m.release.Versions(m.fleet.Config, m.env), map[tagboat.ImageName]tagboat.Reference{}
	for image, ref := range all {
		if pin, ok := m.book.Pin(m.env.Name, image); !ok || pin.Digest != ref.Digest {
			changed[image] = ref
		}
	}
	return all, changed
}

// deployments plans what each release would change in its environments. Those of one release are
// planned together, so that what they share is looked for once, and where that fails each alone:
// what one of them lacks is not the others' fault.
func (p *Promotions) deployments(ctx context.Context, s *Set) error {
	of := map[tagboat.Digest][]*move{}
	for _, m := range s.moves {
		if m.release != nil {
			of[m.release.ID] = append(of[m.release.ID], m)
		}
	}
	var all sync.WaitGroup
	for _, moves := range of {
		all.Go(func() {
			if len(moves) > 1 && p.planTogether(ctx, moves) == nil {
				return
			}
			for _, m := range moves {
				m.problems = p.planTogether(ctx, []*move{m})
			}
		})
	}
	all.Wait()
	for _, m := range s.moves {
		m.judgePlan()
	}
	return ctx.Err()
}

// planTogether plans what one release would change in environments.
func (p *Promotions) planTogether(ctx context.Context, moves []*move) error {
	selection := fleet.Selection{Allow: moves[0].allow}
	books, versions := map[tagboat.EnvName]ledger.Book{}, fleet.Versions{}
	for _, m := range moves {
		selection.Environments = append(selection.Environments, m.env.Name)
		books[m.env.Name] = m.book
		versions[m.env.Name], _ = m.versions()
	}
	cells, err := moves[0].fleet.CellsOn(selection, books)
	if err != nil {
		return err
	}
	cells = slices.DeleteFunc(cells, func(c fleet.Cell) bool { return !concerned(moves, c) })
	on := p.Delivery.On(moves[0].fleet)
	on.Unseen = unseen(moves)
	set, err := on.PlanCells(ctx, cells, versions)
	if err != nil {
		return err
	}
	for _, m := range moves {
		m.set = set.Of(m.env.Name)
	}
	return nil
}

// judgePlan makes problems of the plan a gate that does not pass, and a release that is there and
// runs one that needs nothing.
func (m *move) judgePlan() {
	err := m.problems
	if err == nil && m.set != nil {
		for _, problem := range m.set.Document().Problems {
			err = errors.Join(err, tagboat.Usagef("%s: %s", problem.Service, problem.Message).WithHint("%s", problem.Hint))
		}
	}
	if err != nil {
		m.gates = append(m.gates, tagboat.GateResult{Gate: "plan", Cause: tagboat.CauseProblem, Reason: err.Error(), Hint: tagboat.HintOf(err)})
	}
}

// there reports whether the environment has the release, and its services run it.
func (m *move) there() bool {
	current, ok := m.here.Current()
	if m.release == nil || !ok || current.ID != m.release.ID || m.here.Active != nil || m.problems != nil {
		return false
	}
	_, changed := m.versions()
	document := m.set.Document()
	return len(changed) == 0 && len(document.Changes) == 0 && len(document.Problems) == 0
}
