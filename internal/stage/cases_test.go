package stage_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/stage"
)

// TestGates holds what the gates say of each question in testdata/gates. A case has
//
//	stage     the entry of tagboat.yaml for the stage prod, after a stage staging
//	question  what was looked at, a line each, see asked.line
//	want      what each gate says, and whether and when all are open
//
// Times are of the 28th of November 2026, a Saturday, unless they say another day: 27T09:00.
func TestGates(t *testing.T) {
	casetest.Archives(t, "testdata/gates", func(t *testing.T, c casetest.Case) string {
		a := read(t, c)
		gates := a.Gates()
		var b strings.Builder
		for _, g := range gates {
			b.WriteString(told(g))
		}
		if open, first := stage.Open(gates); open {
			b.WriteString("open\n")
		} else {
			fmt.Fprintf(&b, "closed by %s", first.Gate)
			if at, alone := stage.Opens(gates); alone {
				fmt.Fprintf(&b, ", opens at %s", at.Format(time.RFC3339))
			}
			b.WriteString("\n")
		}
		for _, warning := range stage.SharedSession(a.Approvals) {
			fmt.Fprintf(&b, "warning: %s\n", warning)
		}
		return b.String()
	})
}

// told is what a gate says, whole.
func told(g tagboat.GateResult) string {
	text := fmt.Sprintf("%s: %s\n", g.Gate, map[bool]string{true: "passed", false: string(g.Cause)}[g.Passed])
	if g.BrokenGlass {
		text = g.Gate + ": passed, the glass is broken\n"
	}
	if g.Passed && g.Cause != "" {
		text += fmt.Sprintf("  a cause, though it passed: %s\n", g.Cause)
	}
	text += "  " + g.Reason + "\n"
	if g.Hint != "" {
		text += "  hint: " + g.Hint + "\n"
	}
	if g.Opens != nil {
		text += "  opens: " + g.Opens.UTC().Format(time.RFC3339) + "\n"
	}
	return text
}

// TestUpcoming holds what automation would bring next, in the cases of testdata/upcoming, which
// are written as those of gates are. The stage before is called staging.
func TestUpcoming(t *testing.T) {
	casetest.Archives(t, "testdata/upcoming", func(t *testing.T, c casetest.Case) string {
		a := read(t, c)
		up := stage.Upstream{}
		if a.Upstream != nil {
			up = *a.Upstream
		}
		next, over := stage.Upcoming(a.Now, a.Stage.Gates.Soak, up, a.Here)
		var b strings.Builder
		fmt.Fprintf(&b, "next: %s\n", next.Name)
		for _, p := range over {
			fmt.Fprintf(&b, "passed over: %s\n", p.Name)
		}
		fmt.Fprintf(&b, "behind: %d\n", stage.Behind(up.Had, a.Here))
		if text := stage.Starves(a.Now, a.Stage, a.before, up.Had); text != "" {
			fmt.Fprintf(&b, "%s\n", text)
		}
		return b.String()
	})
}

// asked is a question as a case has it.
type asked struct {
	stage.Question
	before config.Stage
}

func read(t *testing.T, c casetest.Case) *asked {
	t.Helper()
	entry, _ := c.File("stage")
	before, ok := c.File("before")
	if !ok {
		before = []byte("{name: staging}")
	}
	shop := parse(t, fmt.Sprintf("stages:\n  - {name: dev}\n  - %s\n  - %s\nenvironments: {staging: {stage: staging, cluster: c}, prod: {stage: prod, cluster: c}}\n",
		strings.TrimSpace(string(before)), strings.TrimSpace(string(entry))))
	a := &asked{before: shop.Stages[1]}
	a.Env, a.Stage = shop.Environments["prod"], shop.Stages[2]
	a.Now = clock(t, "12:00")
	for _, line := range c.Lines("question") {
		verb, rest, _ := strings.Cut(line, " ")
		if !a.line(t, verb, rest) {
			t.Fatalf("%q is not a line of a question", line)
		}
	}
	return a
}

func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Parse("tagboat.yaml", []byte("app: shop\nregistry: registry.example.com\nimages: {api: {repository: api}}\n"+text))
	if err != nil {
		t.Fatal(casetest.Report(err))
	}
	return c
}

// line takes a line of a question. A release in a trail is its name and when it came, and may be
// failed or back.
func (a *asked) line(t *testing.T, verb, rest string) bool {
	words := strings.Fields(rest)
	switch verb {
	case "now":
		a.Now = clock(t, rest)
	case "release": // NAME by WHO; by nobody where that is not known any more
		a.Release = stage.Candidate{Name: words[0], ID: id(words[0]), Author: arn(words[2])}
	case "upstream":
		a.up().Had.Trail = append(a.up().Had.Trail, promoted(t, words))
	case "no-upstream":
		a.up()
	case "here":
		a.Here.Trail = append(a.Here.Trail, promoted(t, words))
	case "trouble":
		a.up().Troubles = append(a.up().Troubles, trouble(t, rest))
	case "ill":
		a.Ill = append(a.Ill, trouble(t, rest))
	case "approval": // TIME WHO [revoked] [for ENV,ENV] [claims NAME]
		a.Approvals = append(a.Approvals, approval(t, words))
	case "hold": // WHO TIME until TIME WHY…
		a.Hold = hold(t, words)
	case "freeze":
		a.Freeze = hold(t, words)
	case "rejected": // WHO TIME WHY…
		a.Rejected = &tagboat.Rejection{By: arn(words[0]), At: clock(t, words[1]), Reason: strings.Join(words[2:], " ")}
	case "missing": // IMAGE REGISTRY [TIME]
		m := stage.Missing{Image: tagboat.ImageName(words[0]), Registry: words[1]}
		if len(words) > 2 {
			m.Since = clock(t, words[2])
		}
		a.Missing = append(a.Missing, m)
	case "version": // GATE passed|CAUSE REASON…
		g := tagboat.GateResult{Gate: words[0], Passed: words[1] == "passed", Reason: strings.Join(words[2:], " ")}
		if !g.Passed {
			g.Cause = tagboat.GateCause(words[1])
		}
		a.Versions = append(a.Versions, g)
	case "next": // the soak of the next stage
		a.Next = time.Duration(expect.Value(config.ParseDuration(rest))(t))
	case "automation":
		a.Automation = true
	case "back":
		a.Back = true
	case "break-glass":
		a.BreakGlass = true
	case "older":
		a.Release.Older = true
	default:
		return false
	}
	return true
}

func (a *asked) up() *stage.Upstream {
	if a.Upstream == nil {
		a.Upstream = &stage.Upstream{Environment: "staging"}
	}
	return a.Upstream
}

func clock(t *testing.T, text string) time.Time {
	t.Helper()
	if !strings.Contains(text, "T") {
		text = "28T" + text
	}
	if strings.Count(text, "-") == 0 {
		text = "2026-11-" + text
	}
	return expect.Value(time.Parse("2006-01-02T15:04", text))(t)
}

func id(name string) tagboat.Digest {
	return tagboat.Digest(fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(name))))
}

func arn(who string) string {
	switch {
	case who == "nobody":
		return ""
	case strings.Contains(who, "/"):
		return "arn:aws:sts::111111111111:assumed-role/" + who
	default:
		return "arn:aws:iam::111111111111:user/" + who
	}
}

func promoted(t *testing.T, words []string) ledger.Promoted {
	t.Helper()
	return ledger.Promoted{Name: words[0], ID: id(words[0]), At: clock(t, words[1]), Failed: slices.Contains(words, "failed"), Back: slices.Contains(words, "back")}
}

func trouble(t *testing.T, text string) stage.Trouble {
	t.Helper()
	at, what, _ := strings.Cut(text, " ")
	return stage.Trouble{At: clock(t, at), What: what}
}

func approval(t *testing.T, words []string) stage.Approval {
	t.Helper()
	a := stage.Approval{At: clock(t, words[0]), By: arn(words[1])}
	for i, word := range words {
		switch word {
		case "revoked":
			a.Revoked = true
		case "for":
			for name := range strings.SplitSeq(words[i+1], ",") {
				a.Environments = append(a.Environments, tagboat.EnvName(name))
			}
		case "claims":
			a.Claims = words[i+1]
		}
	}
	return a
}

func hold(t *testing.T, words []string) *tagboat.Hold {
	t.Helper()
	since := clock(t, words[1])
	h := &tagboat.Hold{By: arn(words[0]), Since: &since}
	if words = words[2:]; len(words) > 1 && words[0] == "until" {
		until := clock(t, words[1])
		h.Until, words = &until, words[2:]
	}
	h.Reason = strings.Join(words, " ")
	return h
}

// TestFamily holds through which environments releases go, in the cases of testdata/family: the
// stages and environments of a tagboat.yaml, and want.
func TestFamily(t *testing.T) {
	casetest.Archives(t, "testdata/family", func(t *testing.T, c casetest.Case) string {
		text, ok := c.File("tagboat.yaml")
		if !ok {
			t.Fatal(errors.New("the case has no tagboat.yaml"))
		}
		shop := parse(t, string(text))
		var b strings.Builder
		seen := map[string]bool{}
		for _, env := range shop.SortedEnvironments() {
			if seen[env.Tenant] {
				continue
			}
			seen[env.Tenant] = true
			fmt.Fprintf(&b, "family of %q:", env.Tenant)
			for _, e := range stage.Family(shop, env.Tenant) {
				fmt.Fprintf(&b, " %s", e.Name)
			}
			b.WriteString("\n")
		}
		for _, env := range shop.SortedEnvironments() {
			before, skipped, ok := stage.Before(shop, env)
			if ok == (before.Name == "") {
				t.Errorf("before %s: %q, %v", env.Name, before.Name, ok)
			}
			fmt.Fprintf(&b, "before %s: %q, skipped %q\n", env.Name, before.Name, skipped)
		}
		return b.String()
	})
}
