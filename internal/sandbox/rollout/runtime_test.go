package rollout_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/rollout/simulated"
)

// scripted is a Runtime that knows nothing beforehand: it writes down what it is called
// for, and a test tells the engine what became of it.
type scripted struct{ calls []string }

func (r *scripted) write(c rollout.Workload, format string, args ...any) []rollout.ContainerEvent {
	r.calls = append(r.calls, c.Spec.Name+" "+fmt.Sprintf(format, args...))
	return nil
}

func (r *scripted) Start(c rollout.Workload) []rollout.ContainerEvent {
	return r.write(c, "start %.14s", c.Image.Digest)
}

func (r *scripted) Check(c rollout.Workload, p rollout.Probe) []rollout.ContainerEvent {
	return r.write(c, "check target %d every %s after %s", p.Target, p.Interval, c.Age)
}

func (r *scripted) Stop(c rollout.Workload, timeout time.Duration) []rollout.ContainerEvent {
	return r.write(c, "stop within %s", timeout)
}

var _ rollout.Runtime = (*scripted)(nil)

// watched is a rig whose containers do what the test says.
func watched(t *testing.T) (*rig, *scripted) {
	s, r := newRig(t), &scripted{}
	s.Engine = rollout.New(s.world, r, rollout.Options{Seed: "test"})
	s.world.push("app:v1")
	s.world.push("side:v1")
	return s, r
}

// observe tells the engine of an event of the oldest task that does not stop.
func (s *rig) observe(event rollout.ContainerEvent) {
	s.t.Helper()
	tasks := s.Tasks(rollout.TaskFilter{DesiredStatus: "RUNNING"})
	if len(tasks) == 0 {
		s.t.Fatal("no task runs")
	}
	s.Observe(s.now, tasks[0].ARN, event)
}

// A service comes up, is healthy, loses its task and replaces it, by events alone.
func TestARuntimeThatOnlyWatches(t *testing.T) {
	s, r := watched(t)
	s.create(1, "app:v1", withBalancer, func(spec *rollout.ServiceSpec) {
		spec.Task.Containers[0].Health = &rollout.HealthCheck{Interval: 10 * time.Second}
		spec.Task.Containers = append(spec.Task.Containers, rollout.ContainerSpec{Name: "side", Image: "side:v1"})
	})
	s.after(time.Hour)
	task := s.Tasks(rollout.TaskFilter{})[0]
	if task.LastStatus != "PENDING" || task.Containers[0].LastStatus != "PENDING" {
		t.Errorf("before a container starts the task is %s and the container %s", task.LastStatus, task.Containers[0].LastStatus)
	}
	s.observe(rollout.ContainerEvent{Kind: rollout.Started})
	s.observe(rollout.ContainerEvent{Kind: rollout.Printed, Text: "hello"})
	s.observe(rollout.ContainerEvent{Kind: rollout.Started, Container: 1})
	s.after(13 * time.Second) // reported, activated
	s.observe(rollout.ContainerEvent{Kind: rollout.HealthChanged, Healthy: true})
	s.observe(rollout.ContainerEvent{Kind: rollout.HealthChanged, Target: 1, Healthy: true})
	if d := s.service().Deployments[0]; d.RolloutState != "COMPLETED" || task.Health != "HEALTHY" {
		t.Errorf("the deployment is %s, its task %s", d.RolloutState, task.Health)
	}
	s.observe(rollout.ContainerEvent{Kind: rollout.Exited, Code: 3})
	if task.LastStatus != "STOPPING" {
		t.Errorf("the task is %s while a container still runs", task.LastStatus)
	}
	s.Observe(s.now, task.ARN, rollout.ContainerEvent{Kind: rollout.Exited, Container: 1, Code: 143})
	s.after(time.Minute)
	want := ending{"EssentialContainerExited", "Essential container in task exited", []string{"app 3", "side 143"}}
	if diff := cmp.Diff(want, ended(task)); diff != "" || task.LastStatus != "STOPPED" {
		t.Errorf("the task is %s (-want +got):\n%s", task.LastStatus, diff)
	}
	started := []string{"app start sha256:0000000", "side start sha256:0000000"}
	calls := append(append(started, "app check target 0 every 10s after 0s", "app check target 1 every 30s after 13s", "side stop within 30s"), started...)
	expect.EqualIn(t, "the runtime was asked", calls, r.calls)
	expect.EqualIn(t, "logs", []string{"app: hello"}, s.world.logs)
}

// A state without what a Runtime needs is refused.
func TestStatesWithoutImagesAreRefused(t *testing.T) {
	s := created(t, 1)
	older := strings.ReplaceAll(s.saved(), `"images":[{"digest"`, `"behaviours":[{"digest"`)
	if err := s.Restore([]byte(older)); err == nil || !strings.Contains(err.Error(), "lacks its images") {
		t.Errorf("restoring a task without images: %v", err)
	}
}

// Images that the runtime cannot pull trip the circuit breaker.
func TestARuntimeThatCannotStartContainers(t *testing.T) {
	const reason = "CannotPullContainerError: no space left on device"
	s, _ := watched(t)
	s.create(1, "app:v1", withBreaker)
	for range 3 {
		s.after(time.Minute)
		s.observe(rollout.ContainerEvent{Kind: rollout.StartFailed, Text: reason})
		s.after(2 * time.Minute)
	}
	if d := s.service().Deployments[0]; d.RolloutState != "FAILED" || d.Failed != 3 {
		t.Errorf("the deployment is %s after %d failures", d.RolloutState, d.Failed)
	}
	for _, task := range s.Tasks(rollout.TaskFilter{}) {
		expect.Equal(t, ending{"TaskFailedToStart", reason, []string{"app - " + reason}}, ended(task))
	}
}

// What comes twice, too late or for no task changes nothing.
func TestEventsThatMeanNothing(t *testing.T) {
	s, r := watched(t)
	task := s.run(rollout.ContainerSpec{Name: "app", Image: "app:v1", Essential: true})
	early := []rollout.ContainerEvent{
		{Kind: rollout.Started}, {Kind: rollout.Exited}, {Kind: rollout.Printed, Text: "too early"},
		{Kind: rollout.HealthChanged, Target: 1}, {Kind: rollout.Started, Container: 1}, {Kind: rollout.Started, Container: -1},
	}
	for _, event := range early {
		s.Observe(s.now, task.ARN, event)
		s.Observe(s.now, "none", event)
	}
	if task.LastStatus != "PROVISIONING" || task.Containers[0].LastStatus != "PENDING" || len(r.calls)+len(s.world.logs) > 0 {
		t.Errorf("too early: the task is %s, its container %s", task.LastStatus, task.Containers[0].LastStatus)
	}
	s.after(time.Minute)
	if _, err := s.StopTask(s.now, task.ARN, ""); err != nil { // before it started
		t.Fatal(err)
	}
	before := s.saved()
	for _, event := range append(early, rollout.ContainerEvent{Kind: rollout.StartFailed, Text: "too late"}) {
		s.Observe(s.now, task.ARN, event)
	}
	expect.EqualIn(t, "too late", before, s.saved())
	expect.EqualIn(t, "the runtime was asked", []string{"app start sha256:0000000", "app stop within 30s"}, r.calls)
}

// replay is the simulation for a watcher: it keeps what will happen
// to itself until the time has come.
type replay struct {
	simulated.Runtime
	rig   *rig
	at    []time.Time
	tells []func()
}

func (l *replay) keep(c rollout.Workload, target int, events []rollout.ContainerEvent) []rollout.ContainerEvent {
	for _, event := range events {
		l.at = append(l.at, l.rig.now.Add(event.After))
		event.After, event.Container, event.Target = 0, c.Index, target
		l.tells = append(l.tells, func() { l.rig.Observe(l.rig.now, c.Task.ARN, event) })
	}
	return nil
}

func (l *replay) Start(c rollout.Workload) []rollout.ContainerEvent {
	return l.keep(c, 0, l.Runtime.Start(c))
}

func (l *replay) Check(c rollout.Workload, p rollout.Probe) []rollout.ContainerEvent {
	return l.keep(c, p.Target, l.Runtime.Check(c, p))
}

func (l *replay) Stop(c rollout.Workload, timeout time.Duration) []rollout.ContainerEvent {
	return l.keep(c, 0, l.Runtime.Stop(c, timeout))
}

// Two runtimes that see the same happen to containers lead to the same, whether they
// know it beforehand or not.
func TestRuntimesAgree(t *testing.T) {
	var ends [2]*rig
	for i := range ends {
		s := newRig(t)
		watcher := &replay{rig: s}
		if i == 1 {
			s.Engine = rollout.New(s.world, watcher, rollout.Options{Seed: "test"})
		}
		s.world.push("app:v1", "start=2s", "log=ready", "exit=3@5m", "stop=0@4s", "health=unhealthy,healthy@50s")
		s.create(1, "app:v1", withBalancer)
		for range 20 * 60 {
			s.after(time.Second)
			for n := 0; n < len(watcher.tells); n++ { // telling may bring more
				if !watcher.at[n].After(s.now) && watcher.tells[n] != nil {
					watcher.tells[n]()
					watcher.tells[n] = nil
				}
			}
		}
		ends[i] = s
	}
	for _, diff := range []string{
		cmp.Diff(ends[0].messages(epoch), ends[1].messages(epoch)),
		cmp.Diff(ends[0].world, ends[1].world, cmp.AllowUnexported(world{})),
	} {
		if diff != "" {
			t.Errorf("(-told beforehand +watched):\n%s", diff)
		}
	}
}
