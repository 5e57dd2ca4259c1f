// Package explain says in plain words why tasks of an Amazon ECS service do not run: what
// happened, what AWS said of it, and what to change. A Gatherer fetches the evidence: stopped
// tasks, the health of containers and targets, the service's events, the last lines of logs.
// Causes decides by the evidence alone.
//
// A cause comes from tasks, targets and stop codes. The words of events are the last
// resort, for what never became a task.
package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
)

// Evidence is what is known of a rollout that does not go well.
type Evidence struct {
	Tasks   []ecs.Task // of the deployment, stopped ones and running ones
	Targets []ecs.TargetHealth
	Events  []ecs.Event // since the deployment began, newest first
	Reason  string      // of the service deployment's status, in AWS's words
	Now     time.Time   // by AWS's clock
	// Settings are those of the service and of the task definition.
	Settings Settings
	// Logs has the last lines of containers that died, by the task's ARN and the
	// container's name.
	Logs map[Stream][]ecs.LogLine
}

// Stream names the log of one container of one task.
type Stream struct {
	Task      string // ARN
	Container string
}

// Causes says why the rollout fails: most likely first, each once. It is empty where
// nothing speaks against the rollout.
func Causes(e Evidence) []tagboat.Cause {
	var found tally
	if f, ok := e.Settings.deadlock(); ok {
		found.add(f, nil)
	}
	for _, t := range e.Tasks {
		found.addTask(t, e.Logs)
	}
	for _, h := range e.Targets {
		if f, ok := failedTarget(h); ok {
			found.add(f, nil)
		}
	}
	if len(found.all) == 0 {
		found.addEvents(e.Events)
	}
	if len(found.all) == 0 && e.Reason != "" {
		found.addReason(e.Reason)
	}
	if f, slow := notStarted(e.Tasks, e.Now); slow && len(found.all) == 0 {
		found.add(f, nil)
	}
	return found.causes(e.Settings)
}

// tally counts findings by their cause.
type tally struct{ all []*counted }

type counted struct {
	Finding
	tasks     int
	log       []ecs.LogLine
	stoppedAt time.Time // of the task whose log it is
	lives     lives
}

func (y *tally) addTask(t ecs.Task, logs map[Stream][]ecs.LogLine) {
	if f, ok := sick(t); ok {
		y.add(f, logs[Stream{t.ARN, f.Container}])
		return
	}
	if t.LastStatus != ecs.Stopped && t.StopCode == "" {
		return
	}
	if f := Stopped(t); f.Counts {
		log := logs[Stream{t.ARN, f.Container}]
		c := y.add(f, log)
		c.lives.add(t)
		if len(log) > 0 && c.stoppedAt.IsZero() {
			c.stoppedAt = t.StoppedAt
		}
	}
}

func (y *tally) addEvents(events []ecs.Event) {
	for _, e := range events {
		if r, ok := reasonIn(e.Message); ok {
			y.add(r.finding(e.Message, ""), nil)
		}
	}
}

// addReason adds what AWS says of a deployment; what is not in the table as it stands.
func (y *tally) addReason(said string) {
	f := Finding{Cause: said, Advice: "see AWS's message"}
	if r, ok := reasonIn(said); ok {
		f = r.finding(said, "")
	}
	y.add(f, nil)
}

func (y *tally) add(f Finding, log []ecs.LogLine) *counted {
	for _, c := range y.all {
		if c.Cause == f.Cause {
			c.tasks++
			if len(c.log) == 0 {
				c.log = log
			}
			return c
		}
	}
	c := &counted{Finding: f, tasks: 1, log: log}
	y.all = append(y.all, c)
	return c
}

// causes sorts what cannot heal before what may, then by how many tasks it took; what
// is seen first stays first among equals.
func (y *tally) causes(s Settings) []tagboat.Cause {
	slices.SortStableFunc(y.all, func(a, b *counted) int {
		if a.Lasting != b.Lasting {
			return map[bool]int{true: -1, false: 1}[a.Lasting]
		}
		return cmp.Compare(b.tasks, a.tasks)
	})
	causes := make([]tagboat.Cause, len(y.all))
	for i, c := range y.all {
		causes[i] = c.cause(s)
	}
	return causes
}

func (c *counted) cause(s Settings) tagboat.Cause {
	what := c.Cause
	if c.Container != "" && !strings.Contains(what, "container "+c.Container) {
		what = fmt.Sprintf("%s (container %s)", what, c.Container)
	}
	if c.tasks > 1 {
		what = fmt.Sprintf("%s, in %d tasks", what, c.tasks)
	}
	evidence, advice := c.plainer(s)
	if len(c.log) > 0 {
		evidence += fmt.Sprintf("\nlast lines of %s's log:", c.Container)
		for _, line := range c.log {
			evidence += "\n  " + strings.TrimRight(line.Message, "\n")
		}
	}
	return tagboat.Cause{Cause: what, Evidence: strings.TrimPrefix(evidence, "\n"), Advice: advice, Class: c.Class.String()}
}

// plainer adds what the settings have to do with it.
func (c *counted) plainer(s Settings) (evidence, advice string) {
	more := ""
	advice = c.Advice
	switch c.about {
	case aboutMemory:
		more = s.limit(c.Container)
	case aboutNetwork:
		more = s.network()
	case aboutAlarms:
		more = strings.Join(s.Alarms, ", ")
	case aboutHealth:
		var grace string
		if more, grace = s.slow(c); grace != "" {
			advice += "; " + grace
		}
	}
	return strings.TrimPrefix(strings.TrimSuffix(c.Evidence+"\n"+more, "\n"), "\n"), advice
}
