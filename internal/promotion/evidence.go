package promotion

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/home"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/stage"
)

// timeOf tells AWS's time.
type timeOf func() time.Time

func (p *Promotions) now(env config.Environment) timeOf { return p.Access.Session(env).Now }

// gather looks at all that the gates ask for. What cannot be looked at for one environment is a
// gate of it that does not pass.
func (p *Promotions) gather(ctx context.Context, s *Set) error {
	common, err := p.common(ctx, s)
	if err != nil {
		return err
	}
	var group errgroup.Group
	for _, m := range s.moves {
		if m.release == nil {
			continue
		}
		group.Go(func() error {
			m.question = p.question(s.request, m, common)
			m.evidence = p.evidence(ctx, s.request, m)
			return nil
		})
	}
	_ = group.Wait()
	return ctx.Err()
}

// common is what is known of releases, whichever environment they go to.
type common struct {
	home.Known
	numbered  map[tagboat.Digest]home.Numbered
	approvals map[approved][]stage.Approval
}

// approved is a release and the stage that it was approved for.
type approved struct {
	stage   tagboat.StageName
	release tagboat.Digest
}

// common looks at home: one call for the freeze and what is rejected, and where a stage asks for
// approvals, one for those of each release and two for their authors.
func (p *Promotions) common(ctx context.Context, s *Set) (common, error) {
	c := common{numbered: map[tagboat.Digest]home.Numbered{}, approvals: map[approved][]stage.Approval{}}
	var ids []tagboat.Digest
	wanted := map[approved]bool{}
	for _, m := range s.moves {
		if m.release == nil {
			continue
		}
		if !slices.Contains(ids, m.release.ID) {
			ids = append(ids, m.release.ID)
		}
		if m.stage.Gates.Approvals > 0 && !s.request.Back {
			wanted[approved{m.stage.Name, m.release.ID}] = true
		}
	}
	if len(ids) == 0 {
		return c, nil
	}
	if s.unmade() {
		freeze, err := p.Home.Frozen(ctx)
		c.Freeze = freeze
		return c, err
	}
	var err error
	c.Known, err = p.Home.Look(ctx, ids...)
	if err != nil && s.request.Back && !s.request.Automation {
		operation.Tell(ctx, Beside{fmt.Errorf("whether the release was rejected is not known: %w", err)}) // going back is urgent
		return c, ctx.Err()
	}
	if err != nil {
		return c, err
	}
	for of := range wanted {
		if c.approvals[of], err = p.Home.Approvals(ctx, of.stage, of.release); err != nil {
			return c, err
		}
		for _, warning := range stage.SharedSession(c.approvals[of]) {
			if !slices.Contains(s.warned, warning) {
				s.warned = append(s.warned, warning)
			}
		}
	}
	if len(wanted) == 0 {
		return c, nil
	}
	numbers, err := p.Home.Numbers(ctx)
	for _, n := range slices.Backward(numbers) {
		c.numbered[n.ID] = n
	}
	return c, err
}

// unmade reports whether no release of what automation would bring exists yet, so that nobody can
// have rejected or approved it.
func (s *Set) unmade() bool {
	return s.request.Automation && !slices.ContainsFunc(s.moves, func(m *move) bool {
		return m.release != nil && (m.made == nil || m.release.Name != "" || m.stage.Gates.Approvals > 0)
	})
}

// question asks about a move with what is known without looking further.
func (p *Promotions) question(r Request, m *move, c common) stage.Question {
	number := c.numbered[m.release.ID]
	q := stage.Question{
		Now: p.now(m.env)(), Env: m.env, Stage: m.stage, Here: m.here,
		Release: stage.Candidate{
			Name: called(*m.release), Commit: m.release.Commit, ID: m.release.ID, Author: number.By, CreatedAt: number.At, Older: m.older(),
			Unmade: m.made != nil && m.release.Name == "",
		},
		Approvals: c.approvals[approved{m.stage.Name, m.release.ID}],
		Freeze:    c.Freeze, Rejected: c.Rejected[m.release.ID],
		Automation: r.Automation, Back: r.Back, BreakGlass: r.BreakGlass,
	}
	if m.before != nil && !m.fromRules() {
		q.Upstream = &stage.Upstream{Environment: m.before.env.Name, Had: m.before.had}
	}
	stages := p.Fleet.Config.Stages
	if at := slices.IndexFunc(stages, func(s config.Stage) bool { return s.Name == m.stage.Name }); at+1 < len(stages) {
		q.Next = stages[at+1].Gates.Soak
	}
	return q
}

// older reports whether the environment had the release before something newer.
func (m *move) older() bool {
	current, ok := m.here.Current()
	if !ok || current.ID == m.release.ID {
		return false
	}
	for _, had := range m.here.Trail {
		if had.ID == m.release.ID && !had.Failed {
			return true
		}
	}
	return false
}

// evidence looks at what one move's gates ask for.
func (p *Promotions) evidence(ctx context.Context, r Request, m *move) error {
	q := &m.question
	all, changed := m.versions()
	if err := m.held(all, changed); err != nil {
		return err
	}
	var err error
	if q.Missing, err = p.missing(ctx, m, all, q.Release.CreatedAt); err != nil {
		return err
	}
	if !q.Back && len(q.Missing) == 0 {
		if q.Versions, err = p.Pinning.Gates(ctx, m.stage, changed); err != nil {
			return err
		}
	}
	if err := p.health(ctx, m); err != nil {
		return err
	}
	if gates := q.Gates(); m.stage.Gates.Check != nil && !q.Back && onlyThere(gates) && !r.Look && m.unread == nil {
		q.Versions = append(q.Versions, p.check(ctx, *m.stage.Gates.Check, m))
	}
	return nil
}

// onlyThere reports whether all gates let a release in, but that it may be there already.
func onlyThere(gates []tagboat.GateResult) bool {
	return !slices.ContainsFunc(gates, func(g tagboat.GateResult) bool { return !g.Passed && g.Cause != tagboat.CauseAlreadyThere })
}

// held finds what is held and what was rejected of the versions that change.
// A release that changes templates alone is held by what holds any of its versions.
func (m *move) held(all, changed map[tagboat.ImageName]tagboat.Reference) error {
	holds, err := m.book.Holds(m.env.Name)
	if err != nil {
		return err
	}
	q := &m.question
	if len(changed) == 0 {
		changed = all
	}
	for _, image := range slices.Sorted(maps.Keys(changed)) {
		if hold := holds.Of(image, q.Now); hold != nil && q.Hold == nil {
			q.Hold = hold
		}
		if holds[image].Rejects(changed[image].Digest) && q.Rejected == nil {
			q.Rejected = &tagboat.Rejection{Reason: fmt.Sprintf("%s of image %s was rejected in %s by a rollback", changed[image].Readable(), image, m.env.Name), At: q.Now}
		}
	}
	current, ok := m.here.Current()
	if ok && current.ID == m.release.ID && current == m.here.Trail[len(m.here.Trail)-1] {
		q.Rejected = nil // it runs well there, or a person brought it back
	}
	for _, had := range slices.Backward(m.here.Trail) {
		if had.ID != m.release.ID {
			continue
		}
		if had.Failed && q.Rejected == nil {
			q.Rejected = &tagboat.Rejection{Reason: "its deployment failed in " + string(m.env.Name), At: had.At}
		}
		break // only how it ended last counts
	}
	return nil
}

// missing returns the images that have not arrived in the environment's replica.
func (p *Promotions) missing(ctx context.Context, m *move, all map[tagboat.ImageName]tagboat.Reference, since time.Time) ([]stage.Missing, error) {
	if m.env.Registry == "" {
		return nil, nil
	}
	var mu sync.Mutex // guards missing
	var missing []stage.Missing
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(lookingAtOnce)
	for image, ref := range all {
		if ref.Host != m.env.Registry {
			continue
		}
		group.Go(func() error {
			there, err := p.Registry.Exists(ctx, ref)
			if err == nil && !there {
				mu.Lock()
				defer mu.Unlock()
				missing = append(missing, stage.Missing{Image: image, Registry: ref.Host, Since: since})
			}
			return err
		})
	}
	err := group.Wait()
	slices.SortFunc(missing, func(a, b stage.Missing) int { return cmp.Compare(a.Image, b.Image) })
	return missing, err
}

// lookingAtOnce bounds the requests to a replica.
const lookingAtOnce = 8
