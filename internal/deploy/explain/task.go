package explain

import (
	"strings"

	"github.com/tagboat/tagboat/internal/ecs"
)

// Finding is why one task stopped. Two tasks that stopped for the same reason give
// the same Cause: nothing in it is of one task alone.
type Finding struct {
	Cause     string // what happened, in plain words
	Evidence  string // what AWS said
	Advice    string // what to change
	Container string // the container that died, "" where none did
	Lasting   bool   // trying again cannot heal it
	Class     Class
	Counts    bool // it speaks against the task definition or the service's settings

	about about
}

// Stopped says why a task stopped. Tasks that were stopped on purpose (scaling, a
// newer deployment, a person) or by the machine below them give a Finding that does
// not count.
func Stopped(t ecs.Task) Finding {
	f := reasonOf(t)
	f.Counts = counts(t)
	return f
}

func reasonOf(t ecs.Task) Finding {
	if m, ok := look(messages(), t.StoppedReason); ok {
		return Finding{Cause: m.cause, Evidence: t.StoppedReason, Advice: m.advice, Lasting: m.lasting, Class: m.class, about: m.about, Container: neverPulled(t)}
	}
	if f, ok := failedHealth(t); ok {
		return f
	}
	if c, ok := culprit(t); ok {
		return containerFinding(c, t)
	}
	return otherReason(t)
}

// counts tells whether a stop is a failure of what was deployed.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html (stopCode)
func counts(t ecs.Task) bool {
	switch t.StopCode {
	case "UserInitiated", "SpotInterruption", "TerminationNotice", "InfrastructureHealth":
		return false
	case "ServiceSchedulerInitiated":
		return strings.Contains(t.StoppedReason, "failed")
	}
	return true
}

// culprit returns the container whose end took the task with it: the essential one that
// ended first. AWS tells no times of containers, but those that it stops after the first get
// signals (143, 137), which the first one rarely ends by. A container that is not essential
// counts where no other ended: something waited for it to succeed.
func culprit(t ecs.Task) (ecs.Container, bool) {
	best, rank := ecs.Container{}, 0
	for _, c := range t.Containers {
		if r := blame(c); r > rank {
			best, rank = c, r
		}
	}
	return best, rank > 0
}

func blame(c ecs.Container) int {
	switch {
	case c.ExitCode == nil && c.Reason != "":
		return 6
	case c.ExitCode == nil:
		return 0
	case c.Optional && *c.ExitCode == 0:
		return 0
	case c.Optional:
		return 1
	case outOfMemory(c):
		return 7
	case *c.ExitCode == 143:
		return 2
	case *c.ExitCode == 137:
		return 3
	case *c.ExitCode == 0:
		return 4
	default:
		return 5
	}
}

func containerFinding(c ecs.Container, t ecs.Task) Finding {
	if c.ExitCode == nil {
		if m, ok := look(stoppedReasons(), c.Reason); ok {
			return Finding{Cause: m.cause, Evidence: c.Reason, Advice: m.advice, Lasting: m.lasting, Class: m.class, about: m.about, Container: c.Name}
		}
		return Finding{Cause: "container " + c.Name + " did not start", Evidence: c.Reason, Advice: "see AWS's message", Container: c.Name}
	}
	f := exited(c)
	if f.Evidence == "" {
		f.Evidence = t.StoppedReason
	}
	return f
}

// neverPulled names the container that has a reason and never ran, or whose image the
// task's reason is about, if there is one.
func neverPulled(t ecs.Task) string {
	for _, c := range t.Containers {
		if c.ExitCode == nil && (c.Reason != "" || c.Image != "" && strings.Contains(t.StoppedReason, c.Image)) {
			return c.Name
		}
	}
	return ""
}

func otherReason(t ecs.Task) Finding {
	switch {
	case t.StopCode == "SpotInterruption":
		return Finding{Cause: "AWS took the Spot capacity back", Evidence: t.StoppedReason, Advice: "ECS starts another task by itself", Class: AWS}
	case t.StopCode == "UserInitiated":
		return Finding{Cause: "somebody stopped the task", Evidence: t.StoppedReason, Advice: "ask who did; ECS starts another by itself"}
	case t.StoppedReason == "":
		return Finding{Cause: "a task stopped and AWS gave no reason", Evidence: t.StopCode, Advice: "look at the service's events"}
	default:
		return Finding{Cause: "a task stopped: " + withoutIDs(t.StoppedReason), Evidence: t.StoppedReason, Advice: "see AWS's message"}
	}
}

// Suspect names the container of a task whose log may tell why the task is in trouble:
// one that ran and died, or that fails its health check. It is "" where there is none.
func Suspect(t ecs.Task) string {
	if f, ok := sick(t); ok {
		return f.Container
	}
	f := Stopped(t)
	for _, c := range t.Containers {
		if c.Name == f.Container && f.Counts && c.ExitCode != nil {
			return c.Name
		}
	}
	return ""
}
