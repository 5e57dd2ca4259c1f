package delivery

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ledger"
)

// Automate makes a set one that no person asks for: services whose images are held, or whose
// versions or revisions were rejected, stay as they are, and so do those that somebody holds before their
// turn comes.
func (d *Delivery) Automate(ctx context.Context, s *PlanSet) error {
	s.automation = true
	for i := range s.plans {
		p := &s.plans[i]
		if !p.Changes() {
			continue
		}
		err := d.Holds.MayDeploy(s.cells[i].Env, s.cells[i].Book(), p.Desired.Images)
		if err == nil {
			var revision string
			if revision, err = comesBack(ctx, s.cells[i], *p); revision != "" {
				err = revisionRejected(s.cells[i], revision)
			}
		}
		switch {
		case tagboat.KindOf(err) == tagboat.Blocked:
			p.LeftAlone = leftAlone(err)
		case err != nil:
			return err
		}
	}
	return nil
}

// HeedFreeze makes a set one that a freeze of everything stops: services that would change stay as
// they are, and so do those whose turn comes once a freeze has begun.
func (d *Delivery) HeedFreeze(ctx context.Context, s *PlanSet) error {
	s.While(func(ctx context.Context, _ ledger.Book) error { return d.Holds.Thawed(ctx) })
	for i := range s.plans {
		p := &s.plans[i]
		if !p.Changes() || p.LeftAlone != nil {
			continue
		}
		switch err := d.Holds.Thawed(ctx); {
		case tagboat.KindOf(err) == tagboat.Blocked:
			p.LeftAlone = leftAlone(err)
		case err != nil:
			return err
		}
	}
	return nil
}

// leftAlone makes an error the reason why a service is left alone.
func leftAlone(err error) *deploy.LeftAlone {
	verdict := tagboat.VerdictSkipped
	if tagboat.KindOf(err) == tagboat.Blocked {
		verdict = tagboat.VerdictBlocked
	}
	return &deploy.LeftAlone{Verdict: verdict, Why: err.Error() + "; " + tagboat.HintOf(err)}
}

// Blocked returns an error of kind Blocked where automation leaves services of the set alone.
func (s *PlanSet) Blocked() error {
	reasons := map[string]bool{}
	for _, p := range s.plans {
		if p.LeftAlone != nil && p.LeftAlone.Verdict == tagboat.VerdictBlocked {
			reasons[p.LeftAlone.Why] = true
		}
	}
	var failed []error
	for _, why := range slices.Sorted(maps.Keys(reasons)) {
		failed = append(failed, tagboat.Errorf(tagboat.Blocked, "%s", why))
	}
	return errors.Join(failed...)
}
