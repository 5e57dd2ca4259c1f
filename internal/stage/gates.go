package stage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
)

// Gates returns what each gate says, in the order in which people want to read them: what
// makes the question pointless first, then what only time opens, then what people decide.
// A gate that a stage does not have is not listed, nor is one of which there is nothing to say:
// that nobody holds an environment. With BreakGlass a gate that it overrides has passed, and
// says so.
func (q Question) Gates() []tagboat.GateResult {
	var all []tagboat.GateResult
	add := func(say func() *tagboat.GateResult) {
		if result := say(); result != nil {
			all = append(all, *result)
		}
	}
	add(q.there)
	add(q.rejection)
	if !q.Back {
		add(q.automatic)
		add(q.upstream)
		add(q.soak)
		add(q.kept)
		add(q.approvals)
		all = append(all, q.Versions...)
	}
	add(q.replica)
	add(q.hold)
	if !q.Back {
		add(q.freeze)
		add(q.window)
	}
	if q.BreakGlass && !q.Automation {
		for i, result := range all {
			if !result.Passed && slices.Contains(glass, result.Gate) {
				all[i] = tagboat.GateResult{Gate: result.Gate, Passed: true, Reason: result.Reason, BrokenGlass: true}
			}
		}
	}
	return all
}

// glass are the gates that a person can override. What a version shows of itself cannot be, nor
// that it is not there.
var glass = []string{"upstream", "soak", "approvals", "check", "freeze", "window"}

// Open reports whether all gates let the release in, and the first that does not.
func Open(gates []tagboat.GateResult) (bool, tagboat.GateResult) {
	for _, g := range gates {
		if !g.Passed {
			return false, g
		}
	}
	return true, tagboat.GateResult{}
}

// Opens returns when all that are closed open without anybody's doing, at the earliest: a window
// may have closed again by then. False where somebody has to act.
func Opens(gates []tagboat.GateResult) (time.Time, bool) {
	var last time.Time
	for _, g := range gates {
		switch {
		case g.Passed:
		case g.Opens == nil:
			return time.Time{}, false
		case g.Opens.After(last):
			last = *g.Opens
		}
	}
	return last, true
}

// pass and shut make what a gate says.
func pass(gate, format string, args ...any) *tagboat.GateResult {
	return &tagboat.GateResult{Gate: gate, Passed: true, Reason: fmt.Sprintf(format, args...)}
}

func shut(gate string, cause tagboat.GateCause, format string, args ...any) *tagboat.GateResult {
	return &tagboat.GateResult{Gate: gate, Cause: cause, Reason: fmt.Sprintf(format, args...)}
}

// there says that nothing is left to do. After a deployment that failed it may be: the
// environment may not have got back.
func (q Question) there() *tagboat.GateResult {
	last, ok := q.Here.Current()
	if !ok || last.ID != q.Release.ID || q.Here.Trail[len(q.Here.Trail)-1].Failed {
		return nil
	}
	return shut("promotion", tagboat.CauseAlreadyThere, "%s has had %s since %s", q.Env.Name, q.name(), moment(last.At))
}

func (q Question) rejection() *tagboat.GateResult {
	if q.Rejected == nil {
		return nil
	}
	result := shut("rejection", tagboat.CauseRejected, "%s rejected it at %s%s", cmp.Or(who(q.Rejected.By), "somebody"), moment(q.Rejected.At), because(q.Rejected.Reason))
	return q.forAutomation(result, "")
}

// automatic is what binds automation alone, by the stage's auto.
func (q Question) automatic() *tagboat.GateResult {
	switch {
	case !q.Automation:
		return nil
	case q.Stage.Auto == "" || q.Stage.Auto == config.AutoOff:
		return q.forAutomation(shut("auto", tagboat.CauseOff, "automation brings nothing to the stage %s", q.Stage.Name), "")
	case q.Release.Older:
		return q.forAutomation(shut("auto", tagboat.CauseOlder, "it is older than what %s has, and automation never goes back", q.Env.Name), "")
	default:
		return pass("auto", "the stage %s has auto: %s", q.Stage.Name, q.Stage.Auto)
	}
}

// replica waits for images that are on their way.
func (q Question) replica() *tagboat.GateResult {
	if len(q.Missing) == 0 {
		return nil
	}
	var missing []string
	for _, m := range q.Missing {
		text := fmt.Sprintf("%s has not arrived in %s", m.Image, m.Registry)
		if !m.Since.IsZero() {
			text += " for " + span(q.Now.Sub(m.Since))
		}
		missing = append(missing, text)
	}
	result := shut("replica", tagboat.CauseNotReplicated, "%s", strings.Join(missing, "; "))
	result.Hint = "it enters when they have arrived; the rules of replication are with the registry that the images are pushed to: aws ecr describe-registry"
	return result
}

func (q Question) hold() *tagboat.GateResult {
	if !lasts(q.Hold, q.Now) {
		return nil
	}
	result := shut("hold", tagboat.CauseHeld, "%s is held%s", q.Env.Name, ofHold(q.Hold))
	result.Opens = q.Hold.Until
	return q.forAutomation(result, fmt.Sprintf("; to lift the hold: tagboat unhold --env %s", q.Env.Name))
}

func (q Question) freeze() *tagboat.GateResult {
	if !lasts(q.Freeze, q.Now) {
		return nil
	}
	result := shut("freeze", tagboat.CauseFrozen, "everything is frozen%s", ofHold(q.Freeze))
	result.Opens, result.Hint = q.Freeze.Until, "to end the freeze: tagboat unhold --all; "+q.override()
	return result
}

func lasts(h *tagboat.Hold, now time.Time) bool {
	return h != nil && (h.Until == nil || h.Until.After(now))
}

// ofHold says why, by whom, since when and until when.
func ofHold(h *tagboat.Hold) string {
	text := because(h.Reason) + " (by " + cmp.Or(who(h.By), "somebody")
	if h.Since != nil {
		text += ", since " + moment(*h.Since)
	}
	if h.Until != nil {
		text += ", until " + moment(*h.Until)
	}
	return text + ")"
}

// forAutomation closes a gate for automation only: for a person it has passed, with the reason.
func (q Question) forAutomation(result *tagboat.GateResult, more string) *tagboat.GateResult {
	if !q.Automation {
		return pass(result.Gate, "%s", result.Reason)
	}
	result.Hint = "a person can promote it: " + q.promote() + more
	return result
}

// name is what people call the release.
func (q Question) name() string { return cmp.Or(q.Release.Name, q.Release.ID.Short()) }

// promote is the command by which a person promotes the release, and override that by which gates are overridden.
func (q Question) promote() string {
	if q.Release.Unmade {
		return fmt.Sprintf("tagboat promote --env %s", q.Env.Name)
	}
	return fmt.Sprintf("tagboat promote %s --env %s", q.name(), q.Env.Name)
}

func (q Question) override() string {
	return "to override it: " + q.promote() + " --break-glass -m WHY"
}

// moment, span, who and because are how times, durations, people and reasons stand in a sentence.
func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func span(d time.Duration) string {
	if d >= 2*time.Minute {
		d = d.Truncate(time.Minute)
	}
	return config.Duration(d).String()
}

func who(arn string) string { return arn[strings.LastIndexAny(arn, "/:")+1:] }

func because(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}
