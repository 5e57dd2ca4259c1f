package page

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/words"
)

// The tones of what is shown: each has a colour and a shape.
const (
	toneWell = "well"
	toneBusy = "busy"
	toneWarn = "warn"
	toneBad  = "bad"
	toneIdle = "idle"
)

// cell is a service in an environment as the matrix shows it.
type cell struct {
	place
	State   string // in a word
	Tone    string
	Version string
	To      string // the version that a rollout brings; "" where none goes on
	Since   *time.Time
	Seconds int64
	Age     string
	Healthy int // tasks, of those that it should have
	Desired int
	Marks   []mark
	Needs   bool // somebody
	First   bool // of its stage
}

// mark is something to know of a cell: a shape and a word.
type mark struct{ Icon, Word, Title string }

func unreadCell(p place, c column) cell {
	if c.Error == nil {
		return cell{place: p, State: "not read yet", Tone: toneIdle, Version: "…", First: c.First}
	}
	return cell{place: p, State: "unreadable", Tone: toneWarn, Version: words.Unknown, Needs: true, First: c.First}
}

// cellOf decides what the matrix shows of a service; upstream is the same service in the
// environment that its releases come from.
func cellOf(s, upstream tagboat.ServiceStatus, c column, frozen *tagboat.Hold) cell {
	main := s.Main()
	out := cell{place: place{s.Environment, s.Service}, State: cmp.Or(s.State, "past"), Tone: toneWell, Version: shortVersion(main), First: c.First,
		Since: s.Since, Seconds: s.AgeSeconds, Age: words.AgeOf(s), Healthy: s.Healthy, Desired: s.Desired}
	out.stand(s)
	out.mark(s, upstream, c, frozen)
	return out
}

// stand says how the service stands, in one word.
func (c *cell) stand(s tagboat.ServiceStatus) {
	main := s.Main()
	say := func(tone, state string, needs bool) { c.Tone, c.State, c.Needs = tone, state, needs }
	switch s.State {
	case "":
		c.Tone = toneIdle
		if main.Running == "" && main.Pinned != "" {
			c.Version = words.Short(main.Tag, main.Pinned)
		}
	case "missing":
		c.Age, c.Version = "", "–"
		if main.Pinned == "" {
			say(toneIdle, "not deployed", false)
			return
		}
		c.Version = words.Short(main.Tag, main.Pinned)
		say(toneWarn, "not deployed", true)
	case "failed":
		say(toneBad, "failed", true)
	case "inactive", "draining", "stopped":
		say(toneBad, s.State, true)
	case "in-progress":
		say(toneBusy, "rolling", false)
		if main.Deploying != "" && main.Deploying != main.Running {
			c.To = words.Short(main.DeployingTag, main.Deploying)
		}
	default:
		switch {
		case s.Healthy < s.Desired:
			say(toneBad, fmt.Sprintf("%d of %d up", s.Healthy, s.Desired), true)
		case s.Verdict == tagboat.VerdictRolledBack:
			say(toneBad, "rolled back", true)
		}
	}
}

func (c *cell) mark(s, upstream tagboat.ServiceStatus, of column, frozen *tagboat.Hold) {
	add := func(m mark) {
		same := func(other mark) bool { return other.Icon == m.Icon && other.Word == m.Word }
		if !slices.ContainsFunc(c.Marks, same) { // a hold is a gate as well
			c.Marks = append(c.Marks, m)
		}
	}
	if words.Drifts(s) && s.State != "missing" {
		add(mark{"drift", "drift", "does not run what is pinned"})
		c.Needs = true
	}
	if s.Hold != nil {
		add(mark{"hold", "held", holdText(*s.Hold)})
	}
	waiting := differs(s, upstream)
	if s.Behind > 0 && waiting {
		add(mark{"behind", strconv.Itoa(s.Behind), fmt.Sprintf("%d releases behind %s", s.Behind, of.Upstream)})
	}
	if waiting && of.Waits.Word != "" {
		add(of.Waits)
		c.Needs = c.Needs || of.Waits.Icon == "person" || of.Waits.Icon == "pause"
	}
	if waiting && frozen != nil {
		add(mark{"freeze", "frozen", holdText(*frozen)})
	}
}

// differs reports whether upstream runs another version in one of the containers.
func differs(s, upstream tagboat.ServiceStatus) bool {
	running := map[tagboat.ContainerName]tagboat.Digest{}
	for _, i := range s.Images {
		running[i.Container] = i.Running
	}
	return slices.ContainsFunc(upstream.Images, func(i tagboat.ImageState) bool { return i.Running != "" && i.Running != running[i.Container] })
}

// gateMark is the mark of a gate that keeps a release out.
func gateMark(cause tagboat.GateCause) mark {
	marks := map[tagboat.GateCause]mark{
		tagboat.CauseSoaking:    {"clock", "soaking", "waits until it has soaked"},
		tagboat.CauseWindow:     {"clock", "window", "waits for the window"},
		tagboat.CauseApprovals:  {"person", "approve", "waits for approvals"},
		tagboat.CausePaused:     {"pause", "paused", "waits at a pause"},
		tagboat.CauseFrozen:     {"freeze", "frozen", "waits for the freeze to end"},
		tagboat.CauseHeld:       {"hold", "held", "waits for a hold to end"},
		tagboat.CauseUnderWay:   {"clock", "under way", "is being promoted"},
		tagboat.CauseKept:       {"clock", "kept", "waits: the release before is kept for a while"},
		tagboat.CauseUnhealthy:  {"cross", "unhealthy", "did not run well upstream"},
		tagboat.CauseRejected:   {"cross", "rejected", "was rejected"},
		tagboat.CauseProblem:    {"cross", "problem", "has a problem"},
		tagboat.CauseCheck:      {"cross", "check", "fails a check"},
		tagboat.CauseScan:       {"cross", "scan", "has findings"},
		tagboat.CauseLabels:     {"cross", "labels", "lacks labels"},
		tagboat.CauseSignature:  {"cross", "signature", "is not signed"},
		tagboat.CauseOff:        {"person", "promote", "waits for a person to promote it"},
		tagboat.CauseNoUpstream: {"clock", "upstream", "has not run upstream"},
	}
	if m, ok := marks[cause]; ok {
		return m
	}
	return mark{"clock", string(cause), "waits: " + string(cause)}
}

// holdText says who holds, until when and why.
func holdText(h tagboat.Hold) string {
	text := "held"
	if h.By != "" {
		text += " by " + words.Who(h.By)
	}
	if h.Until != nil {
		text += " until " + h.Until.UTC().Format("2 Jan 15:04 MST")
	}
	if h.Reason != "" {
		text += ": " + h.Reason
	}
	return text
}
