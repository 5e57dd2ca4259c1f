package rollout

import (
	"encoding/json"
	"slices"
	"time"
)

// ServiceRevision is what a deployment brings out. It does not change but for the
// digests that its first task resolves.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceRevision.html
type ServiceRevision struct {
	ARN             string           `json:"arn"`            // ends in 19 digits
	TaskDefinition  string           `json:"taskDefinition"` // ARN
	LoadBalancers   []LoadBalancer   `json:"loadBalancers,omitempty"`
	LaunchType      string           `json:"launchType,omitempty"`
	PlatformVersion string           `json:"platformVersion,omitempty"`
	Capacity        []Capacity       `json:"capacity,omitempty"`
	Places          []Place          `json:"places,omitempty"`
	Extra           json.RawMessage  `json:"extra,omitempty"`      // ServiceSpec.Revision
	Images          []ContainerImage `json:"images"`               // in the task definition's order
	Alternate       bool             `json:"alternate,omitempty"`  // its targets go to the alternate target groups
	Unresolved      bool             `json:"unresolved,omitempty"` // it goes on with tags as they are
	CreatedAt       time.Time        `json:"createdAt"`

	spec *TaskSpec
}

// ContainerImage is the image of one container of a revision.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerImage.html
type ContainerImage struct {
	Container string `json:"container"`
	Image     string `json:"image"`            // as in the task definition
	Digest    string `json:"digest,omitempty"` // "" until resolved, and where version consistency is off
}

// newRevision adds a revision of what the service's specification says. Digests that
// the same task definition resolved before are reused unless force is set.
func (e *Engine) newRevision(s *Service, force bool) *ServiceRevision {
	region, cluster := splitClusterARN(s.Spec.ClusterARN)
	r := &ServiceRevision{
		ARN:            region + "service-revision/" + cluster + "/" + s.Spec.Name + "/" + e.ids.digits(),
		TaskDefinition: s.Spec.Task.ARN, LoadBalancers: s.Spec.LoadBalancers, LaunchType: s.Spec.LaunchType,
		PlatformVersion: s.Spec.PlatformVersion, Capacity: s.Spec.Capacity, Places: s.Spec.Places, Extra: s.Spec.Revision, CreatedAt: e.now, spec: s.Spec.Task,
	}
	for _, c := range s.Spec.Task.Containers {
		r.Images = append(r.Images, ContainerImage{Container: c.Name, Image: c.Image})
	}
	if len(s.Deployments) > 0 && s.Spec.Rollout != "" && s.Spec.Rollout != Rolling {
		r.Alternate = !s.revision(s.primary().RevisionARN).Alternate
	}
	if !force && len(s.Deployments) > 0 {
		before := s.revision(s.primary().RevisionARN)
		if before.TaskDefinition == r.TaskDefinition {
			copy(r.Images, before.Images)
		}
	}
	s.Revisions = append([]*ServiceRevision{r}, s.Revisions...)
	return r
}

// restoreRevision has the service's specification say what a revision says.
func (s *Service) restoreRevision(r *ServiceRevision) {
	s.Spec.Task, s.Spec.LoadBalancers, s.Spec.LaunchType = r.spec, r.LoadBalancers, r.LaunchType
	s.Spec.PlatformVersion, s.Spec.Capacity, s.Spec.Places, s.Spec.Revision = r.PlatformVersion, r.Capacity, r.Places, r.Extra
}

// Balancers returns the load balancers that the revision's tasks are behind, with the
// target group that is its own; nil has none.
func (r *ServiceRevision) Balancers() []LoadBalancer {
	switch {
	case r == nil:
		return nil
	case !r.Alternate:
		return r.LoadBalancers
	}
	alternate := slices.Clone(r.LoadBalancers)
	for i, lb := range alternate {
		if lb.Alternate != "" {
			alternate[i].TargetGroup = lb.Alternate
		}
	}
	return alternate
}
