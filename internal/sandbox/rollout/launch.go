package rollout

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// launch makes a task that is PROVISIONING.
func (e *Engine) launch(t *Task, spec *TaskSpec) *Task {
	region, cluster := splitClusterARN(t.ClusterARN)
	id := e.ids.hex()
	t.ARN = region + "task/" + cluster + "/" + id
	t.TaskDefinition, t.spec = spec.ARN, spec
	t.DesiredStatus, t.Health, t.CreatedAt = running, unknown, e.now
	for n, c := range spec.Containers {
		t.Containers = append(t.Containers, Container{
			ARN:  region + "container/" + cluster + "/" + id + "/" + e.ids.uuid(),
			Name: c.Name, Image: c.Image, LastStatus: pending, Health: unknown,
		})
		if t.on != nil {
			t.Containers[n].Ports = t.ports[n]
		}
	}
	t.ports = nil
	serial := e.ids.next()
	t.IP = fmt.Sprintf("10.%d.%d.%d", serial>>16&255, serial>>8&255, serial&255)
	t.due = due{serial: serial, task: t}
	e.tasks[t.ARN] = t
	e.enter(t, provisioning)
	e.plan(t, e.options.Timings.Provision, step{Kind: stepProvisioned})
	e.arm(t)
	return t
}

// splitClusterARN returns what stands before "cluster/" and the cluster's name.
func splitClusterARN(arn string) (prefix, name string) {
	i := strings.LastIndex(arn, "cluster/")
	if i < 0 {
		return "", arn
	}
	return arn[:i], arn[i+len("cluster/"):]
}

// provisioned begins to pull images. What cannot be launched fails some time later,
// as ECS retries before it gives up.
func (e *Engine) provisioned(t *Task) {
	t.PullStartedAt = e.now
	e.enter(t, pending)
	t.state.Failure = e.world.CheckLaunch(t.spec)
	if t.state.Failure == "" {
		t.state.Failure = e.pull(t)
	}
	if t.state.Failure != "" {
		e.plan(t, e.options.Timings.GiveUp, step{Kind: stepGiveUp})
		return
	}
	e.plan(t, e.options.Timings.Pull, step{Kind: stepPulled})
}

// pulled creates the containers.
func (e *Engine) pulled(t *Task) {
	t.PullStoppedAt = e.now
	t.state.Begun = make([]time.Time, len(t.Containers))
	for i := range t.Containers {
		t.Containers[i].RuntimeID = t.ARN[strings.LastIndex(t.ARN, "/")+1:] + fmt.Sprintf("-%010d", i+1)
	}
	e.startContainers(t)
}

// containerRuns takes that a container started.
func (e *Engine) containerRuns(t *Task, n int) {
	t.Containers[n].LastStatus = running
	t.state.Begun[n] = e.now
	if check := t.spec.Containers[n].Health; check != nil {
		e.check(t, n, check.probe())
	}
	for i := range t.state.Begun {
		if t.state.Begun[i].IsZero() {
			return
		}
	}
	e.plan(t, e.options.Timings.Report, step{Kind: stepReported})
}

// startFailed takes that a container cannot be started. Its task fails as late as one
// whose image is not there.
func (e *Engine) startFailed(t *Task, n int, reason string) {
	if t.Containers[n].LastStatus != pending || !t.live() {
		return
	}
	t.Containers[n].Reason, t.state.Failure = reason, reason
	t.state.Agenda = nil
	e.plan(t, max(0, e.options.Timings.GiveUp-e.now.Sub(t.PullStartedAt)), step{Kind: stepGiveUp})
}

// reported learns that the containers run; a service with load balancers has to
// register targets before the task is RUNNING.
func (e *Engine) reported(t *Task) {
	if len(e.balancers(t)) == 0 {
		e.runs(t)
		return
	}
	e.enter(t, activating)
	e.plan(t, e.options.Timings.Activate, step{Kind: stepActivated})
}

// runs has the task reach RUNNING, which ends a row of launch failures.
func (e *Engine) runs(t *Task) {
	t.StartedAt = e.now
	if d := t.deployment(); d != nil {
		d.state.LaunchFailures = 0
	}
	e.plan(t, e.options.Timings.Settle, step{Kind: stepSettled})
	e.enter(t, running)
}

// deployment returns the deployment that the task belongs to, nil if it has gone.
func (t *Task) deployment() *Deployment {
	if t.service == nil {
		return nil
	}
	return t.service.deployment(t.StartedBy)
}

// containerHealth takes what a container's health check concluded. A task is as
// healthy as the worst of its essential containers.
func (e *Engine) containerHealth(t *Task, n int, good bool) {
	t.Containers[n].Health = unhealthy
	if good {
		t.Containers[n].Health = healthy
	}
	t.Health = healthy
	for i := range t.Containers {
		spec := &t.spec.Containers[i]
		if !spec.Essential || spec.Health == nil {
			continue
		}
		switch h := t.Containers[i].Health; {
		case h == unhealthy:
			t.Health = unhealthy
		case h == unknown && t.Health == healthy:
			t.Health = unknown
		}
	}
	if !t.spec.checked() {
		t.Health = unknown
	}
	e.taskChanged(t)
}

// unresolvedAfter is how many times in a row a deployment may fail to launch before it
// goes on without digests.
const unresolvedAfter = 3

// pull looks up the images of a task's containers. It returns why the task cannot be
// launched, or "".
//
// The first task of a service revision that pulls a tag fixes its digest for all
// tasks of the revision that follow, unless the container's version consistency is
// off. Tasks of RunTask pull what the tag is then.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html#deployment-container-image-stability
func (e *Engine) pull(t *Task) string {
	t.state.Images = make([]Image, len(t.Containers))
	for i := range t.Containers {
		c := &t.Containers[i]
		fixed := e.resolution(t, i)
		reference := c.Image
		if fixed != nil && fixed.Digest != "" {
			reference += "@" + fixed.Digest
		}
		image, err := e.world.Pull(reference)
		if err != nil {
			return pullReason(err)
		}
		c.Digest = image.Digest
		if fixed != nil {
			fixed.Digest = image.Digest
			c.Image += "@" + image.Digest
		}
		t.state.Images[i] = image
	}
	return ""
}

func pullReason(err error) string {
	var pull *PullError
	if errors.As(err, &pull) {
		return pull.Reason
	}
	return "CannotPullContainerError: " + err.Error()
}

// resolution returns where the revision keeps the digest of a container's tag; nil
// where the reference in the task definition is used as it is.
func (e *Engine) resolution(t *Task, n int) *ContainerImage {
	spec := &t.spec.Containers[n]
	if t.service == nil || spec.VersionConsistencyOff || strings.Contains(spec.Image, "@") {
		return nil
	}
	revision := t.service.revision(t.RevisionARN)
	if revision == nil {
		return nil
	}
	image := &revision.Images[n]
	if d := t.deployment(); image.Digest == "" && d != nil && d.state.LaunchFailures >= unresolvedAfter {
		revision.Unresolved = true
	}
	if revision.Unresolved && image.Digest == "" {
		return nil
	}
	return image
}
