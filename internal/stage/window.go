package stage

import (
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
)

func (q Question) window() *tagboat.GateResult {
	w := q.Stage.Gates.Window
	if w == nil {
		return nil
	}
	from, to := Next(*w, q.Now)
	switch {
	case from.IsZero():
		result := shut("window", tagboat.CauseWindow, "it never opens: %s for %s in %s", w.Opens, span(w.For), w.Zone)
		result.Hint = q.override()
		return result
	case from.After(q.Now):
		result := shut("window", tagboat.CauseWindow, "it opens at %s, until %s: %s for %s in %s", moment(from), moment(to), w.Opens, span(w.For), w.Zone)
		result.Opens, result.Hint = &from, q.override()
		return result
	default:
		return pass("window", "it is open until %s: %s for %s in %s", moment(to), w.Opens, span(w.For), w.Zone)
	}
}

// longestLook is how far Next follows openings that overlap: what is open for longer closes
// then as far as it knows.
const longestLook = 32 * 24 * time.Hour

// Next returns when a window is open next: from and to of the time it is open now, or of the
// next one. Openings that overlap or touch are one. Both are zero where it never opens. It
// opens by the clocks of its zone, and stays open for as long as it says whatever clocks do.
func Next(w config.Window, now time.Time) (from, to time.Time) {
	if w.For <= 0 {
		return time.Time{}, time.Time{}
	}
	now = now.UTC()
	for opens := range w.Opens.After(now.Add(-w.For), w.Zone) {
		switch opens = opens.UTC(); {
		case from.IsZero():
			from = opens
		case opens.After(to) || to.Sub(now) > longestLook && to.Sub(from) > longestLook:
			return from, to
		}
		to = opens.Add(w.For)
	}
	return from, to
}
