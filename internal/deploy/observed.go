package deploy

import (
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
)

// Observed is what ECS has for one service.
type Observed struct {
	// ClusterMissing says that the cluster itself does not exist.
	ClusterMissing bool
	// Service is nil where it does not exist, or was deleted and is INACTIVE.
	Service *ecs.Service
	// Current is the task definition of the PRIMARY deployment; nil without one.
	Current *ecs.TaskDefinition
	// Candidates are revisions of the wanted family that may be equal to what is wanted.
	// NewPlan wants them; Status does not.
	Candidates []ecs.TaskDefinition
	// latest is the latest active revision of the wanted family, where it was read.
	latest *ecs.TaskDefinition
	read   *definitions // during the look
	// Tasks are the service's tasks that should run. Status wants them.
	Tasks []ecs.Task
}

// primary returns the PRIMARY deployment, and false where there is none.
func (o Observed) primary() (ecs.Deployment, bool) {
	if o.Service == nil {
		return ecs.Deployment{}, false
	}
	return o.Service.Primary()
}

// good returns the ARN of the task definition that ran well when we looked: that of
// the PRIMARY deployment if it completed, else that of the newest older one that did.
// It is "" where none did, and for a service that we stopped.
func (o Observed) good() string {
	if o.Service == nil || o.stopped() != "" {
		return ""
	}
	deployments := slices.Clone(o.Service.Deployments)
	slices.SortStableFunc(deployments, func(a, b ecs.Deployment) int { return rank(b) - rank(a) })
	for _, d := range deployments {
		if d.RolloutState == ecs.RolloutCompleted || d.RolloutState == "" && d.Running > 0 {
			return d.TaskDefinition
		}
	}
	return ""
}

func rank(d ecs.Deployment) int {
	if d.Status == ecs.Primary {
		return 1
	}
	return 0
}

// mustRun tells whether every task that runs has the digests that are pinned, without
// having looked at them: one deployment completed, it is the only one and has all of its
// tasks, and its task definition names the digests, so that ECS cannot have pulled
// anything else.
func (o Observed) mustRun(images []Image) bool {
	primary, ok := o.primary()
	if !ok || o.Current == nil || len(o.Service.Deployments) != 1 || primary.RolloutState != ecs.RolloutCompleted ||
		primary.Desired == 0 || primary.Running != primary.Desired || primary.Pending > 0 {
		return false
	}
	r, err := readRecord(o.Current.Record)
	if err != nil {
		return false
	}
	for _, image := range images {
		i := slices.IndexFunc(r.Containers, func(c containerRecord) bool { return c.Name == string(image.Container) })
		if i < 0 {
			return false
		}
		named, err := tagboat.ParseReference(r.Containers[i].Image)
		if err != nil || named.Digest == "" || named.Digest != image.Pinned.Digest || !named.SameRepository(image.Pinned) {
			return false
		}
	}
	return true
}

// stoppedTag is on a service whose first deployment failed and which we therefore
// stopped. Its value is the desired count that the service had.
const stoppedTag = "tagboat:stopped"

// stopped returns the desired count that a stopped service had, or "".
func (o Observed) stopped() string {
	if o.Service == nil || o.Service.Desired != 0 {
		return ""
	}
	return o.Service.Tags[stoppedTag]
}

// ids returns the ids of all deployments that there were.
func (o Observed) ids() []string {
	if o.Service == nil {
		return nil
	}
	ids := make([]string, len(o.Service.Deployments))
	for i, d := range o.Service.Deployments {
		ids[i] = d.ID
	}
	return ids
}
