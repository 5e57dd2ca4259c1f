package promotion

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/release"
	"github.com/tagboat/tagboat/internal/stage"
)

// choose finds the release of each move: the one that is named, else the one whose promotion the
// environment has not finished, else what its stage says. Then it freezes the fleet of each.
func (p *Promotions) choose(ctx context.Context, s *Set) error {
	if s.request.Release != "" {
		named, err := p.Releases.Find(ctx, s.request.Release)
		if err != nil {
			return err
		}
		for _, m := range s.moves {
			m.release = &named
		}
		return p.freeze(s)
	}
	if s.request.Back {
		if err := p.earlier(ctx, s); err != nil {
			return err
		}
		return p.freeze(s)
	}
	p.upcoming(ctx, s)
	if err := p.newest(ctx, s); err != nil {
		return err
	}
	if err := cmp.Or(ctx.Err(), s.unchosen(), p.freeze(s)); err != nil {
		return err
	}
	p.narrow(ctx, s)
	return nil
}

// unchosen returns why nothing was chosen where that is so for every environment: what one alone
// lacks is not the others' fault.
func (s *Set) unchosen() error {
	var first error
	for _, m := range s.moves {
		if m.unchosen == nil {
			return nil
		}
		first = cmp.Or(first, m.unchosen)
	}
	return first
}

// upcoming chooses what was begun, or what the stage before has. Each release is read once.
func (p *Promotions) upcoming(ctx context.Context, s *Set) {
	known := map[tagboat.Digest]*release.Release{}
	for _, m := range s.moves {
		if m.unread != nil {
			continue
		}
		next := m.next(s.request.Automation, p.now(m.env))
		if next.ID == "" {
			continue
		}
		if known[next.ID] == nil {
			found, err := p.Releases.At(ctx, next.ID, next.Name)
			if err != nil {
				m.unchosen = fmt.Errorf("reading release %s, which %s: %w", next.Name, m.origin(), err)
				continue
			}
			known[next.ID] = &found
		}
		m.release = known[next.ID]
	}
}

// origin says where the release of a move comes from.
func (m *move) origin() string {
	if m.here.Active != nil || m.before == nil {
		return "is under way to " + string(m.env.Name)
	}
	return string(m.before.env.Name) + " has"
}

// next returns the release whose promotion was not finished, or the one of the stage before that
// comes next; the zero value for none. What waits gives way to what is newer: to what a person asks
// for, and where the stage follows the one before to what comes from there.
func (m *move) next(automation bool, now timeOf) ledger.Promoted {
	var begun, next ledger.Promoted
	if a := m.here.Active; a != nil {
		begun = ledger.Promoted{Name: a.Name, ID: a.ID}
	}
	underWay := begun.ID != "" && m.here.Active.Waits == ""
	switch overtakes := underWay && automation && m.mayOvertake(m.here.Active); {
	case overtakes && m.fromRules():
		return ledger.Promoted{} // the newest versions may be others by now
	case underWay && !overtakes || m.fromRules() || m.before == nil:
		return begun
	}
	had := stage.Upstream{Environment: m.before.env.Name, Had: m.before.had}
	next, m.passedOver = stage.Upcoming(now(), m.stage.Gates.Soak, had, m.here)
	current, has := m.before.had.Current()
	switch {
	case automation && m.stage.Auto == config.AutoUpstream && next.ID != "":
		return next
	case begun.ID != "" && (automation || !has):
		return begun
	case has:
		return current // the checklist says what it waits for
	default:
		return ledger.Promoted{}
	}
}

// mayOvertake reports whether automation may put a newer release in the place of a promotion that is
// under way: its stage says so, no person began that, and it does not go back.
func (m *move) mayOvertake(a *ledger.Promotion) bool {
	return m.stage.Overtake && a != nil && a.Auto && !a.Back && !failed(a)
}

// overtakes reports whether a move takes the place of a promotion that is under way.
func (m *move) overtakes(a *ledger.Promotion) bool {
	return m.question.Automation && m.release != nil && m.mayOvertake(a) && m.release.ID != a.ID
}

// fromRules reports whether the stage of a move is given the newest versions.
func (m *move) fromRules() bool { return m.stage.Auto == config.AutoNewest }

// newest makes releases of the newest versions, for the moves whose stage is given those: in
// memory alone, until one is promoted. Environments that would have the same versions share one.
func (p *Promotions) newest(ctx context.Context, s *Set) error {
	var want []*move
	for _, m := range s.moves {
		if m.fromRules() && m.unread == nil && m.unchosen == nil && (m.release == nil || m.here.Active != nil && m.here.Active.Waits != "") {
			want = append(want, m)
		}
	}
	if len(want) == 0 {
		return nil
	}
	picks, err := p.Pinning.Newest(ctx, p.asked(s.request, want))
	if err != nil {
		return err
	}
	made := map[string]*release.Release{}
	for _, m := range want {
		versions, stays, err := p.Pinning.Advanced(ctx, m.env, m.book, picks)
		if err != nil {
			return err
		}
		s.warned = append(s.warned, stays...)
		key := versionsKey(versions)
		if made[key] == nil {
			r, err := p.Releases.CreateOf(ctx, versions, release.Request{Environment: m.env.Name, DryRun: true})
			if err != nil {
				return err
			}
			made[key] = &r
		}
		m.release, m.made = made[key], versions
		if current, ok := m.here.Current(); ok && current.ID == m.release.ID {
			m.release.Name = current.Name
		}
	}
	return nil
}

// asked returns the images whose newest versions a request asks for, nil for all, and those that an
// environment has no version of yet: a release has one of each.
func (p *Promotions) asked(r Request, want []*move) []tagboat.ImageName {
	if r.Newest == nil {
		return nil
	}
	images := slices.Clone(r.Newest)
	for _, image := range slices.Sorted(maps.Keys(p.Fleet.Config.Images)) {
		lacks := func(m *move) bool {
			_, pinned := m.book.Pin(m.env.Name, image)
			return !pinned
		}
		if !slices.Contains(images, image) && slices.ContainsFunc(want, lacks) {
			images = append(images, image)
		}
	}
	return images
}

func versionsKey(versions map[tagboat.ImageName]tagboat.Reference) string {
	var b strings.Builder
	for _, image := range slices.Sorted(maps.Keys(versions)) {
		fmt.Fprintf(&b, "%s %s\n", image, versions[image].Digest)
	}
	return b.String()
}

// freeze gives each move the fleet as its release has it.
func (p *Promotions) freeze(s *Set) error {
	frozen := map[tagboat.Digest]*fleet.Fleet{}
	for _, m := range s.moves {
		if m.release == nil {
			continue
		}
		m.takesUp = m.here.Active != nil && m.here.Active.ID == m.release.ID
		if frozen[m.release.ID] == nil {
			f, err := m.release.Fleet(p.Fleet)
			if err != nil {
				return err
			}
			frozen[m.release.ID] = f
		}
		m.fleet = frozen[m.release.ID]
	}
	return nil
}
