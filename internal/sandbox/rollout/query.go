package rollout

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"
)

// Service returns a service by its ARN, INACTIVE ones too; nil if there is none.
func (e *Engine) Service(arn string) *Service { return e.services[arn] }

// Services returns the services of a cluster ("" for all), oldest first, INACTIVE ones
// too.
func (e *Engine) Services(clusterARN string) []*Service {
	var out []*Service
	for _, s := range e.services {
		if clusterARN == "" || s.Spec.ClusterARN == clusterARN {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b *Service) int { return cmp.Compare(a.due.serial, b.due.serial) })
	return out
}

// ServiceDeployment returns a service deployment by its ARN with its service, or nils.
func (e *Engine) ServiceDeployment(arn string) (*ServiceDeployment, *Service) {
	s := e.owner(arn, "service-deployment/")
	if s == nil {
		return nil, nil
	}
	for _, r := range s.History {
		if r.ARN == arn {
			return r, s
		}
	}
	return nil, nil
}

// ServiceRevision returns a service revision by its ARN with its service, or nils.
func (e *Engine) ServiceRevision(arn string) (*ServiceRevision, *Service) {
	s := e.owner(arn, "service-revision/")
	if s == nil {
		return nil, nil
	}
	if r := s.revision(arn); r != nil {
		return r, s
	}
	return nil, nil
}

// owner returns the service whose cluster and name stand in an ARN; nil where there is
// none.
func (e *Engine) owner(arn, kind string) *Service {
	region, path, _ := strings.Cut(arn, kind)
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return nil
	}
	return e.services[region+"service/"+path[:i]]
}

func (s *Service) revision(arn string) *ServiceRevision {
	for _, r := range s.Revisions {
		if r.ARN == arn {
			return r
		}
	}
	return nil
}

// Task returns a task by its ARN; nil if there is none or it stopped over an hour ago.
func (e *Engine) Task(arn string) *Task { return e.tasks[arn] }

// TaskFilter selects tasks; empty members select all.
type TaskFilter struct {
	ClusterARN    string
	ServiceARN    string
	Family        string
	StartedBy     string
	DesiredStatus string // RUNNING, STOPPED
	LaunchType    string
}

// Tasks returns the tasks that the filter selects, oldest first.
func (e *Engine) Tasks(filter TaskFilter) []*Task {
	if s := e.services[filter.ServiceARN]; s != nil && filter.DesiredStatus == running {
		return filter.among(slices.Values(s.tasks)) // the question that is asked most
	}
	out := filter.among(maps.Values(e.tasks))
	slices.SortFunc(out, func(a, b *Task) int { return cmp.Compare(a.due.serial, b.due.serial) })
	return out
}

func (f TaskFilter) among(tasks iter.Seq[*Task]) []*Task {
	var out []*Task
	for t := range tasks {
		if f.selects(t) {
			out = append(out, t)
		}
	}
	return out
}

func (f TaskFilter) selects(t *Task) bool {
	fits := func(want, is string) bool { return want == "" || want == is }
	return fits(f.ClusterARN, t.ClusterARN) && fits(f.ServiceARN, t.ServiceARN) &&
		fits(f.Family, t.spec.Family) && fits(f.StartedBy, t.StartedBy) &&
		fits(f.DesiredStatus, t.DesiredStatus) && fits(f.LaunchType, t.LaunchType)
}
