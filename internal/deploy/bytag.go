package deploy

import (
	"context"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// needsNoRevision reports whether the service runs what is wanted under tags, and would not change
// otherwise, which starts other tasks. It says in o whether it runs that.
func needsNoRevision(ctx context.Context, t Target, o *Observed) (bool, error) {
	asPinned, err := runsAsPinned(ctx, t, *o)
	o.AsPinned = asPinned
	b := builder{desired: t.Desired, observed: *o}
	return asPinned && len(b.members()) == 0, err
}

// runsAsPinned reports whether the service runs what is wanted though its task definition, which
// somebody else registered, names images by tags: all else is equal, one deployment is settled, and
// every task of it runs the digests that are pinned. ECS keeps the digests of a deployment for all
// of its tasks, unless the container has versionConsistency disabled. Tasks are read only where
// that can be so.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
func runsAsPinned(ctx context.Context, t Target, o Observed) (bool, error) {
	primary, ok := o.Primary()
	if !ok || o.Current == nil || o.Current.Status != ecs.Active || len(o.Service.Deployments) != 1 || !Settled(*o.Service, primary) || primary.Running == 0 {
		return false, nil
	}
	current, err := taskdef.FromJSON(o.Current.Record)
	if err != nil || !differsInTags(t.Desired, current) {
		return false, err
	}
	tasks, err := o.read.running(ctx, t)
	if Refused(err) {
		return false, nil
	}
	if err != nil || len(tasks) < primary.Running {
		return false, err
	}
	for _, state := range ImageStates(t.Desired.Images, tasks) {
		if state.Running == "" || state.Running != state.Pinned {
			return false, nil
		}
	}
	return true, nil
}

// differsInTags reports whether a definition is what is wanted but for images that it names by tags
// of the same repositories.
func differsInTags(d Desired, current taskdef.Definition) bool {
	var tagged []tagboat.ContainerName
	images := current.Containers()
	for _, image := range d.Images {
		named, err := tagboat.ParseReference(images[image.Container])
		if err != nil || !named.SameRepository(image.Pinned) {
			return false
		}
		if named.Digest == "" && current.KeepsVersion(image.Container) {
			tagged = append(tagged, image.Container)
		}
	}
	return len(tagged) > 0 && taskdef.EqualButVersions(d.Definition, current, tagged)
}

// clusterTasks are the running tasks of a cluster by service: of all services, or of one.
type clusterTasks struct {
	tasks map[string][]ecs.Task
	whole bool
}

// othersInCluster is for how many services more than the one that is asked for the tasks of a
// cluster are listed at once: up to five hundred tasks.
const othersInCluster = 9

// running returns the running tasks of a service. Those of a small cluster are read once.
func (d *definitions) running(ctx context.Context, t Target) ([]ecs.Task, error) {
	name := t.Desired.ServiceName
	read, err := d.tasks.get(ctx, definitionQuestion{t.Client, t.Desired.Cluster}, func() (clusterTasks, error) {
		tasks, whole, err := TaskLook{
			Client: t.Client.ECS, Cluster: t.Desired.Cluster, Desired: ecs.Running, Services: []string{name}, Others: othersInCluster,
		}.Read(ctx)
		return clusterTasks{tasks, whole}, err
	})
	if err == nil && !read.whole && read.tasks[name] == nil {
		return ServiceTasks(ctx, t.Client.ECS, t.Desired.Cluster, name, ecs.Running)
	}
	return read.tasks[name], err
}
