package screen

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/words"
)

// note is something about services of an environment that a person should know.
type note struct {
	mark     string
	style    console.Style
	env      tagboat.EnvName
	services []string
	what     string // of one service
	several  string // of several
	command  string // what to do, without the scope
}

// notes returns what needs a person: what it is, since when, and what to do.
func (m matrix) notes() []console.Markup {
	lines := m.releaseNotes()
	for _, e := range m.document.Errors {
		what := "unreachable: " + e.Message
		if slices.ContainsFunc(m.document.Services, func(s tagboat.ServiceStatus) bool { return s.Environment == e.Environment }) {
			what = "not all could be read: " + e.Message
		}
		lead := m.paint(console.Bad, words.Unknown) + " " + m.paint(console.Strong, string(e.Environment)) + "  "
		lines = append(lines, m.wrapped(lead, "    ", what)...)
		lines = append(lines, m.todo(e.Hint)...)
	}
	for _, n := range gathered(m.document.Services) {
		if n.several == unpinned && slices.ContainsFunc(m.document.Errors, func(e tagboat.EnvironmentError) bool { return e.Environment == n.env }) {
			continue // who knows
		}
		name := string(n.env)
		if len(n.services) == 1 {
			name += "/" + n.services[0]
		}
		lead := m.paint(n.style, n.mark) + " " + m.paint(console.Strong, name) + "  "
		lines = append(lines, m.wrapped(lead, "    ", n.text())...)
		if n.command != "" {
			lines = append(lines, m.todo(n.todo(m.document.Services))...)
		}
	}
	return lines
}

// todo says what to do, in one line: a command that is wrapped cannot be pasted.
func (m matrix) todo(what string) []console.Markup {
	if what == "" {
		return nil
	}
	return []console.Markup{"    " + m.paint(console.Accent, "→") + " " + m.paint(console.Plain, what)}
}

func (n note) text() string {
	if len(n.services) == 1 {
		return n.what
	}
	const most = 4
	text := strings.Join(n.services[:min(most, len(n.services))], ", ")
	if more := len(n.services) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text + " " + n.several
}

// todo returns the command with its scope: without services where it is about all of the
// environment.
func (n note) todo(all []tagboat.ServiceStatus) string {
	here := 0
	for _, s := range all {
		if s.Environment == n.env {
			here++
		}
	}
	command := fmt.Sprintf("tagboat %s --env %s", n.command, n.env)
	if n.command == "pin --all" || here == len(n.services) && here > 1 {
		return command
	}
	return command + " " + strings.Join(n.services, " ")
}

// gathered returns what there is to say of services, by environment; what more than two of
// them have in common is said once.
func gathered(services []tagboat.ServiceStatus) []note {
	type alike struct {
		env     tagboat.EnvName
		several string
	}
	of := map[alike][]note{}
	var order []alike
	for _, s := range services {
		for _, n := range notesOf(s) {
			key := alike{n.env, n.several}
			if of[key] == nil {
				order = append(order, key)
			}
			of[key] = append(of[key], n)
		}
	}
	var all []note
	for _, key := range order {
		same := of[key]
		if len(same) <= 2 && (key.several != unpinned || len(same) == 1) {
			all = append(all, same...)
			continue
		}
		one := same[0]
		for _, n := range same[1:] {
			one.services = append(one.services, n.services...)
		}
		all = append(all, one)
	}
	slices.SortStableFunc(all, func(a, b note) int { return cmp.Compare(urgency(a), urgency(b)) })
	return all
}

// urgency puts what failed before what is only to be known.
func urgency(n note) int {
	return strings.Index(markFailed+markSick+markDrift+"-"+markRolling+markHeld, n.mark)
}

const unpinned = "are neither pinned nor deployed"

// notesOf returns what there is to say of a service.
func notesOf(s tagboat.ServiceStatus) []note {
	var all []note
	say := func(mark string, style console.Style, what, several, command string) {
		all = append(all, note{mark, style, s.Environment, []string{string(s.Service)}, what, several, command})
	}
	age, tasks := words.AgeOf(s), fmt.Sprintf("%d of %d tasks are up", s.Healthy, s.Desired)
	switch s.State {
	case "missing":
		switch {
		case s.Main().Pinned == "":
			say("-", console.Faint, "is neither pinned nor deployed", unpinned, "")
		case s.Stack != "": // which deploy cannot create
			say(markDrift, console.Bad, fmt.Sprintf("is pinned to %s and is not there: stack %s has to make it", words.Short(s.Main().Tag, s.Main().Pinned), s.Stack),
				"are pinned and are not there: their stacks have to make them", "explain")
		default:
			say(markDrift, console.Bad, fmt.Sprintf("is pinned to %s and is not there", words.Short(s.Main().Tag, s.Main().Pinned)), "are pinned and are not there", "deploy")
		}
	case "failed":
		say(markFailed, console.Bad, fmt.Sprintf("failed %s ago: %s", age, tasks), "failed", "explain")
	case "stopped", "inactive", "draining":
		say(markSick, console.Bad, strings.Join(append([]string{"is " + s.State}, s.Drift...), ": "), "are "+s.State, "explain")
	case "in-progress":
		main := s.Main()
		say(markRolling, console.Accent, fmt.Sprintf("has been rolling to %s for %s: %s", words.Short(main.DeployingTag, main.Deploying), age, tasks), "are rolling", "")
		if words.Drifts(s) {
			sayDrift(s, say)
		}
	default:
		sayDrift(s, say)
		if s.Healthy < s.Desired {
			say(markSick, console.Bad, tasks, "have tasks that are missing or unhealthy", "explain")
		}
	}
	if s.Hold != nil {
		say(markHeld, console.Warn, holdText(*s.Hold), "are "+holdText(*s.Hold), "")
	}
	return all
}

func sayDrift(s tagboat.ServiceStatus, say func(mark string, style console.Style, what, several, command string)) {
	if len(s.Drift) == 0 {
		return
	}
	what, command := strings.Join(s.Drift, "; ")+fmt.Sprintf(" (deployed %s ago)", words.AgeOf(s)), "deploy"
	if s.Verdict == tagboat.VerdictRolledBack && s.State == "steady" {
		what += "; the deployment of what is pinned was rolled back"
		command = "explain"
	}
	if s.Main().Pinned == "" {
		command = "pin --all"
	}
	several := "do not run what is pinned"
	if !runsAnother(s.Images) {
		several = "differ from their files"
	}
	say(markDrift, console.Warn, what, several, command)
}

// holdText says who holds, since when, until when and why.
func holdText(h tagboat.Hold) string {
	text := "held"
	if h.By != "" {
		text += " by " + words.Who(h.By)
	}
	if h.Since != nil {
		text += " since " + h.Since.UTC().Format("2006-01-02 15:04Z")
	}
	if h.Until != nil {
		text += " until " + h.Until.UTC().Format("2006-01-02 15:04Z")
	}
	if h.Reason != "" {
		text += ": " + h.Reason
	}
	return text
}
