package ecs

import (
	"slices"
	"strings"
)

type describeServicesIn struct {
	Cluster  string
	Services []string
	Include  []string
}

type describeServicesOut struct {
	Services []serviceRecord `json:"services"`
	Failures []failure       `json:"failures"`
}

func (c call) describeServices(in describeServicesIn) (describeServicesOut, error) {
	out := describeServicesOut{Services: []serviceRecord{}, Failures: []failure{}}
	cluster, err := c.cluster(in.Cluster)
	if err != nil {
		return out, err
	}
	if len(in.Services) == 0 {
		return out, invalidParameter("Services cannot be empty.")
	}
	if len(in.Services) > 10 {
		return out, invalidParameter("Services cannot have more than 10 elements.")
	}
	for _, id := range in.Services {
		s := c.service(cluster, id)
		if record, known := c.was(s, in.Include); known {
			if record != nil {
				out.Services = append(out.Services, *record)
				continue
			}
		} else if s != nil {
			out.Services = append(out.Services, c.serviceRecord(s, in.Include))
			continue
		}
		if !strings.HasPrefix(id, "arn:") {
			id = c.serviceARN(cluster, id)
		}
		out.Failures = append(out.Failures, missing(id))
	}
	return out, nil
}

type listServicesIn struct {
	paging
	Cluster            string
	LaunchType         string
	SchedulingStrategy string
}

type listServicesOut struct {
	ARNs      []string `json:"serviceArns"`
	NextToken string   `json:"nextToken,omitempty"`
}

func (c call) listServices(in listServicesIn) (listServicesOut, error) {
	cluster, err := c.cluster(in.Cluster)
	if err != nil {
		return listServicesOut{}, err
	}
	arns := c.names(cluster.ARN)
	if in.LaunchType != "" || in.SchedulingStrategy != "" {
		arns = slices.DeleteFunc(slices.Clone(arns), func(arn string) bool { return !in.wants(c.sent(c.engine.Service(arn))) })
	}
	arns, next, err := page(in.paging, list[string]{items: arns, key: itself}, 10)
	return listServicesOut{ARNs: arns, NextToken: next}, err
}

func (in listServicesIn) wants(own *settings) bool {
	return (in.LaunchType == "" || in.LaunchType == own.LaunchType) &&
		(in.SchedulingStrategy == "" || in.SchedulingStrategy == own.Scheduling)
}

// roster is the services of a cluster that are not INACTIVE, as they were when the
// scheduler's own list last changed.
type roster struct {
	version uint64
	arns    []string // sorted
}

// names returns the ARNs of a cluster's services, for who only reads. Clients go through
// them page by page, while they hardly ever change.
func (r *region) names(clusterARN string) []string {
	known, ok := r.rosters[clusterARN]
	if ok && known.version == r.engine.Roster() {
		return known.arns
	}
	known = roster{version: r.engine.Roster(), arns: []string{}}
	for _, s := range r.engine.Services(clusterARN) {
		if s.Status != inactive {
			known.arns = append(known.arns, s.Spec.ARN)
		}
	}
	slices.Sort(known.arns)
	r.rosters[clusterARN] = known
	return known.arns
}
