package ecs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Harm is something bad that happens to tasks.
type Harm struct {
	Kind      string `json:"kind"`      // one of harms
	Account   string `json:"account"`   // "" means the sandbox's own
	Region    string `json:"region"`    // "" means the sandbox's own
	Cluster   string `json:"cluster"`   // name or ARN; "" means default
	Service   string `json:"service"`   // of this service alone
	Task      string `json:"task"`      // this task alone, by id or ARN
	Container string `json:"container"` // to crash; "" means the task's first
	Code      int    `json:"code"`      // exit code of the crash
	Provider  string `json:"provider"`  // launch type or capacity provider without capacity; "" means all
	Reason    string `json:"reason"`    // why there is no capacity; "" means AWS's own words
	Registry  string `json:"registry"`  // host that cannot be reached; "" means all
	Count     int    `json:"count"`     // how many, oldest first; 0 means all, or no end
}

// harms are the kinds of harm: what has a task's container exit by itself, takes a task's
// Spot capacity away, takes a container instance away with all that runs on it, has new
// tasks find no place, and has registries not be reached.
const (
	harmCrash     = "crash"
	harmInterrupt = "interrupt"
	harmInstance  = "instance"
	harmCapacity  = "capacity"
	harmRegistry  = "registry"
)

// Do does harm and returns the ARNs of the tasks that it met. What keeps new tasks from
// starting goes on until Undo, or until it met Count of them.
func (s *Service) Do(h Harm) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.region(wire.Scope{Account: h.Account, Region: h.Region})
	r.advance()
	defer s.wake()
	if h.Kind == harmRegistry {
		r.Unreachable = append(r.Unreachable, outage{Host: h.Registry, Left: h.Count, Ends: h.Count > 0})
		return []string{}, nil
	}
	cluster, err := r.cluster(h.Cluster)
	if err != nil {
		return nil, err
	}
	switch h.Kind {
	case harmCrash, harmInterrupt:
		return r.strike(h, cluster)
	case harmInstance:
		return r.strikeInstances(h, cluster), nil
	case harmCapacity:
		return []string{}, r.hinder(h, cluster)
	default:
		return nil, fmt.Errorf("kind %q is not crash, interrupt, instance, capacity or registry", h.Kind)
	}
}

// Undo ends the harm that goes on, everywhere.
func (s *Service) Undo() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.regions {
		r.Unreachable = nil
		r.engine.Unhinder(r.deps.Clock.Now())
	}
	s.wake()
}

// strike meets tasks that run.
func (r *region) strike(h Harm, cluster *cluster) ([]string, error) {
	tasks, err := r.harmed(h, cluster)
	if err != nil {
		return nil, err
	}
	met := []string{}
	for _, t := range tasks {
		if h.Count > 0 && len(met) == h.Count {
			break
		}
		arn := t.ARN
		if h.Kind == harmInterrupt {
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
func (r *region) harmed(h Harm, cluster *cluster) ([]*rollout.Task, error) {
	filter := rollout.TaskFilter{ClusterARN: cluster.ARN, DesiredStatus: "RUNNING"}
	if h.Service != "" {
		s, err := r.harmedService(h, cluster)
		if err != nil {
			return nil, err
		}
		filter.ServiceARN = s.Spec.ARN
	}
	var tasks []*rollout.Task
	for _, t := range r.engine.Tasks(filter) {
		spot := t.CapacityProvider == "FARGATE_SPOT"
		if (h.Task == "" || lastPart(h.Task) == lastPart(t.ARN)) && (h.Kind == harmCrash || spot) {
			tasks = append(tasks, t)
		}
	}
	return tasks, nil
}

func (r *region) harmedService(h Harm, cluster *cluster) (*rollout.Service, error) {
	s := r.service(cluster, h.Service)
	if s == nil {
		return nil, fmt.Errorf("there is no service %s in the cluster %s", h.Service, cluster.Name)
	}
	return s, nil
}

// strikeInstances takes instances away and returns the tasks that went with them.
func (r *region) strikeInstances(h Harm, cluster *cluster) []string {
	met := []string{}
	for n, i := range r.engine.Instances(cluster.ARN) {
		if h.Count > 0 && n == h.Count {
			break
		}
		for _, t := range i.Tasks() {
			met = append(met, t.ARN)
		}
		r.engine.RemoveInstance(r.deps.Clock.Now(), i.ARN)
	}
	return met
}

func (r *region) hinder(h Harm, cluster *cluster) error {
	hindrance := rollout.Hindrance{ClusterARN: cluster.ARN, Provider: h.Provider, Reason: h.Reason, Left: h.Count}
	if h.Service != "" {
		s, err := r.harmedService(h, cluster)
		if err != nil {
			return err
		}
		hindrance.Group = "service:" + s.Spec.Name
	}
	r.engine.Hinder(r.deps.Clock.Now(), hindrance)
	return nil
}

// outage is a registry that tasks cannot reach.
type outage struct {
	Host string
	Left int // how many more pulls
	Ends bool
}

// reaches reports whether the registry of a reference can be reached; pull counts it as a
// try.
func (r *region) reaches(reference string, pull bool) bool {
	host, _, _ := strings.Cut(FullReference(reference), "/")
	for n := range r.Unreachable {
		u := &r.Unreachable[n]
		if u.Host != "" && u.Host != host {
			continue
		}
		if pull && u.Ends {
			if u.Left--; u.Left == 0 {
				r.Unreachable = slices.Delete(r.Unreachable, n, n+1)
			}
		}
		return false
	}
	return true
}
