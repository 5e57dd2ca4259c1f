package promotion

import (
	"fmt"
	"time"

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

// Instead says that a promotion, or going back, took the place of a promotion.
type Instead struct {
	Environment tagboat.EnvName
	Was         ledger.Promotion
	Is          string // the release
	Back        bool   // the environment goes back
}

// String implements operation.Event.
func (i Instead) String() string {
	if i.Was.Waits == "" && !i.Back {
		return fmt.Sprintf("release %s overtakes release %s, whose promotion to %s was under way since %s", i.Is, i.Was.Name, i.Environment, moment(i.Was.Since))
	}
	if i.Was.Waits == "" {
		return fmt.Sprintf("the promotion of release %s to %s, which was under way since %s, is ended: the environment goes back to release %s", i.Was.Name, i.Environment, moment(i.Was.Since), i.Is)
	}
	return fmt.Sprintf("the promotion of release %s to %s, which waited, is passed over for release %s", i.Was.Name, i.Environment, i.Is)
}

// because says in the journal why the other promotion came to nothing.
func (i Instead) because() string {
	if i.Was.Waits == "" && !i.Back {
		return fmt.Sprintf("overtaken by release %s while it was under way", i.Is)
	}
	if i.Was.Waits == "" {
		return fmt.Sprintf("ended: the environment went back to release %s while it was under way", i.Is)
	}
	return fmt.Sprintf("passed over: release %s took its place while it waited (%s)", i.Is, i.Was.Waits)
}

// Back says to which release an environment goes back of itself, and where from.
type Back struct {
	Environment tagboat.EnvName
	From        ledger.Promotions
	To          ledger.Promoted
}

// String implements operation.Event.
func (b Back) String() string {
	from := "has had no release that stayed"
	switch current, ok := b.From.Current(); {
	case b.From.Active != nil && b.From.Active.ID != b.To.ID:
		from = "is amid the promotion of release " + b.From.Active.Name
	case ok:
		from = "has release " + current.Name
	}
	return fmt.Sprintf("%s %s, and goes back to release %s, which it had since %s", b.Environment, from, b.To.Name, moment(b.To.At))
}

// NotOfRelease says that what was deployed last is undone, since it is not of the release that an
// environment has.
type NotOfRelease struct {
	Environment tagboat.EnvName
	Release     string
}

// String implements operation.Event.
func (n NotOfRelease) String() string {
	return fmt.Sprintf("what is pinned in %s is not that of release %s, which it has: the last deployment is undone", n.Environment, n.Release)
}

// Ended says that going back ended a promotion, so that nobody takes it up again.
type Ended struct {
	Environment tagboat.EnvName
	Was         ledger.Promotion
}

// String implements operation.Event.
func (e Ended) String() string {
	return fmt.Sprintf("the promotion of release %s to %s, of %s, is ended: the environment goes back", e.Was.Name, e.Environment, moment(e.Was.Since))
}

// Noted says which release an environment has by going back to a time.
type Noted struct {
	Environment tagboat.EnvName
	Is          ledger.Promoted
}

// String implements operation.Event.
func (n Noted) String() string {
	switch {
	case n.Is.Failed:
		return fmt.Sprintf("going back to release %s failed in %s", n.Is.Name, n.Environment)
	case n.Is.ID == "":
		return fmt.Sprintf("%s has no release now: none is known that it had then", n.Environment)
	default:
		return fmt.Sprintf("%s has release %s again", n.Environment, n.Is.Name)
	}
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

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
