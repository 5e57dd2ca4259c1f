package watch

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/operation"
)

// notes are what is written to the log, and what was said before: what lasts is said once. The loop
// owns it.
type notes struct {
	log       *slog.Logger
	said      map[tagboat.EnvName]Decision
	warned    map[tagboat.StageName][]string
	outages   map[tagboat.EnvName]string // what is away where something cannot be looked at
	since     map[string]time.Time       // since when
	throttled atomic.Bool
}

func newNotes(log *slog.Logger) *notes {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &notes{
		log: log, said: map[tagboat.EnvName]Decision{}, warned: map[tagboat.StageName][]string{},
		outages: map[tagboat.EnvName]string{}, since: map[string]time.Time{},
	}
}

// hear logs what an operation says of itself. It is safe for concurrent use.
func (n *notes) hear(e operation.Event) {
	if _, usual := e.(interface{ Usual() }); usual {
		n.log.Debug(e.String())
		return
	}
	n.log.Warn(e.String())
}

// decided writes a decision in one line: the hint, what was looked at, what was decided, and why. What
// a sweep finds as it was before is of the level debug.
func (n *notes) decided(d Decision, looked string, asked Asked) {
	level := slog.LevelInfo
	was, before := n.said[d.Environment]
	if asked.Routine && before && was.Kind == d.Kind && was.Cause == d.Cause && was.Release == d.Release && d.Kind != Promote && d.Kind != GoOn {
		level = slog.LevelDebug
	}
	if d.Kind == Fail {
		level = slog.LevelDebug // outage says it once
	}
	n.said[d.Environment] = d
	attributes := []slog.Attr{
		slog.String("hint", inWords(asked)), slog.String("environment", string(d.Environment)), slog.String("looked", looked),
		slog.String("decision", string(d.Kind)),
	}
	for _, a := range []struct{ name, value string }{{"release", d.Release}, {"cause", string(d.Cause)}, {"why", d.Why}} {
		if a.value != "" {
			attributes = append(attributes, slog.String(a.name, a.value))
		}
	}
	if d.Until != nil {
		attributes = append(attributes, slog.Time("until", d.Until.UTC()))
	}
	n.log.LogAttrs(context.Background(), level, "decided", attributes...)
}

// ended writes how a promotion ended.
func (n *notes) ended(r tagboat.PromotionResult, asked Asked) {
	level := slog.LevelInfo
	switch r.State {
	case tagboat.PromotionFailed, tagboat.PromotionRolledBack:
		level = slog.LevelWarn
	case tagboat.PromotionDone: // which the next sweep finds
		n.said[r.Environment] = Decision{Kind: Unchanged, Cause: tagboat.CauseAlreadyThere, Release: r.Release.Name}
	}
	n.log.Log(context.Background(), level, "ended", "hint", inWords(asked), "environment", r.Environment, "release", r.Release.Name, "state", r.State, "why", r.Reason)
}

// outage says that something is away, once for all environments that this keeps from being looked at,
// and with "" that it is over, once for all of them. What is away is tried again all the time.
func (n *notes) outage(env tagboat.EnvName, what, why string) {
	was := n.outages[env]
	if was == what {
		return
	}
	delete(n.outages, env)
	if what != "" {
		n.outages[env] = what
		if _, known := n.since[what]; !known {
			n.since[what] = time.Now()
			n.log.Warn("outage begins", "outage", what, "environment", env, "why", why)
		}
	}
	for _, other := range n.outages {
		if other == was {
			return
		}
	}
	if since, known := n.since[was]; known {
		delete(n.since, was)
		n.log.Info("outage ends", "outage", was, "lasted", time.Since(since).Round(time.Second).String())
	}
}

// slow says of a look that takes long that it was throttled, which is waited out: once, until a look
// is quick again. It is safe for concurrent use; quick is called when the look is over.
func (n *notes) slow(environments int, calls *operation.Operation) (quick func()) {
	timer := time.AfterFunc(slowLook, func() {
		if c := calls.Calls(); c.Throttled > 0 && n.throttled.CompareAndSwap(false, true) {
			n.log.Warn("looking takes long: AWS throttles it", "environments", environments, "after", slowLook.String(), "calls", c.Total, "throttled", c.Throttled)
		}
	})
	return func() {
		if timer.Stop() && n.throttled.CompareAndSwap(true, false) {
			n.log.Info("looking is quick again")
		}
	}
}

// slowLook is how long a look may take before that is said.
const slowLook = 30 * time.Second

// warnings writes what a plan warns of, once.
func (n *notes) warnings(stage tagboat.StageName, all []string) {
	for _, warning := range all {
		if !slices.Contains(n.warned[stage], warning) {
			n.log.Info(warning, "stage", stage)
		}
	}
	n.warned[stage] = all
}

// inWords returns the hints in words.
func inWords(a Asked) string {
	text := strings.Join(a.Words, ", ")
	if a.More > 0 {
		text += ", and more"
	}
	return text
}

// looked says what was looked at, beside what runs, in an environment whose releases come from another
// one, or "".
func looked(a Asked, from tagboat.EnvName) string {
	var images []string
	for _, image := range a.Images {
		images = append(images, string(image))
	}
	switch {
	case !a.Look:
		return "ledger"
	case from != "":
		return "release of " + string(from)
	case a.All || len(images) == 0:
		return "all images"
	default:
		return "newest of " + strings.Join(images, ", ")
	}
}
