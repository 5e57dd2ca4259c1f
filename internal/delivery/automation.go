package delivery

import (
	"errors"
	"maps"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/fleet"
)

// Automate makes a set one that no person asks for: services whose images are held, or whose
// versions were rejected, stay as they are, and so do those that somebody holds before their
// turn comes.
func (d *Delivery) Automate(s *PlanSet) error {
	s.automation = true
	for i := range s.plans {
		p := &s.plans[i]
		if !p.Changes() {
			continue
		}
		left, err := d.held(s.cells[i], p.Desired.Images)
		if err != nil {
			return err
		}
		p.LeftAlone = left
	}
	return nil
}

// held returns why automation must leave a service alone that should run these images;
// nil where it need not.
func (d *Delivery) held(c fleet.Cell, images []deploy.Image) (*deploy.LeftAlone, error) {
	err := d.Holds.MayDeploy(c.Env, c.Book(), images)
	if tagboat.KindOf(err) != tagboat.Blocked {
		return nil, err
	}
	return leftAlone(err), nil
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
