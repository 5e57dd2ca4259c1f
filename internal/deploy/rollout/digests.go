package rollout

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
)

// verification looks at the tasks of a deployment that completed until all of them are
// seen to run what is pinned. The list of tasks is eventually consistent, so one that is
// incomplete is no answer, and another digest is looked at again before it is believed.
type verification struct {
	images  []tagboat.ImageState // as of the last look
	missing string               // what keeps it from an end, in words
	other   string               // what runs and is not pinned
	untold  string               // the containers whose digests AWS does not report
	doubts  int                  // looks that saw another digest, or none told
}

// seen is what a verification came to.
type seen int

const (
	notYet       seen = iota
	pinnedRuns        // in all tasks, as far as AWS tells digests
	otherDigests      // in some task
)

// look reads the tasks once.
func (v *verification) look(ctx context.Context, from *taskReader, d deploy.Desired, service string, own ecs.Deployment) (seen, error) {
	all, err := from.read(ctx, d.Cluster, service, ecs.Running, 0)
	if err != nil {
		return notYet, err
	}
	tasks := slices.DeleteFunc(all, func(t ecs.Task) bool { return t.StartedBy != own.ID || t.LastStatus != ecs.Running })
	v.images = deploy.ImageStates(d.Images, tasks)
	v.other, v.untold = compare(d.Images, tasks, own.TaskDefinition)
	if len(tasks) < own.Running {
		v.missing = fmt.Sprintf("AWS lists %d of its %d tasks that run, so what the others run is not known", len(tasks), own.Running)
		return notYet, nil
	}
	if v.other == "" && v.untold == "" {
		return pinnedRuns, nil
	}
	v.missing = cmp.Or(v.other, "AWS does not report the digest of "+v.untold)
	switch v.doubts++; {
	case v.doubts < digestLooks:
		return notYet, nil
	case v.other != "":
		return otherDigests, nil
	default:
		return pinnedRuns, nil
	}
}

// compare says which containers of the tasks run something else than what is pinned, and
// of which AWS does not report it. Those run what their task definition names by
// digest, where that is the given one: ECS pulls nothing else.
func compare(images []deploy.Image, tasks []ecs.Task, definition string) (other, untold string) {
	var others, silent []string
	for _, image := range images {
		is, told := runsOtherwise(image, tasks, definition)
		if is != "" {
			others = append(others, is)
		}
		if !told {
			silent = append(silent, "container "+string(image.Container))
		}
	}
	return strings.Join(others, "; "), strings.Join(silent, ", ")
}

// runsOtherwise says what one container runs in some task instead of what is pinned, and
// whether AWS tells the digest in every task.
func runsOtherwise(image deploy.Image, tasks []ecs.Task, definition string) (other string, told bool) {
	told = true
	for _, t := range tasks {
		i := slices.IndexFunc(t.Containers, func(c ecs.Container) bool { return c.Name == string(image.Container) })
		switch {
		case i < 0:
			return fmt.Sprintf("task %s has no container %s", t.ID(), image.Container), told
		case t.Containers[i].Digest == "" && t.TaskDefinition != definition:
			return fmt.Sprintf("task %s was started from %s", t.ID(), ecs.LastPart(t.TaskDefinition)), told
		case t.Containers[i].Digest == "":
			told = false
		default:
			if d := deploy.ContentDigest(t.Containers[i], image.Pinned); d != image.Pinned.Digest {
				return fmt.Sprintf("container %s runs %s, and %s is pinned", image.Container, d, image.Pinned.Digest), told
			}
		}
	}
	return "", told
}
