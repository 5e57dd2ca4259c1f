package promotion

import (
	"fmt"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/release"
)

// Beside says what a promotion, which goes on all the same, could not do beside it.
type Beside struct{ Err error }

// String implements operation.Event.
func (b Beside) String() string { return b.Err.Error() }

// BrokenGlass says that gates of a stage are overridden.
type BrokenGlass struct {
	Stage   tagboat.StageName
	Release string
	Why     string
}

// String implements operation.Event.
func (b BrokenGlass) String() string {
	return fmt.Sprintf("the glass of stage %s is broken for release %s: %s; it is recorded who did it", b.Stage, b.Release, b.Why)
}

// Instead says that a promotion took the place of one that waited.
type Instead struct {
	Environment tagboat.EnvName
	Was, Is     string
}

// String implements operation.Event.
func (i Instead) String() string {
	return fmt.Sprintf("the promotion of release %s to %s, which waited, is passed over for release %s", i.Was, i.Environment, i.Is)
}

// adopt makes m a move of a promotion that is only known by what the environment remembers.
func (m *move) adopt(a ledger.Promotion) {
	m.release = &release.Release{Name: a.Name, ID: a.ID}
}

// fail makes an error the end of a promotion.
func fail(r *tagboat.PromotionResult, err error) {
	r.State, r.Reason = tagboat.PromotionFailed, err.Error()
	switch tagboat.KindOf(err) {
	case tagboat.Superseded:
		r.State = tagboat.PromotionSuperseded
	case tagboat.Blocked:
		r.State = tagboat.PromotionBlocked
	case tagboat.Interrupted:
		r.State = tagboat.PromotionInterrupted
	}
	if hint := tagboat.HintOf(err); hint != "" {
		r.Reason += "; " + hint
	}
}
