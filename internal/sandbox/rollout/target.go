package rollout

import (
	"slices"
	"time"
)

// The states of a target and the reasons that DescribeTargetHealth gives for them.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
const (
	targetInitial   = "initial"
	targetHealthy   = "healthy"
	targetUnhealthy = "unhealthy"
	targetDraining  = "draining"

	failedCodes = "Health checks failed with these codes: [503]"
)

// balancers returns the load balancers of a task's service revision.
func (e *Engine) balancers(t *Task) []LoadBalancer {
	if t.service == nil {
		return nil
	}
	return t.service.revision(t.RevisionARN).Balancers()
}

// activated registers the task's targets and has their health checked. A target that is
// new needs one success only.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
func (e *Engine) activated(t *Task) {
	for i, lb := range e.balancers(t) {
		target := targetState{Group: lb.TargetGroup, Target: t.target(lb), State: targetInitial}
		t.state.Targets = append(t.state.Targets, target)
		e.world.Register(e.now, lb.TargetGroup, target.Target)
		e.world.TargetChanged(e.now, lb.TargetGroup, target.Target, targetInitial,
			"Elb.InitialHealthChecking", "Initial health checks in progress")
		t.service.state.registered(lb.TargetGroup)
		if n := slices.IndexFunc(t.Containers, func(c Container) bool { return c.Name == lb.Container }); n >= 0 {
			g := e.targetGroup(lb.TargetGroup)
			e.check(t, n, Probe{Target: i + 1, Interval: g.Interval, Up: g.HealthyThreshold, Down: g.UnhealthyThreshold})
		}
	}
	e.runs(t)
}

// target returns where a load balancer reaches the task: its own address, or the port of
// the instance that leads to the container.
func (t *Task) target(lb LoadBalancer) Target {
	for _, c := range t.Containers {
		for _, p := range c.Ports {
			if c.Name == lb.Container && p.Container == lb.Port && t.on != nil {
				return Target{ID: t.on.EC2, Port: p.Host}
			}
		}
	}
	return Target{ID: t.IP, Port: lb.Port}
}

// targetGroup returns the settings of a target group.
func (e *Engine) targetGroup(arn string) TargetGroup {
	if w, ok := e.world.(TargetGroups); ok {
		if g, ok := w.TargetGroup(arn); ok && g.Interval > 0 {
			if g.Drain < 0 {
				g.Drain = e.options.Timings.Drain
			}
			return g
		}
	}
	t := e.options.Timings
	return TargetGroup{
		Interval: t.TargetInterval, HealthyThreshold: t.TargetHealthy, UnhealthyThreshold: t.TargetFailed, Drain: t.Drain,
	}
}

// targetHealth takes what a target group's health check concluded.
func (e *Engine) targetHealth(t *Task, n int, good bool) {
	target := &t.state.Targets[n]
	state, reason, description := targetHealthy, "", ""
	if !good {
		state, reason, description = targetUnhealthy, "Target.ResponseCodeMismatch", failedCodes
	}
	target.State = state
	e.world.TargetChanged(e.now, target.Group, target.Target, state, reason, description)
	e.wakeService(t)
}

// drainTargets begins to take the task's targets out of their groups and returns how
// long the slowest takes.
func (e *Engine) drainTargets(t *Task) (longest time.Duration) {
	for _, target := range t.state.Targets {
		longest = max(longest, e.targetGroup(target.Group).Drain)
		e.world.TargetChanged(e.now, target.Group, target.Target, targetDraining,
			"Target.DeregistrationInProgress", "Target deregistration is in progress")
		t.service.state.deregistered(target.Group, t.StartedBy)
	}
	return longest
}

// removeTargets ends what drainTargets began.
func (e *Engine) removeTargets(t *Task) {
	for _, target := range t.state.Targets {
		e.world.Deregister(e.now, target.Group, target.Target)
	}
	t.state.Targets = nil
}
