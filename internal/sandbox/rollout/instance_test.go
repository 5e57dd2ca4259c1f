package rollout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
)

// instance adds one to the cluster, in the next zone.
func (s *rig) instance(has rollout.Needs) *rollout.Instance {
	zone := "eu-west-1" + string(rune('a'+len(s.Instances(clusterARN))%3))
	return s.AddInstance(s.now, rollout.Instance{ClusterARN: clusterARN, Zone: zone, CPU: has.CPU, Memory: has.Memory})
}

// onInstances has tasks run on instances and take so much of them.
func onInstances(n rollout.Needs, ports ...rollout.Port) func(*rollout.ServiceSpec) {
	return func(spec *rollout.ServiceSpec) {
		spec.LaunchType = "EC2"
		spec.Task.Needs = n
		spec.Task.Containers[0].Ports = ports
	}
}

func (s *rig) zones() map[string]int {
	zones := map[string]int{}
	for _, t := range s.Tasks(rollout.TaskFilter{ServiceARN: serviceARN, DesiredStatus: "RUNNING"}) {
		zones[t.Zone]++
	}
	return zones
}

func (s *rig) said(part string) int {
	n := 0
	for _, e := range s.Service(serviceARN).Events {
		if strings.Contains(e.Message, part) {
			n++
		}
	}
	return n
}

// TestNoInstances has a service of the launch type EC2 wait for an instance.
func TestNoInstances(t *testing.T) {
	s := newRig(t)
	s.world.push("app:v1")
	s.create(2, "app:v1", onInstances(rollout.Needs{CPU: 256, Memory: 512}))
	s.after(2 * time.Minute)
	const event = "(service api) was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances were found in your cluster."
	if diff := cmp.Diff([]line{{"PRIMARY", "IN_PROGRESS", 2, 0, 0}}, s.lines()); diff != "" || s.said(event) < 2 {
		t.Errorf("%d events, (-want +got):\n%s", s.said(event), diff)
	}
	s.instance(rollout.Needs{CPU: 1024, Memory: 2048})
	s.after(2 * time.Minute)
	expect.EqualIn(t, "with an instance", []line{{"PRIMARY", "COMPLETED", 2, 2, 0}}, s.lines())
}

// TestNoRoom fills an instance by cpu, by memory and by a port, and goes on once there is
// room.
func TestNoRoom(t *testing.T) {
	for name, test := range map[string]struct {
		has, needs rollout.Needs
		ports      []rollout.Port
		want       string
	}{
		"cpu":    {rollout.Needs{CPU: 500, Memory: 9000}, rollout.Needs{CPU: 256, Memory: 512}, nil, "has insufficient CPU units available."},
		"memory": {rollout.Needs{CPU: 9000, Memory: 1000}, rollout.Needs{CPU: 256, Memory: 512}, nil, "has insufficient memory available."},
		"port": {
			rollout.Needs{CPU: 9000, Memory: 9000}, rollout.Needs{CPU: 256, Memory: 512}, []rollout.Port{{Container: 80, Host: 8080, Protocol: "tcp"}},
			"is already using a port required by your task.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newRig(t)
			s.world.push("app:v1")
			s.instance(test.has)
			s.create(2, "app:v1", onInstances(test.needs, test.ports...))
			s.after(2 * time.Minute)
			if diff := cmp.Diff([]line{{"PRIMARY", "IN_PROGRESS", 2, 1, 0}}, s.lines()); diff != "" || s.said(test.want) == 0 {
				t.Errorf("%v, (-want +got):\n%s", s.Service(serviceARN).Events, diff)
			}
			second := s.instance(test.has)
			s.after(2 * time.Minute)
			expect.EqualIn(t, "with two instances", []line{{"PRIMARY", "COMPLETED", 2, 2, 0}}, s.lines())
			s.RemoveInstance(s.now, second.ARN)
			s.after(5 * time.Minute)
			expect.EqualIn(t, "run after an instance went", 1, s.Service(serviceARN).Running)
		})
	}
}

// TestBreakerTripsWithoutRoom fails a deployment whose tasks find no place.
func TestBreakerTripsWithoutRoom(t *testing.T) {
	s := newRig(t)
	s.world.push("app:v1")
	s.create(2, "app:v1", onInstances(rollout.Needs{CPU: 1}), withBreaker)
	s.after(10 * time.Minute)
	if d := s.service().Deployments[0]; d.RolloutState != "FAILED" || d.Failed != 3 {
		t.Errorf("the deployment is %s after %d failures", d.RolloutState, d.Failed)
	}
}

// TestZones spreads tasks over the zones of subnets and of instances.
func TestZones(t *testing.T) {
	s := newRig(t)
	s.world.push("app:v1")
	s.create(6, "app:v1", func(spec *rollout.ServiceSpec) {
		spec.Places = []rollout.Place{{Subnet: "subnet-1", Zone: "a"}, {Subnet: "subnet-2", Zone: "b"}, {Subnet: "subnet-3", Zone: "a"}}
	})
	s.after(2 * time.Minute)
	expect.EqualIn(t, "on Fargate", map[string]int{"a": 3, "b": 3}, s.zones())
	s = newRig(t)
	s.world.push("app:v1")
	for range 4 { // two in the first zone
		s.instance(rollout.Needs{CPU: 1000, Memory: 1000})
	}
	s.create(6, "app:v1", onInstances(rollout.Needs{CPU: 100}))
	s.after(2 * time.Minute)
	expect.EqualIn(t, "on instances", map[string]int{"eu-west-1a": 2, "eu-west-1b": 2, "eu-west-1c": 2}, s.zones())
}

// TestInstancePorts gives each task a port of its own on the instance, where its target is.
func TestInstancePorts(t *testing.T) {
	s := newRig(t)
	s.world.push("app:v1")
	i := s.instance(rollout.Needs{CPU: 1000, Memory: 1000})
	s.create(2, "app:v1", onInstances(rollout.Needs{}, rollout.Port{Container: 80, Protocol: "tcp"}), func(spec *rollout.ServiceSpec) {
		spec.LoadBalancers = []rollout.LoadBalancer{{TargetGroup: groupARN, Container: "app", Port: 80}}
	})
	s.after(5 * time.Minute)
	want := map[string]string{groupARN + " " + i.EC2 + ":49153": "healthy", groupARN + " " + i.EC2 + ":49154": "healthy"}
	expect.Equal(t, want, s.world.targets)
}

// TestHindrance keeps some tasks from being placed, and then all until it is lifted.
func TestHindrance(t *testing.T) {
	s := newRig(t)
	s.world.push("app:v1")
	s.Hinder(s.now, rollout.Hindrance{ClusterARN: clusterARN, Provider: "FARGATE", Left: 2})
	s.create(1, "app:v1", func(spec *rollout.ServiceSpec) { spec.LaunchType = "FARGATE" })
	s.after(10 * time.Minute)
	const event = "(service api) was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later or in a different availability zone."
	if diff := cmp.Diff([]line{{"PRIMARY", "COMPLETED", 1, 1, 0}}, s.lines()); diff != "" || s.said(event) != 2 {
		t.Errorf("%d events, (-want +got):\n%s", s.said(event), diff)
	}
	s.Hinder(s.now, rollout.Hindrance{ClusterARN: clusterARN, Group: "service:api", Reason: "No."})
	if task, why := s.RunTask(s.now, rollout.RunTaskSpec{ClusterARN: clusterARN, Task: s.Service(serviceARN).Spec.Task, LaunchType: "FARGATE"}); task == nil {
		t.Errorf("a task of another group is hindered: %v", why)
	}
	task := s.Tasks(rollout.TaskFilter{ServiceARN: serviceARN, DesiredStatus: "RUNNING"})[0]
	expect.Value(s.StopTask(s.now, task.ARN, ""))(t)
	s.after(time.Hour)
	if n := s.Service(serviceARN).Running; n != 0 || s.said("was unable to place a task. Reason: No.") == 0 {
		t.Errorf("%d run in spite of it all", n)
	}
	s.Unhinder(s.now)
	s.after(2 * time.Minute)
	expect.EqualIn(t, "run once it was lifted", 1, s.Service(serviceARN).Running)
}
