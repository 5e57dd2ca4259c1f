package explain

import (
	"fmt"
	"regexp"
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
	if r, ok := reasonIn(t.StoppedReason); ok {
		return r.finding(t.StoppedReason, neverPulled(t))
	}
	if f, ok := failedHealth(t); ok {
		return f
	}
	if c, ok := culprit(t); ok {
		return containerFinding(c, t)
	}
	return otherReason(t)
}

// counts reports whether a stop is a failure of what was deployed.
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
		if r, ok := reasonIn(c.Reason); ok {
			return r.finding(c.Reason, c.Name)
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

// exitMeaning says what an exit code tells by convention: of the shell, and of
// Docker for signals (128 and the signal's number).
func exitMeaning(code int) (words, advice string) {
	switch code {
	case 0:
		return "it ended without an error", "an essential container must keep running: is its command a server?"
	case 125:
		return "the container could not be created", "see the container's reason"
	case 126:
		return "its command cannot be executed", "check the file's mode and the image's platform"
	case 127:
		return "its command was not found", "correct command or entryPoint in the task definition"
	case 134:
		return "it aborted (SIGABRT)", "see the last lines of its log"
	case 137:
		return "it was killed (SIGKILL)", "it used too much memory or did not stop within stopTimeout"
	case 139:
		return "it crashed (SIGSEGV)", "see the last lines of its log"
	case 143:
		return "it was told to stop (SIGTERM)", "see who stopped it"
	default:
		return "", "see the last lines of its log"
	}
}

// outOfMemory reports whether ECS says that the container used up its memory.
func outOfMemory(c ecs.Container) bool { return strings.Contains(c.Reason, "OutOfMemory") }

// exited describes a container that ended: its name, its exit code, its reason.
func exited(c ecs.Container) Finding {
	if outOfMemory(c) {
		return Finding{
			Cause:     fmt.Sprintf("container %s used more memory than it may (exit code %d)", c.Name, *c.ExitCode),
			Evidence:  c.Reason,
			Advice:    "raise memory in the task definition, or find what uses it up",
			Container: c.Name,
			Class:     Yours,
			about:     aboutMemory,
		}
	}
	words, advice := exitMeaning(*c.ExitCode)
	cause := fmt.Sprintf("container %s exited with code %d", c.Name, *c.ExitCode)
	if words != "" {
		cause += ": " + words
	}
	return Finding{Cause: cause, Evidence: c.Reason, Advice: advice, Container: c.Name, Class: Yours}
}

// failedHealth explains tasks that ECS replaced because a check failed.
func failedHealth(t ecs.Task) (Finding, bool) {
	switch {
	case strings.Contains(t.StoppedReason, "failed ELB health checks"):
		return Finding{
			Cause:    "the load balancer found the task unhealthy",
			Evidence: t.StoppedReason,
			Advice:   "check the health check's path, port and codes, and the security groups",
			Class:    Yours,
			about:    aboutHealth,
		}, true
	case strings.Contains(t.StoppedReason, "failed container health checks"):
		name := unhealthy(t)
		return Finding{
			Cause:     subject(name) + " failed its health check",
			Evidence:  t.StoppedReason,
			Advice:    "run the healthCheck command in the image; raise startPeriod or retries for a slow start",
			Container: name,
			Class:     Yours,
			about:     aboutHealth,
		}, true
	}
	return Finding{}, false
}

func subject(container string) string {
	if container == "" {
		return "a container"
	}
	return "container " + container
}

func unhealthy(t ecs.Task) string {
	for _, c := range t.Containers {
		if c.Health == ecs.Unhealthy {
			return c.Name
		}
	}
	return ""
}

// sick explains a task that runs and is not healthy.
func sick(t ecs.Task) (Finding, bool) {
	if t.Health != ecs.Unhealthy || t.LastStatus == ecs.Stopped {
		return Finding{}, false
	}
	name := unhealthy(t)
	return Finding{
		Cause:     subject(name) + " failed its health check",
		Evidence:  fmt.Sprintf("task %s runs and its health is UNHEALTHY", t.ID()),
		Advice:    "run the healthCheck command in the image; raise startPeriod or retries for a slow start",
		Container: name,
		Class:     Yours,
	}, true
}

// failedTarget explains a target that the load balancer does not send requests to.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
func failedTarget(h ecs.TargetHealth) (Finding, bool) {
	if h.State != "unhealthy" && h.State != "unused" {
		return Finding{}, false
	}
	advice := "check the health check's path, port and codes, and the security groups"
	switch h.Reason {
	case "Target.Timeout":
		advice = "the target does not answer in time: check the security groups, the port, and that the application listens on 0.0.0.0"
	case "Target.ResponseCodeMismatch":
		advice = "the health check's path answers with another code than the target group's matcher: correct either"
	case "Target.NotInUse":
		advice = "no listener sends to the target group, or the target's availability zone is not enabled"
	}
	said := strings.TrimSpace(h.Reason + " " + h.Description)
	return Finding{
		Cause:    fmt.Sprintf("the load balancer found port %d of the task %s", h.Port, h.State),
		Evidence: fmt.Sprintf("%s:%d in %s: %s", h.Target, h.Port, ecs.LastPart(targetGroupName(h.TargetGroup)), said),
		Advice:   advice,
		Class:    Yours,
	}, true
}

// targetGroupName cuts the id off a target group's ARN, …:targetgroup/NAME/ID.
func targetGroupName(arn string) string {
	if i := strings.LastIndex(arn, "/"); i > 0 && strings.Contains(arn, ":targetgroup/") {
		return arn[:i]
	}
	return arn
}

// withoutIDs replaces what differs between two tasks with the same trouble: ids of
// tasks and deployments, addresses, long numbers.
func withoutIDs(message string) string {
	return regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{32}\b|\b[0-9]{6,}\b|\b\d+\.\d+\.\d+\.\d+\b`).ReplaceAllString(message, "…")
}
