package selection_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/selection"
)

// TestCases holds what rules choose, and why, in each file of testdata. A case has
//
//	rule.yaml   a rule, or several one after the other, each of which is applied
//	candidates  a tag a line, followed by what else is known of it: {age: 2h, …}, see facts
//	now         what time it is; 2026-11-21T12:00:00Z where there is no such file
//	steps       pairs of tags, of each of which is asked whether going from one to the other
//	            is a step back
//	since       how long ago a history begins
//	want        of each rule the choice, the steps and the history
//
// The order of the candidates makes no difference to any case.
func TestCases(t *testing.T) {
	casetest.Archives(t, "testdata", func(t *testing.T, c casetest.Case) string {
		of := read(t, c)
		var outcomes []string
		for _, s := range of.rules {
			outcome := of.outcome(s)
			slices.Reverse(of.candidates)
			if reversed := of.outcome(s); reversed != outcome {
				t.Errorf("with the candidates in reverse order:\n%swant\n%s", reversed, outcome)
			}
			slices.Reverse(of.candidates)
			outcomes = append(outcomes, outcome)
		}
		return strings.Join(outcomes, "\n")
	})
}

type selectionCase struct {
	rules      []spec
	candidates []selection.Candidate
	now        time.Time
	steps      []string
	since      time.Duration // 0 for no history
}

// facts are what a case may say of a candidate.
type facts struct {
	Age       *time.Duration // since the push; a day where nothing is said
	Undated   bool           // the registry does not say when it was pushed
	Bare      bool           // only the tag is known; the registry can be asked for the rest
	Examined  bool
	Stage     string // that writes the tag
	Moves     bool
	Digest    *int // the place in the list where nothing is said
	Platforms []string
	Index     bool
	Artifact  string
}

func read(t *testing.T, c casetest.Case) selectionCase {
	t.Helper()
	of := selectionCase{now: now, steps: c.Lines("steps")}
	for _, line := range c.Lines("now") {
		of.now = parse(t, line, func(s string) (time.Time, error) { return time.Parse(time.RFC3339, s) })
	}
	for _, line := range c.Lines("since") {
		of.since = parse(t, line, time.ParseDuration)
	}
	text, _ := c.File("rule.yaml")
	for rules := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()); ; {
		var s spec
		if err := rules.Decode(&s); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		of.rules = append(of.rules, s)
	}
	for i, line := range c.Lines("candidates") {
		of.candidates = append(of.candidates, candidate(t, i, line, of.now))
	}
	return of
}

func parse[T any](t *testing.T, text string, read func(string) (T, error)) T {
	t.Helper()
	v := expect.Value(read(text))(t)
	return v
}

func candidate(t *testing.T, place int, line string, now time.Time) selection.Candidate {
	t.Helper()
	at := strings.Index(line+"{", "{")
	var f facts
	expect.OK(t, yaml.UnmarshalWithOptions([]byte(line[at:]), &f, yaml.Strict()))
	if f.Digest != nil {
		place = *f.Digest
	}
	age := 24 * time.Hour
	if f.Age != nil {
		age = *f.Age
	}
	c := selection.Candidate{
		Tag: strings.TrimSpace(line[:at]), Digest: digest(place), PushedAt: now.Add(-age), Platforms: f.Platforms,
		Index: f.Index, Artifact: f.Artifact, Examined: f.Examined, Stage: tagboat.StageName(f.Stage), Moves: f.Moves, Complete: !f.Bare,
	}
	if f.Undated || f.Bare {
		c.PushedAt = time.Time{}
	}
	return c
}

// outcome says all that a rule says of the candidates.
func (of selectionCase) outcome(s spec) string {
	var out strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	r, problems := selection.Compile(s)
	say("rule: %s", selection.Rule{Spec: s})
	for _, p := range problems {
		say("problem of %q: %s\n    hint: %s", p.Field, p.Msg, p.Hint)
	}
	if len(problems) > 0 {
		return out.String()
	}
	choice := r.Choose(of.candidates, of.now)
	of.sayChoice(choice, say)
	for _, step := range of.steps {
		from, to, _ := strings.Cut(step, " ")
		older, why := r.Older(of.named(from), of.named(to))
		say("%s to %s: back %t%s", from, to, older, strings.TrimSuffix(": "+why, ": "))
	}
	if of.since > 0 {
		of.sayHistory(r, say)
	}
	return out.String()
}

func (of selectionCase) sayChoice(choice selection.Choice, say func(string, ...any)) {
	v, ok := choice.Chosen()
	switch {
	case len(choice.Needs) > 0:
		say("look at: %s", of.names(choice.Needs))
	case !ok:
		say("chosen: none")
	default:
		say("chosen: %s, since %s", name(v.Candidate), choice.Decided)
		if v.Key != "" && v.Key != v.Tag {
			say("key: %s", v.Key)
		}
	}
	if len(choice.Accepted) > 1 && len(choice.Needs) == 0 {
		var rest []string
		for _, v := range choice.Accepted[1:] {
			rest = append(rest, name(v.Candidate))
		}
		say("then: %s", strings.Join(rest, ", "))
	}
	for _, v := range choice.Skipped {
		say("skipped: %s", strings.TrimSpace(name(v.Candidate)+" "+v.Skipped))
	}
}

func (of selectionCase) sayHistory(r selection.Rule, say func(string, ...any)) {
	changes, needs := r.Backtest(of.candidates, of.now.Add(-of.since), of.now)
	if len(needs) > 0 {
		say("history: look at %s", of.names(needs))
	}
	for _, c := range changes {
		say("history: %s %s, since %s", c.At.Format(time.RFC3339), name(c.Chosen.Candidate), c.Why)
	}
}

func (of selectionCase) named(tag string) selection.Candidate {
	i := slices.IndexFunc(of.candidates, func(c selection.Candidate) bool { return name(c) == tag })
	return of.candidates[i]
}

func (of selectionCase) names(places []int) string {
	var names []string
	for _, i := range places {
		names = append(names, name(of.candidates[i]))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func name(c selection.Candidate) string {
	if c.Tag == "" {
		return c.Digest.Short()
	}
	return c.Tag
}
