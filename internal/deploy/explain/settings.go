package explain

import (
	"fmt"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/ecs"
)

// Settings is what of a service and its task definition makes a cause plainer. The zero
// value adds nothing.
type Settings struct {
	Desired, Running  int // tasks of the service
	MinHealthyPercent int
	MaxPercent        int
	Replacing         bool // older tasks have to make room
	Grace             time.Duration
	LoadBalanced      bool
	Subnets           []string
	PublicIP          bool
	TaskMemory        string            // as the task definition has it, in MiB if it is a number
	Memory            map[string]string // hard limit of a container, in MiB
	Alarms            []string          // that the service's deployments listen to, or that went off
}

// deadlock finds healthy percents under which ECS can neither stop an old task nor start
// a new one.
func (s Settings) deadlock() (Finding, bool) {
	lower, upper, deadlocked := ecs.Deadlocked(s.Desired, s.MinHealthyPercent, s.MaxPercent)
	if !s.Replacing || !deadlocked {
		return Finding{}, false
	}
	return Finding{
		Cause: "minimumHealthyPercent and maximumPercent allow ECS neither to stop an old task nor to start a new one",
		Evidence: fmt.Sprintf("of %d tasks %d must stay healthy (minimumHealthyPercent %d, rounded up) and no more than %d may exist (maximumPercent %d, rounded down)",
			s.Desired, lower, s.MinHealthyPercent, upper, s.MaxPercent),
		Advice:  "lower minimumHealthyPercent or raise maximumPercent in the service definition",
		Lasting: true,
		Class:   Yours,
	}, true
}

// limit says how much memory a container may use, or "".
func (s Settings) limit(container string) string {
	switch {
	case s.Memory[container] != "":
		return "its limit is " + mebibytes(s.Memory[container])
	case s.TaskMemory != "":
		return "the task's limit is " + mebibytes(s.TaskMemory)
	default:
		return ""
	}
}

func mebibytes(n string) string {
	if strings.Trim(n, "0123456789") == "" {
		return n + " MiB"
	}
	return n
}

// network says how the tasks reach the internet, or "".
func (s Settings) network() string {
	if len(s.Subnets) == 0 {
		return ""
	}
	public := "assignPublicIp is DISABLED, so they need a NAT gateway or endpoints"
	if s.PublicIP {
		public = "assignPublicIp is ENABLED, so they need a route to an internet gateway"
	}
	return fmt.Sprintf("the tasks are in %s; %s", strings.Join(s.Subnets, ", "), public)
}

// lives is how long tasks ran before a failed health check ended them.
type lives struct{ shortest, longest time.Duration }

func (l *lives) add(t ecs.Task) {
	if t.StartedAt.IsZero() || t.StoppedAt.IsZero() {
		return
	}
	life := t.StoppedAt.Sub(t.StartedAt)
	if l.longest == 0 || life < l.shortest {
		l.shortest = life
	}
	l.longest = max(l.longest, life)
}

// stillStarting is how long before its end a task printed its last line if it was busy
// until then.
const stillStarting = 15 * time.Second

// slow says what a grace period has to do with tasks that failed a health check: they
// were ended after a life that may be shorter than their start takes.
func (s Settings) slow(c *counted) (evidence, advice string) {
	if c.lives.longest == 0 || !s.LoadBalanced && s.Grace == 0 {
		return "", ""
	}
	life := seconds(c.lives.shortest)
	if longest := seconds(c.lives.longest); longest != life {
		life += " to " + longest
	}
	evidence = fmt.Sprintf("stopped %s after its start; healthCheckGracePeriodSeconds is %d", life, int(s.Grace.Seconds()))
	if n := len(c.log); n > 0 && c.stoppedAt.Sub(c.log[n-1].At) < stillStarting {
		evidence += "; it was still printing then"
	}
	if s.Grace < c.lives.longest {
		wanted := (2*c.lives.longest - s.Grace).Round(30 * time.Second)
		advice = fmt.Sprintf("if it is only slow to start, set healthCheckGracePeriodSeconds to %d", int(wanted.Seconds()))
	}
	return evidence, advice
}

func seconds(d time.Duration) string { return d.Round(time.Second).String() }

// slowStart is how long a task may take to run before that is worth a word.
const slowStart = time.Minute

// notStarted finds tasks that have long been started and do not run. Where anything else
// is known it explains more.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
func notStarted(tasks []ecs.Task, now time.Time) (Finding, bool) {
	count, longest, status := 0, time.Duration(0), ""
	for _, t := range tasks {
		waited := now.Sub(t.CreatedAt)
		if t.CreatedAt.IsZero() || !t.StartedAt.IsZero() || t.StopCode != "" || waited < slowStart {
			continue
		}
		if _, starting := starts()[t.LastStatus]; !starting {
			continue
		}
		count++
		if waited > longest {
			longest, status = waited, t.LastStatus
		}
	}
	if count == 0 {
		return Finding{}, false
	}
	return Finding{
		Cause:    fmt.Sprintf("%s not started yet", have(count)),
		Evidence: fmt.Sprintf("the oldest is %s after %s", status, longest.Round(time.Second)),
		Advice:   starts()[status],
	}, true
}

// starts says of each state before RUNNING what may take long in it.
func starts() map[string]string {
	return map[string]string{
		"PROVISIONING": "AWS makes the network interface: see whether the subnets have free addresses",
		"PENDING":      "the images are being pulled, or containers wait for others (dependsOn): see how large the images are and how the tasks reach the registry",
		"ACTIVATING":   "the tasks are being registered with the load balancer or service discovery: see the target group's health checks",
	}
}

func have(tasks int) string {
	if tasks == 1 {
		return "1 task has"
	}
	return fmt.Sprintf("%d tasks have", tasks)
}
