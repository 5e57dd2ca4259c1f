package rollout

import (
	"slices"
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
	instance := e.instances[at]
	e.instances = slices.Delete(e.instances, at, at+1)
	for _, t := range slices.Clone(instance.tasks) {
		e.stop(t, instanceGone, "Host EC2 (instance "+instance.EC2+") terminated.")
	}
	e.roomChanged(instance.ClusterARN)
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
