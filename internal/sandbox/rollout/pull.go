package rollout

import (
	"errors"
	"strings"
)

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
