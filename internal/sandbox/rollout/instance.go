package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Instance is a container instance: what tasks of the launch types EC2 and EXTERNAL run
// on. What the engine returns is its own record: callers read it and change nothing.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerInstance.html
type Instance struct {
	ARN          string    `json:"arn"` // ends in 32 hex digits
	ClusterARN   string    `json:"clusterArn"`
	EC2          string    `json:"ec2"` // id of the EC2 instance
	Zone         string    `json:"zone"`
	CPU          int       `json:"cpu"`    // units that it has for tasks
	Memory       int       `json:"memory"` // MiB that it has for tasks
	RegisteredAt time.Time `json:"registeredAt"`

	tasks []*Task // that are not STOPPED
}

// Needs is what a task takes of an instance.
type Needs struct {
	CPU    int `json:"cpu,omitempty"`    // units
	Memory int `json:"memory,omitempty"` // MiB
}

// Port is a port of a container that its instance has to offer. Those of tasks with
// network interfaces of their own are none.
type Port struct {
	Container int    `json:"container"`
	Host      int    `json:"host,omitempty"` // 0 means whichever is free
	Protocol  string `json:"protocol"`
}

// Place is a subnet that a task's network interface can be in.
type Place struct {
	Subnet string `json:"subnet"`
	Zone   string `json:"zone"`
}

// firstEphemeral is the first port that containers get which ask for none.
const firstEphemeral = 49153

// Remaining returns what of the instance no task has.
func (i *Instance) Remaining() Needs {
	left := Needs{CPU: i.CPU, Memory: i.Memory}
	for _, t := range i.tasks {
		left.CPU -= t.spec.Needs.CPU
		left.Memory -= t.spec.Needs.Memory
	}
	return left
}

// Tasks returns the tasks that the instance has, oldest first.
func (i *Instance) Tasks() []*Task { return i.tasks }

// reserved returns the host ports that tasks have.
func (i *Instance) reserved() map[int]bool {
	taken := map[int]bool{}
	for _, t := range i.tasks {
		for _, c := range t.Containers {
			for _, p := range c.Ports {
				taken[p.Host] = true
			}
		}
	}
	return taken
}

// lacks returns what the instance is short of for a task: CPU, MEMORY or PORTS, as
// RunTask words it; "" where it has room.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
func (i *Instance) lacks(spec *TaskSpec) string {
	left := i.Remaining()
	taken := i.reserved()
	for _, c := range spec.Containers {
		for _, p := range c.Ports {
			if p.Host != 0 && taken[p.Host] {
				return "PORTS"
			}
		}
	}
	switch {
	case left.CPU < spec.Needs.CPU:
		return "CPU"
	case left.Memory < spec.Needs.Memory:
		return "MEMORY"
	}
	return ""
}

// AddInstance registers an instance with a cluster. Services that wait for room look
// again. An ARN that is "" is made.
func (e *Engine) AddInstance(now time.Time, i Instance) *Instance {
	e.Advance(now)
	region, cluster := splitClusterARN(i.ClusterARN)
	if i.ARN == "" {
		i.ARN = region + "container-instance/" + cluster + "/" + e.ids.hex()
	}
	if i.EC2 == "" {
		i.EC2 = "i-0" + e.ids.hex()[:16]
	}
	i.RegisteredAt = e.now
	e.instances = append(e.instances, &i)
	e.roomChanged(i.ClusterARN)
	return &i
}

// RemoveInstance takes an instance away, and the tasks on it with it.
func (e *Engine) RemoveInstance(now time.Time, arn string) {
	e.Advance(now)
	at := slices.IndexFunc(e.instances, func(i *Instance) bool { return i.ARN == arn })
	if at < 0 {
		return
	}
	gone := e.instances[at]
	e.instances = slices.Delete(e.instances, at, at+1)
	for _, t := range slices.Clone(gone.tasks) {
		e.stop(t, instanceGone, "Host EC2 (instance "+gone.EC2+") terminated.")
	}
	e.roomChanged(gone.ClusterARN)
}

// roomChanged has the services of a cluster look at their tasks, those that wait for room
// at once.
func (e *Engine) roomChanged(clusterARN string) {
	for _, s := range e.Services(clusterARN) {
		if s.Status != active || s.Spec.external() || s.onFargate() {
			continue
		}
		for _, d := range s.Deployments {
			if d.state.Unplaced > 0 {
				d.state.NotBefore = e.now
			}
		}
		e.wake(s)
	}
	e.Advance(e.now)
}

func (s *Service) onFargate() bool {
	return s.Spec.LaunchType != "EC2" && s.Spec.LaunchType != "EXTERNAL"
}

// Instances returns the instances of a cluster, oldest first.
func (e *Engine) Instances(clusterARN string) []*Instance {
	var of []*Instance
	for _, i := range e.instances {
		if i.ClusterARN == clusterARN {
			of = append(of, i)
		}
	}
	return of
}

// Instance returns an instance by its ARN; nil if there is none.
func (e *Engine) Instance(arn string) *Instance {
	for _, i := range e.instances {
		if i.ARN == arn {
			return i
		}
	}
	return nil
}

// Unplaced is why a task found no place.
type Unplaced struct {
	None   bool   // the cluster has no instances at all
	Reason string // why, as a service's event says it
	// Lacking is what each instance is short of, by its ARN, in order of age.
	Lacking []Lacking
}

// Lacking is what one instance is short of.
type Lacking struct{ ARN, What string }

const noInstances = "No Container Instances were found in your cluster."

// place finds a place for a task: the instance with room that has the fewest tasks of its
// group, in the zone that has the fewest; on Fargate the subnet whose zone has the fewest.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-strategies.html
func (e *Engine) place(t *Task, spec *TaskSpec, places []Place) *Unplaced {
	if why := e.hindered(t); why != nil {
		return why
	}
	if len(places) > 0 {
		p := slices.MinFunc(places, func(a, b Place) int { return cmp.Compare(e.crowd(t, a.Zone), e.crowd(t, b.Zone)) })
		t.Subnet, t.Zone = p.Subnet, p.Zone
	}
	if t.LaunchType != "EC2" && t.LaunchType != "EXTERNAL" {
		return nil
	}
	why := &Unplaced{}
	var room []*Instance
	for _, i := range e.Instances(t.ClusterARN) {
		if lacks := i.lacks(spec); lacks != "" {
			why.Lacking = append(why.Lacking, Lacking{i.ARN, lacks})
			continue
		}
		if !t.daemon() || !i.has(t) {
			room = append(room, i)
		}
	}
	if len(room) == 0 {
		why.explain()
		return why
	}
	chosen := slices.MinFunc(room, func(a, b *Instance) int {
		return cmp.Or(cmp.Compare(e.crowd(t, a.Zone), e.crowd(t, b.Zone)), cmp.Compare(a.crowd(t), b.crowd(t)), cmp.Compare(len(a.tasks), len(b.tasks)))
	})
	chosen.take(t, spec)
	return nil
}

func (t *Task) daemon() bool { return t.service != nil && t.service.Spec.Strategy == Daemon }

// has tells whether the instance runs the same deployment's task.
func (i *Instance) has(t *Task) bool {
	return slices.ContainsFunc(i.tasks, func(o *Task) bool { return o.StartedBy == t.StartedBy && o.good() })
}

func (i *Instance) crowd(t *Task) (n int) {
	for _, o := range i.tasks {
		if o.Group == t.Group && o.live() {
			n++
		}
	}
	return n
}

// crowd counts the live tasks of a group in a zone.
func (e *Engine) crowd(t *Task, zone string) (n int) {
	if t.service == nil {
		for _, o := range e.tasks {
			if o.Group == t.Group && o.ClusterARN == t.ClusterARN && o.live() && o.Zone == zone {
				n++
			}
		}
		return n
	}
	for _, o := range t.service.tasks {
		if o != t && o.live() && o.Zone == zone && o.StartedBy == t.StartedBy {
			n++
		}
	}
	return n
}

// take puts a task on the instance. Its containers get their ports when they are made.
func (i *Instance) take(t *Task, spec *TaskSpec) {
	t.Instance, t.Zone, t.on = i.ARN, i.Zone, i
	taken := i.reserved()
	next := firstEphemeral
	t.ports = make([][]Port, len(spec.Containers))
	for n, c := range spec.Containers {
		for _, p := range c.Ports {
			if p.Host == 0 {
				for taken[next] {
					next++
				}
				p.Host = next
			}
			taken[p.Host] = true
			t.ports[n] = append(t.ports[n], p)
		}
	}
	i.tasks = append(i.tasks, t)
}

// leave takes a task that stopped off its instance.
func (e *Engine) leave(t *Task) {
	if t.on == nil {
		return
	}
	t.on.tasks = slices.DeleteFunc(t.on.tasks, func(o *Task) bool { return o == t })
	t.on = nil
	for _, s := range e.Services(t.ClusterARN) {
		if s.Status == active && slices.ContainsFunc(s.Deployments, func(d *Deployment) bool { return d.state.Unplaced > 0 }) {
			e.wake(s)
		}
	}
}

// explain words why no instance will do, as service events do.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
func (u *Unplaced) explain() {
	const all = "was unable to place a task because no container instance met all of its requirements. "
	const more = " For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
	u.None = len(u.Lacking) == 0
	if u.None {
		u.Reason = all + "Reason: " + noInstances + more
		return
	}
	closest := u.Lacking[0]
	what := map[string]string{
		"CPU": "has insufficient CPU units available", "MEMORY": "has insufficient memory available",
		"PORTS": "is already using a port required by your task",
	}[closest.What]
	id := closest.ARN[strings.LastIndexByte(closest.ARN, '/')+1:]
	u.Reason = all + fmt.Sprintf("The closest matching (container-instance %s) %s.", id, what) + more
}

// unplaced takes that a task of a deployment found no place: it counts as a failed task,
// and the deployment tries again after a delay that doubles from time to time.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
func (e *Engine) unplaced(s *Service, d *Deployment, why *Unplaced) {
	e.say(s, why.Reason)
	e.act(s, "ERROR", "SERVICE_TASK_PLACEMENT_FAILURE", why.short())
	d.state.Unplaced++
	d.state.NotBefore = e.now.Add(e.options.Timings.backoff(d.state.Unplaced))
	d.fail()
	e.wake(s)
}

// short is the reason that EventBridge carries.
func (u *Unplaced) short() string {
	if len(u.Lacking) > 0 {
		return "RESOURCE:" + u.Lacking[0].What
	}
	return u.Reason
}
