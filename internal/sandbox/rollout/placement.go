package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

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

// has reports whether the instance runs the same deployment's task.
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

// Capacity is one item of a capacity provider strategy.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
type Capacity struct {
	Provider string `json:"provider"`
	Weight   int    `json:"weight"`
	Base     int    `json:"base"`
}

// provider returns what the next task of a service runs on: bases come first, in their
// order, then the provider that is furthest behind its share of the weights. It is "" where the
// service has no strategy.
func (s *Service) provider() string {
	if len(s.Spec.Capacity) == 0 {
		return ""
	}
	have := map[string]int{}
	for _, t := range s.tasks {
		if t.live() {
			have[t.CapacityProvider]++
		}
	}
	best := s.Spec.Capacity[0]
	for i, c := range s.Spec.Capacity {
		if have[c.Provider] < c.Base {
			return c.Provider
		}
		// beyond the bases, compare what each would have per weight with one task more
		if i > 0 && c.Weight > 0 && (best.Weight == 0 ||
			(have[c.Provider]-c.Base+1)*best.Weight < (have[best.Provider]-best.Base+1)*c.Weight) {
			best = c
		}
	}
	return best.Provider
}

// Hindrance keeps tasks from being placed, as where a cloud has no capacity left.
type Hindrance struct {
	ClusterARN string `json:"clusterArn"`
	Group      string `json:"group,omitempty"`    // such as service:web; "" means all
	Provider   string `json:"provider,omitempty"` // launch type or capacity provider; "" means all
	Reason     string `json:"reason,omitempty"`   // "" means AWS's own words
	Left       int    `json:"left,omitempty"`     // how many more tasks; 0 means no end
	Ends       bool   `json:"ends,omitempty"`     // Left counts
}

// Hinder has tasks find no place from now on.
func (e *Engine) Hinder(now time.Time, h Hindrance) {
	e.Advance(now)
	h.Ends = h.Left > 0
	e.hindrances = append(e.hindrances, h)
}

// Unhinder ends all hindrances. Services that wait for a place look again.
func (e *Engine) Unhinder(now time.Time) {
	e.Advance(now)
	e.hindrances = nil
	for _, s := range e.Services("") {
		for _, d := range s.Deployments {
			if d.state.Unplaced > 0 {
				d.state.NotBefore = e.now
				e.wake(s)
			}
		}
	}
	e.Advance(e.now)
}

const noCapacity = "Capacity is unavailable at this time. Please try again later or in a different availability zone."

// hindered returns what keeps a task from being placed, nil where nothing does.
func (e *Engine) hindered(t *Task) *Unplaced {
	for n := range e.hindrances {
		h := &e.hindrances[n]
		if h.ClusterARN != t.ClusterARN || h.Group != "" && h.Group != t.Group ||
			h.Provider != "" && h.Provider != t.LaunchType && h.Provider != t.CapacityProvider {
			continue
		}
		reason := h.Reason
		if h.Ends {
			if h.Left--; h.Left == 0 {
				e.hindrances = slices.Delete(e.hindrances, n, n+1)
			}
		}
		if reason == "" && (t.LaunchType == "EC2" || t.LaunchType == "EXTERNAL") {
			why := &Unplaced{}
			for _, i := range e.Instances(t.ClusterARN) {
				why.Lacking = append(why.Lacking, Lacking{i.ARN, "MEMORY"})
			}
			why.explain()
			return why
		}
		if reason == "" {
			reason = noCapacity
		}
		return &Unplaced{Reason: "was unable to place a task. Reason: " + reason}
	}
	return nil
}
