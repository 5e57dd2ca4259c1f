package rollout

import (
	"cmp"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"
)

// snapshot is the whole state of an engine. Queue, indexes and pointers between
// records are rebuilt from it.
type snapshot struct {
	Now        time.Time         `json:"now"`
	IDs        ids               `json:"ids"`
	Specs      []*TaskSpec       `json:"specs"`
	Services   []serviceSnapshot `json:"services"`
	Tasks      []taskSnapshot    `json:"tasks"`
	Instances  []*Instance       `json:"instances"`
	Hindrances []Hindrance       `json:"hindrances,omitempty"`
}

type serviceSnapshot struct {
	*Service
	Serial    uint64              `json:"serial"`
	Due       time.Time           `json:"due,omitzero"`
	State     serviceState        `json:"state"`
	States    []deploymentState   `json:"states"` // of Deployments, in their order
	Completed *deploymentSnapshot `json:"completed,omitempty"`
}

type deploymentSnapshot struct {
	*Deployment
	State deploymentState `json:"state"`
}

type taskSnapshot struct {
	*Task
	Serial uint64    `json:"serial"`
	State  taskState `json:"state"`
}

// Snapshot returns the whole state as JSON. Options are not part of it.
func (e *Engine) Snapshot() ([]byte, error) {
	out := snapshot{Now: e.now, IDs: e.ids, Instances: append([]*Instance{}, e.instances...), Hindrances: e.hindrances}
	for _, spec := range e.specs {
		out.Specs = append(out.Specs, spec)
	}
	slices.SortFunc(out.Specs, func(a, b *TaskSpec) int { return cmp.Compare(a.ARN, b.ARN) })
	for _, s := range e.Services("") {
		saved := serviceSnapshot{Service: s, Serial: s.due.serial, Due: s.due.at, State: s.state}
		for _, d := range s.Deployments {
			saved.States = append(saved.States, d.state)
		}
		if d := s.state.Completed; d != nil {
			saved.Completed = &deploymentSnapshot{Deployment: d, State: d.state}
		}
		out.Services = append(out.Services, saved)
	}
	for _, t := range e.Tasks(TaskFilter{}) {
		out.Tasks = append(out.Tasks, taskSnapshot{Task: t, Serial: t.due.serial, State: t.state})
	}
	data, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("saving the scheduler's state: %w", err)
	}
	return data, nil
}

// Restore replaces the state by one that Snapshot returned. After an error the engine
// is as before.
func (e *Engine) Restore(data []byte) error {
	var in snapshot
	if err := json.Unmarshal(data, &in); err != nil {
		return fmt.Errorf("restoring the scheduler's state: %w", err)
	}
	restored := New(e.world, e.runtime, e.options)
	restored.now, restored.ids, restored.hindrances = in.Now, in.IDs, in.Hindrances
	restored.instances = in.Instances
	if in.Instances == nil { // a state from before there were any
		restored.instances = e.instances
	}
	for _, spec := range in.Specs {
		restored.specs[spec.ARN] = spec
	}
	for _, saved := range in.Services {
		if err := restored.restoreService(saved); err != nil {
			return fmt.Errorf("restoring the scheduler's state: %w", err)
		}
	}
	for _, saved := range in.Tasks {
		if err := restored.restoreTask(saved); err != nil {
			return fmt.Errorf("restoring the scheduler's state: %w", err)
		}
	}
	restored.roster = e.roster + 1
	*e = *restored
	return nil
}

func (e *Engine) restoreService(saved serviceSnapshot) error {
	s := saved.Service
	if s == nil || s.Spec.Task == nil && !s.Spec.external() || len(saved.States) != len(s.Deployments) {
		return fmt.Errorf("a service is incomplete")
	}
	s.Spec.Task = e.adopt(s.Spec.Task)
	s.state = saved.State
	for i, d := range s.Deployments {
		d.state = saved.States[i]
	}
	if c := saved.Completed; c != nil {
		if s.state.Completed = s.deployment(c.ID); s.state.Completed == nil {
			c.Deployment.state = c.State
			s.state.Completed = c.Deployment
		}
	}
	for _, r := range s.Revisions {
		if r.spec = e.specs[r.TaskDefinition]; r.spec == nil {
			return fmt.Errorf("the task definition %s is missing", r.TaskDefinition)
		}
	}
	s.due = due{serial: saved.Serial, service: s}
	e.services[s.Spec.ARN] = s
	e.queue.set(&s.due, saved.Due)
	return nil
}

func (e *Engine) restoreTask(saved taskSnapshot) error {
	t := saved.Task
	if t == nil || e.specs[t.TaskDefinition] == nil {
		return fmt.Errorf("a task or its task definition is missing")
	}
	if began := !t.PullStartedAt.IsZero() && t.LastStatus != stopped && saved.State.Failure == ""; began && len(saved.State.Images) != len(t.Containers) {
		return fmt.Errorf("the task %s lacks its images: an older sandbox saved it", t.ARN)
	}
	t.spec, t.state = e.specs[t.TaskDefinition], saved.State
	t.due = due{serial: saved.Serial, task: t}
	e.tasks[t.ARN] = t
	if i := e.Instance(t.Instance); i != nil && t.LastStatus != stopped {
		t.on = i
		i.tasks = append(i.tasks, t)
	}
	if s := e.services[t.ServiceARN]; s != nil && t.LastStatus != stopped {
		t.service = s
		s.tasks = append(s.tasks, t)
	}
	e.arm(t)
	return nil
}

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
