package promotion

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/pinning"
)

// claim is a promotion that an environment remembers as its active one.
type claim struct {
	ledger.Promotion
	draft *ledger.Draft // upon which it was written
	again bool          // a run before this one, or another process, began it
	// planned says that the draft is what the plan has read: somebody may have written since, which
	// shows once something was written upon it.
	planned bool
	// instead is the promotion that it took the place of: one that waited, and of a rollback by a
	// person one that was under way; nil for none.
	instead *ledger.Promotion
}

// claimTries is how often others may come before a change of what an environment remembers.
const claimTries = 20

// claim makes a move the active promotion of its environment, or finds that it is already: of the
// same release there is one, no matter who began it. waits is the cause that it waits for; "" to begin.
// The error is of kind Superseded where another release's is under way.
func (p *Promotions) claim(ctx context.Context, m *move, waits tagboat.GateCause) (claim, error) {
	_, by, err := p.Access.Session(m.env).Identity(ctx)
	if err != nil {
		return claim{}, err
	}
	for try := range claimTries {
		draft, was, err := p.draftAsPlanned(ctx, m, try)
		if err != nil {
			return claim{}, err
		}
		c := claim{draft: draft, planned: try == 0 && m.question.Automation, Promotion: ledger.Promotion{
			Key: rand.Text(), Name: m.release.Name, ID: m.release.ID, Since: p.now(m.env)(), By: by, Waits: string(waits),
			Auto: m.question.Automation, Back: m.question.Back,
		}}
		switch a := was.Active; {
		case a == nil:
		case a.ID == m.release.ID && (a.Waits == "" || a.Waits == c.Waits):
			c.Promotion, c.again = *a, true
			return c, nil
		case a.ID == m.release.ID:
			c.Key, c.By, c.Since, c.Was, c.again = a.Key, a.By, a.Since, a.Was, a.Was != nil
		case a.Waits == "" && !m.overtakes(a) && (!m.question.Back || m.question.Automation):
			return claim{}, tagboat.Errorf(tagboat.Superseded, "the promotion of release %s was begun in %s meanwhile, by %s", a.Name, m.env.Name, a.By).
				WithHint("tagboat promote %s --env %s watches it; tagboat promote --abort --env %s ends it", a.Name, m.env.Name, m.env.Name)
		default:
			c.instead, c.Was = a, a.Was // where that has pinned something, it is not what was there before
		}
		if err := m.moved(ctx, draft, was); err != nil {
			return claim{}, err
		}
		if c.Was == nil && waits == "" {
			c.Was = versionsOf(ctx, p.Fleet.Layout().Groups(m.env), draft)
		}
		is := was
		is.Active = &c.Promotion
		receipt, err := draft.Promote(ctx, p.Fleet.Layout().Holds(m.env), was, is, ledger.Why{Message: "release " + m.release.Name})
		if err != nil {
			return claim{}, fmt.Errorf("claiming %s for release %s: %w", m.env.Name, m.release.Name, err)
		}
		if len(receipt.Lost) == 0 {
			return c, nil
		}
	}
	return claim{}, tagboat.Errorf(tagboat.Superseded, "others promote to %s all the time", m.env.Name).WithHint("run the command again")
}

// moved returns an error of kind Superseded where the environment got another release since the
// promotion was planned, or somebody pinned another version: it was decided on what there was.
func (m *move) moved(ctx context.Context, draft *ledger.Draft, is ledger.Promotions) error {
	again := func(format string, args ...any) error {
		return tagboat.Errorf(tagboat.Superseded, format, args...).WithHint("run the command again, which decides on what there is now")
	}
	before, _ := m.here.Current()
	if now, _ := is.Current(); now.ID != before.ID && now.ID != m.release.ID {
		return again("%s got release %s since the promotion was planned", m.env.Name, now.Name)
	}
	book, err := draft.Book(ctx)
	if err != nil {
		return err
	}
	for image, to := range m.pins() {
		planned, _ := m.book.Pin(m.env.Name, image)
		if now, _ := book.Pin(m.env.Name, image); now.Digest != planned.Digest && now.Digest != to.Digest {
			return again("image %s of %s was pinned to %s since the promotion was planned", image, m.env.Name, now.Reference().Readable())
		}
	}
	return nil
}

// draftAsPlanned is draft, but for the first try of automation, which carries out at once what it
// planned: that writes upon what the plan has read.
func (p *Promotions) draftAsPlanned(ctx context.Context, m *move, try int) (*ledger.Draft, ledger.Promotions, error) {
	if try == 0 && m.question.Automation {
		if draft := p.Access.Ledger(m.env).DraftOn(m.book, p.Fleet.Layout().All(m.env)...); draft != nil {
			return draft, m.here, nil
		}
	}
	return p.draft(ctx, m)
}

// draft reads what an environment has, to write upon.
func (p *Promotions) draft(ctx context.Context, m *move) (*ledger.Draft, ledger.Promotions, error) {
	draft, err := p.Access.Ledger(m.env).Draft(ctx, p.Fleet.Layout().All(m.env)...)
	if err != nil {
		return nil, ledger.Promotions{}, err
	}
	book, err := draft.Book(ctx)
	if err != nil {
		return nil, ledger.Promotions{}, err
	}
	was, err := book.Promotions(m.env.Name)
	return draft, was, err
}

// versionsOf returns the versions that groups have in a draft.
func versionsOf(ctx context.Context, groups []ledger.Group, draft *ledger.Draft) []int64 {
	book, err := draft.Book(ctx)
	versions := make([]int64, len(groups))
	if err != nil {
		return versions // the draft was read before, so that there is none
	}
	for i, g := range groups {
		for _, e := range book.Entries {
			if e.Group.Parameter == g.Parameter {
				versions[i] = e.Version
			}
		}
	}
	return versions
}

// pin writes the release's pins, all of them, for as long as the claim is ours: what others pinned
// meanwhile is replaced. Whoever lost the claim takes its own pins back, so that what the new one
// pins stays. The error is then of kind Superseded.
func (p *Promotions) pin(ctx context.Context, m *move, c *claim) (pinning.Outcome, error) {
	all, _ := m.versions()
	var out pinning.Outcome
	for try := range claimTries {
		taken, err := p.Pinning.Take(ctx, c.draft, m.env, all, p.message(m))
		if err != nil && tagboat.KindOf(err) != tagboat.Superseded {
			return taken, err
		}
		if taken.Changed {
			out = taken
		}
		draft, is, err := p.draft(ctx, m)
		if err != nil {
			return out, err
		}
		if is.Active == nil || is.Active.Key != c.Key {
			return out, p.lost(ctx, m, taken, is)
		}
		c.draft = draft
		book, err := draft.Book(ctx)
		if err != nil {
			return out, err
		}
		if pinned(book, m, all) {
			m.set.HasRead(m.env.Name, book)
			return out, nil
		}
		if c.planned && try == 0 {
			if err := m.moved(ctx, draft, is); err != nil {
				return out, p.giveUp(ctx, m, c, taken, err)
			}
		}
	}
	return out, tagboat.Errorf(tagboat.Internal, "the pins of %s change too often", m.env.Name).WithHint("run the command again")
}

// giveUp takes back what was pinned by a claim that stood on what nobody has any more, and ends
// the claim.
func (p *Promotions) giveUp(ctx context.Context, m *move, c *claim, taken pinning.Outcome, why error) error {
	if err := p.Pinning.PutBack(ctx, m.env, taken, "something else was pinned meanwhile"); err != nil {
		return err
	}
	return cmp.Or(p.conclude(ctx, m, c.Key, nil, ""), why)
}

// lost takes back what was pinned without a claim.
func (p *Promotions) lost(ctx context.Context, m *move, taken pinning.Outcome, is ledger.Promotions) error {
	if err := p.Pinning.PutBack(ctx, m.env, taken, "another promotion was begun"); err != nil {
		return err
	}
	return another(m, is)
}

// another says that the claim of a promotion is not ours any more, and whose it is.
func another(m *move, is ledger.Promotions) error {
	who := "the promotion was ended by somebody with --abort, or has come to its end"
	switch a := is.Active; {
	case a != nil && a.ID == m.release.ID:
		who = "another process found that it fails, and goes back"
	case a != nil:
		who = fmt.Sprintf("the promotion of release %s was begun by %s", a.Name, a.By)
	}
	return tagboat.Errorf(tagboat.Superseded, "while %s was promoted to %s, %s", called(*m.release), m.env.Name, who).
		WithHint("tagboat status --env %s shows what it has", m.env.Name)
}

func pinned(book ledger.Book, m *move, all map[tagboat.ImageName]tagboat.Reference) bool {
	return len(fleet.PinChanges(book, m.env.Name, all)) == 0
}

// conclude writes how a promotion ended to what the environment remembers: had is the release in
// its trail, nil where it stays as it is, and waits what it waits for, "" where it is over. Where
// the claim is not ours any more it changes nothing, and the error is of kind Superseded, unless
// another process has brought the same release to its end.
func (p *Promotions) conclude(ctx context.Context, m *move, key string, had *ledger.Promoted, waits tagboat.GateCause) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), concluding)
	defer cancel()
	var superseded error
	err := p.remember(ctx, m, "release "+m.release.Name, func(was ledger.Promotions) (ledger.Promotions, bool) {
		if was.Active == nil || was.Active.Key != key {
			failed := waits != "" || had != nil && had.Failed
			if current, ok := was.Current(); failed || !ok || current.ID != m.release.ID {
				superseded = another(m, was)
			}
			return was, false
		}
		is := was
		is.Active = nil
		if waits != "" {
			waiting := *was.Active
			waiting.Waits = string(waits)
			is.Active = &waiting
		}
		if had != nil {
			is = is.Had(*had)
		}
		return is, true
	})
	return cmp.Or(err, superseded)
}

// takeOver gives the claim a key that another process of the same promotion does not go by, so that one of
// them goes back and the others begin nothing more. The error is of kind Superseded where another
// one was first, or the promotion was ended.
func (p *Promotions) takeOver(ctx context.Context, m *move, c *claim) error {
	key := c.Key + backSuffix
	var superseded error
	err := p.remember(ctx, m, "release "+m.release.Name+" failed", func(was ledger.Promotions) (ledger.Promotions, bool) {
		if was.Active == nil || was.Active.Key != c.Key {
			superseded = another(m, was)
			return was, false
		}
		is, active := was, *was.Active
		active.Key = key
		is.Active = &active
		return is, true
	})
	if err = cmp.Or(err, superseded); err == nil {
		c.Key = key
	}
	return err
}

// remember changes what an environment remembers of releases, as long as change says that there is
// something to change.
func (p *Promotions) remember(ctx context.Context, m *move, message string, change func(was ledger.Promotions) (is ledger.Promotions, changes bool)) error {
	return p.Access.Ledger(m.env).Remember(ctx, p.Fleet.Layout().Holds(m.env), ledger.Why{Message: message}, change)
}

// concluding bounds how long it may take to note how a promotion ended, though its command was
// interrupted.
const concluding = 30 * time.Second
