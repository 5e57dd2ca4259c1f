package stage

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/ledger"
)

// upstream asks whether the release went through the stage before. A stage that takes the
// newest versions follows no other.
func (q Question) upstream() *tagboat.GateResult {
	if q.Upstream == nil || q.Stage.Auto == config.AutoNewest {
		return nil
	}
	last, ok := newest(q.Upstream.Had, q.Release.ID)
	var result *tagboat.GateResult
	switch {
	case !ok:
		result = shut("upstream", tagboat.CauseNoUpstream, "%s has not had %s", q.Upstream.Environment, q.name())
		result.Hint = fmt.Sprintf("tagboat promote %s --env %s", q.name(), q.Upstream.Environment)
	case last.Failed:
		result = shut("upstream", tagboat.CauseUnhealthy, "its deployment to %s failed at %s", q.Upstream.Environment, moment(last.At))
		result.Hint = fmt.Sprintf("to try again: tagboat promote %s --env %s", q.name(), q.Upstream.Environment)
	default:
		return pass("upstream", "%s has had it since %s", q.Upstream.Environment, moment(last.At))
	}
	result.Hint += "; " + q.override()
	return result
}

// newest returns the newest entry that a trail has of a release.
func newest(had ledger.Promotions, release tagboat.Digest) (ledger.Promoted, bool) {
	for _, at := range slices.Backward(had.Trail) {
		if at.ID == release {
			return at, true
		}
	}
	return ledger.Promoted{}, false
}

// stint is the time for which an environment had a release.
type stint struct {
	ledger.Promoted
	end time.Time // now for the release that the environment has
	by  string    // the release that replaced it; "" for none
}

func (s stint) lasted() time.Duration { return s.end.Sub(s.At) }

// trouble returns what spoke against the release in a stint, the newest.
func (s stint) trouble(all []Trouble) (newest Trouble, count int) {
	for _, t := range all {
		if t.At.Before(s.At) || s.by != "" && t.At.After(s.end) {
			continue
		}
		if count++; !t.At.Before(newest.At) {
			newest = t
		}
	}
	return newest, count
}

// passed reports whether the release ran well for long enough.
func (s stint) passed(soak time.Duration, all []Trouble) bool {
	_, troubles := s.trouble(all)
	return troubles == 0 && s.lasted() >= soak
}

// stints returns the newest stint of each release that an environment has had, the oldest
// first: a deployment of the same release starts anew. What did not succeed has none, and
// ends none; going back to what no release has ends one.
func stints(had ledger.Promotions, now time.Time) []stint {
	var all []stint
	for _, at := range had.Trail {
		if at.Failed {
			continue
		}
		if n := len(all); n > 0 {
			all[n-1].end, all[n-1].by = at.At, called(at)
		}
		all = append(all, stint{Promoted: at, end: now})
	}
	seen := map[tagboat.Digest]bool{"": true}
	for i := len(all) - 1; i >= 0; i-- {
		if id := all[i].ID; seen[id] {
			all = slices.Delete(all, i, i+1)
		} else {
			seen[id] = true
		}
	}
	return all
}

// called is what people call a release.
func called(p ledger.Promoted) string {
	if p.Name == "" && p.ID == "" {
		return "a rollback"
	}
	return cmp.Or(p.Name, p.ID.Short())
}

// soak asks whether the release has run well in the stage before, and for long enough.
func (q Question) soak() *tagboat.GateResult {
	soak := q.Stage.Gates.Soak
	if soak == 0 {
		return nil
	}
	result := q.soaks(soak)
	if !result.Passed && result.Hint == "" {
		result.Hint = q.override()
	}
	return result
}

func (q Question) soaks(soak time.Duration) *tagboat.GateResult {
	if q.Upstream == nil {
		return shut("soak", tagboat.CauseNoUpstream, "no stage before %s has an environment in which it could soak", q.Stage.Name)
	}
	up := q.Upstream.Environment
	all := stints(q.Upstream.Had, q.Now)
	i := slices.IndexFunc(all, func(s stint) bool { return s.ID == q.Release.ID })
	if i < 0 {
		return shut("soak", tagboat.CauseNoUpstream, "it has not run in %s", up)
	}
	s := all[i]
	lasted, part := span(s.lasted()), fmt.Sprintf("%s of %s", span(s.lasted()), span(soak))
	switch trouble, count := s.trouble(q.Upstream.Troubles); {
	case count > 0:
		result := shut("soak", tagboat.CauseUnhealthy, "it did not run well in %s: %s, at %s%s", up, trouble.What, moment(trouble.At), more(count-1))
		result.Hint = "promote a release that fixes it; " + q.override()
		return result
	case s.lasted() >= soak && s.by != "":
		return pass("soak", "it ran well in %s for %s, until release %s replaced it at %s; the soak is %s", up, lasted, s.by, moment(s.end), span(soak))
	case s.lasted() >= soak:
		return pass("soak", "it has run well in %s for %s, since %s; the soak is %s", up, lasted, moment(s.At), span(soak))
	case s.by != "":
		result := shut("soak", tagboat.CauseSoaking, "it was passed over: %s replaced it in %s at %s, after %s", s.by, up, moment(s.end), part)
		result.Hint = fmt.Sprintf("to let it soak again: tagboat promote %s --env %s; %s", q.name(), up, q.override())
		return result
	default:
		opens := s.At.Add(soak)
		result := shut("soak", tagboat.CauseSoaking, "it has run in %s for %s, since %s, and will have soaked at %s", up, part, moment(s.At), moment(opens))
		result.Opens = &opens
		return result
	}
}

func more(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (and %d more)", n)
}

// kept leaves automation's candidate alone until it has had its time.
func (q Question) kept() *tagboat.GateResult {
	last, has := q.Here.Current()
	verified := q.Stage.Until == "verified"
	keep, why := q.Stage.Keep, "keeps a release for"
	if verified {
		keep, why = q.Next, "keeps a release until it has soaked for"
	}
	if !q.Automation || keep == 0 || !has || last.ID == q.Release.ID {
		return nil
	}
	gate := "keep"
	if verified {
		gate = "until"
	}
	opens := last.At.Add(keep)
	ill := stint{Promoted: last}
	switch trouble, count := ill.trouble(q.Ill); {
	case count > 0:
		return pass(gate, "%s did not run well in %s: %s, at %s", called(last), q.Env.Name, trouble.What, moment(trouble.At))
	case opens.After(q.Now):
		result := shut(gate, tagboat.CauseKept, "%s %s %s, and has had %s since %s", q.Env.Name, why, span(keep), called(last), moment(last.At))
		result.Opens = &opens
		return q.forAutomation(result, "")
	default:
		return pass(gate, "%s has had %s since %s", q.Env.Name, called(last), moment(last.At))
	}
}

// Upcoming returns the release of the stage before that automation would bring next: the
// newest in its trail whose soak has passed and that the environment has not had since, and
// those that were passed over, the oldest first: replaced there before they had passed, since the
// newest that the environment has had. The zero value is none.
func Upcoming(now time.Time, soak time.Duration, upstream Upstream, here ledger.Promotions) (next ledger.Promoted, passedOver []ledger.Promoted) {
	current, _ := here.Current()
	for _, s := range slices.Backward(stints(upstream.Had, now)) {
		last, had := newest(here, s.ID)
		switch {
		case s.ID == current.ID, had && !last.At.Before(s.At):
			slices.Reverse(passedOver)
			return next, passedOver
		case s.passed(soak, upstream.Troubles):
			if next.ID == "" {
				next = s.Promoted
			}
		case s.by != "":
			passedOver = append(passedOver, s.Promoted)
		}
	}
	slices.Reverse(passedOver)
	return next, passedOver
}

// Behind returns how many releases the environment is behind what the stage before it has. What
// that one went back from does not count.
func Behind(upstream, here ledger.Promotions) int { return len(Ahead(upstream, here)) }

// Ahead returns the releases that the stage before has and the environment has not had yet, the
// newest first. What that one went back from is none of them.
func Ahead(upstream, here ledger.Promotions) []ledger.Promoted {
	line := lineOf(upstream)
	if current, ok := here.Current(); ok {
		if i := in(line, current.ID); i >= 0 {
			line = line[i+1:]
		} else {
			line = slices.DeleteFunc(slices.Clone(line), func(p ledger.Promoted) bool { return !p.At.After(current.At) })
		}
	}
	ahead := slices.Clone(line)
	slices.Reverse(ahead)
	return ahead
}

// lineOf returns the releases that led to what an environment has, the oldest first: without those
// that failed, and those that it went back from.
func lineOf(had ledger.Promotions) []ledger.Promoted {
	var line []ledger.Promoted
	for _, p := range had.Trail {
		switch i := in(line, p.ID); {
		case p.ID == "" && p.Back:
			line = nil // to before what is known
		case p.ID == "" || p.Failed && !p.Back:
		case p.Failed && i >= 0:
			line = line[:i] // it went back from what came later, and on that way
		case p.Failed:
		case i < 0 && p.Back:
			line = []ledger.Promoted{p} // what it had before is newer
		case i < 0:
			line = append(line, p)
		case p.Back:
			line = line[:i+1]
		default:
			line = append(slices.Delete(line, i, i+1), p)
		}
	}
	return line
}

func in(line []ledger.Promoted, id tagboat.Digest) int {
	return slices.IndexFunc(line, func(p ledger.Promoted) bool { return p.ID == id })
}

// Earlier returns the releases that an environment can go back to, the last good one first. It is
// amid one where another one is under way or failed there, so that what it has is the first of
// them. One that failed there since is none of them.
func Earlier(here ledger.Promotions, amid bool) []ledger.Promoted {
	line := lineOf(here)
	slices.Reverse(line)
	current, has := here.Current()
	if has && !amid && len(line) > 0 && line[0].ID == current.ID {
		line = line[1:]
	}
	return slices.DeleteFunc(line, func(p ledger.Promoted) bool {
		last, _ := newest(here, p.ID)
		return last.Failed || !has
	})
}

// enough is how many releases say how often they come.
const enough = 4

// Starves says, with both numbers, that the soak of a stage can never end because releases come
// to the stage before faster than it lasts, and nothing there keeps one; "" where that is not so.
func Starves(now time.Time, stage, before config.Stage, upstream ledger.Promotions) string {
	soak := stage.Gates.Soak
	all := stints(upstream, now)
	if soak == 0 || before.Keep >= soak || before.Until != "" || len(all) < enough {
		return ""
	}
	if slices.ContainsFunc(all, func(s stint) bool { return s.lasted() >= soak }) {
		return ""
	}
	every := all[len(all)-1].At.Sub(all[0].At) / time.Duration(len(all)-1)
	return fmt.Sprintf("the soak of the stage %s lasts %s and cannot end: a release comes to %s every %s on average, and none of the last %d was there for longer than %s; write keep: %s or until: verified at the stage %s",
		stage.Name, span(soak), before.Name, span(every), len(all), span(longest(all)), span(soak), before.Name)
}

func longest(all []stint) time.Duration {
	var most time.Duration
	for _, s := range all {
		most = max(most, s.lasted())
	}
	return most
}
