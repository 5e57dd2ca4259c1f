package ecs

import (
	"fmt"

	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Harm is what is to happen to tasks that run, though nobody asked ECS for it.
type Harm struct {
	Kind      string `json:"kind"`      // crash or interrupt
	Account   string `json:"account"`   // "" means the sandbox's own
	Region    string `json:"region"`    // "" means the sandbox's own
	Cluster   string `json:"cluster"`   // name or ARN; "" means default
	Service   string `json:"service"`   // of this service alone
	Task      string `json:"task"`      // this task alone, by id or ARN
	Container string `json:"container"` // to crash; "" means the task's first
	Code      int    `json:"code"`      // exit code of the crash
	Count     int    `json:"count"`     // how many tasks, oldest first; 0 means all
}

// Do harms tasks and returns the ARNs of those that it met. crash has a container exit by
// itself; interrupt takes a task's Spot capacity away, and passes over other tasks.
func (s *Service) Do(h Harm) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.region(wire.Scope{Account: h.Account, Region: h.Region})
	r.advance()
	defer s.wake()
	tasks, err := r.harmed(h)
	if err != nil {
		return nil, err
	}
	met := []string{}
	for _, t := range tasks {
		if h.Count > 0 && len(met) == h.Count {
			break
		}
		arn := t.ARN
		if h.Kind == "interrupt" {
			err = r.engine.Interrupt(r.deps.Clock.Now(), arn)
		} else {
			err = r.engine.CrashContainer(r.deps.Clock.Now(), arn, h.container(t), h.Code)
		}
		if err == nil {
			met = append(met, arn)
		}
	}
	return met, nil
}

func (h Harm) container(t *rollout.Task) string {
	if h.Container == "" && len(t.Containers) > 0 {
		return t.Containers[0].Name
	}
	return h.Container
}

// harmed returns the tasks that an order is about.
func (r *region) harmed(h Harm) ([]*rollout.Task, error) {
	if h.Kind != "crash" && h.Kind != "interrupt" {
		return nil, fmt.Errorf("kind %q is not crash or interrupt", h.Kind)
	}
	cluster, err := r.cluster(h.Cluster)
	if err != nil {
		return nil, err
	}
	filter := rollout.TaskFilter{ClusterARN: cluster.ARN, DesiredStatus: "RUNNING"}
	if h.Service != "" {
		s := r.service(cluster, h.Service)
		if s == nil {
			return nil, fmt.Errorf("there is no service %s in the cluster %s", h.Service, cluster.Name)
		}
		filter.ServiceARN = s.Spec.ARN
	}
	var found []*rollout.Task
	for _, t := range r.engine.Tasks(filter) {
		spot := t.CapacityProvider == "FARGATE_SPOT"
		if (h.Task == "" || lastPart(h.Task) == lastPart(t.ARN)) && (h.Kind == "crash" || spot) {
			found = append(found, t)
		}
	}
	return found, nil
}
