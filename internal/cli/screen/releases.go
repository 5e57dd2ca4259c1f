package screen

import (
	"fmt"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/words"
)

// releaseRow is the row of the matrix that has the environments' releases: no service is called so.
const releaseRow = "(release)"

// The marks of releases.
const (
	markBehind = "↓"
	markWaits  = "…"
	// markChanged is that of a release some of whose versions are pinned otherwise.
	markChanged = "+"
)

// releases reports whether the matrix has a row for them.
func (m matrix) releases() bool {
	return slices.ContainsFunc(m.document.Environments, func(e tagboat.EnvironmentStatus) bool { return e.Release != "" || e.Next != "" })
}

// release returns what an environment has of releases, and false where nothing is known of it.
func (m matrix) release(env tagboat.EnvName) (tagboat.EnvironmentStatus, bool) {
	at := slices.IndexFunc(m.document.Environments, func(e tagboat.EnvironmentStatus) bool { return e.Environment == env })
	if at < 0 {
		return tagboat.EnvironmentStatus{}, false
	}
	return m.document.Environments[at], true
}

func releaseField(e tagboat.EnvironmentStatus) field {
	f := field{version: Dash(e.Release)}
	if e.Changed {
		f.marks = markChanged
	}
	if e.Release == "" {
		f.style = console.Faint
	}
	if e.Behind > 0 {
		f.marks += fmt.Sprintf("%s%d", markBehind, e.Behind)
	}
	switch {
	case e.Next != "" && e.Waits != "":
		f.marks += markWaits
	case e.Next != "":
		f.marks += markRolling
	}
	return f
}

// releaseNotes returns what a person should know of releases: what waits, and what keeps all back.
func (m matrix) releaseNotes() []console.Markup {
	var lines []console.Markup
	say := func(style console.Style, mark, name, what, todo string) {
		lead := m.paint(style, mark) + " " + m.paint(console.Strong, name) + "  "
		lines = append(append(lines, m.wrapped(lead, "    ", what)...), m.todo(todo)...)
	}
	if m.document.Frozen != nil {
		say(console.Warn, markHeld, "everything", "is frozen for automation: "+holdText(*m.document.Frozen), "")
	}
	for _, e := range m.document.Environments {
		switch {
		case e.Next != "" && e.Waits != "":
			say(console.Warn, markWaits, string(e.Environment), fmt.Sprintf("release %s waits: %s", e.Next, e.Waits),
				fmt.Sprintf("tagboat promote %s --env %s --dry-run", e.Next, e.Environment))
		case e.Next != "":
			say(console.Accent, markRolling, string(e.Environment), fmt.Sprintf("release %s is under way", e.Next), "")
		}
		if e.NoWayBack != "" {
			say(console.Warn, markSick, string(e.Environment), e.NoWayBack, "tagboat check-rollbacks --env "+string(e.Environment))
		}
		if e.Starves != "" {
			say(console.Warn, markSick, string(e.Environment), e.Starves, "")
		}
	}
	return lines
}

// pastField returns what a cell shows of another time, of which less is known.
func pastField(s tagboat.ServiceStatus, image tagboat.ImageState) field {
	f := field{version: words.Short(image.RunningTag, image.Running), age: words.AgeOf(s)}
	switch {
	case image.Running == "" && image.Pinned == "":
		return field{version: "-", style: console.Faint}
	case image.Running == "":
		f.version, f.style = words.Short(image.Tag, image.Pinned), console.Faint
	case image.Running != image.Pinned:
		f.marks, f.style = markDrift, console.Warn
	}
	if s.Verdict == tagboat.VerdictFailed || s.Verdict == tagboat.VerdictRolledBack {
		f.marks += markFailed
	}
	return f
}

// releaseText says which release an environment has, and how far that is behind; "" for none.
func releaseText(e tagboat.EnvironmentStatus) string {
	if e.Release == "" {
		return ""
	}
	text := "release " + e.Release
	if e.Since != nil {
		text += " since " + e.Since.UTC().Format(time.RFC3339)
	}
	if e.Behind > 0 {
		text += fmt.Sprintf(", %d behind the stage before", e.Behind)
	}
	return text
}
