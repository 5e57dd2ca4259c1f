package ecs

import (
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/rollout"
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
	arns := []string{}
	for _, s := range c.engine.Services(cluster.ARN) {
		if s.Status != inactive && in.wants(s) {
			arns = append(arns, s.Spec.ARN)
		}
	}
	slices.Sort(arns)
	arns, next, err := page(in.paging, list[string]{items: arns, key: itself}, 10)
	return listServicesOut{ARNs: arns, NextToken: next}, err
}

func (in listServicesIn) wants(s *rollout.Service) bool {
	own := settingsOf(s)
	return (in.LaunchType == "" || in.LaunchType == own.LaunchType) &&
		(in.SchedulingStrategy == "" || in.SchedulingStrategy == own.Scheduling)
}
