// Package copilot is what an application of AWS Copilot consists of, as plain values: its records
// in Parameter Store, the manifests of its directory, and its stacks. All of it only reads, and
// decides without a call.
// https://aws.github.io/copilot-cli/docs/concepts/overview/
package copilot

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Applications is the path below which Parameter Store has the records of all applications, in the
// account and region of each.
const Applications = "/copilot/applications/"

// Registry is what the records of an application say.
type Registry struct {
	Environments []Environment           // by name
	Workloads    map[string]WorkloadType // by the names of services and jobs
	Unread       []string                // what could not be read, in words
}

// Environment is an environment of an application.
type Environment struct {
	Name    string `json:"name"`
	Region  string `json:"region"`
	Account string `json:"accountID"`
	Role    string `json:"managerRoleARN"` // that may read and change what is in the environment
}

// WorkloadType is the type of a service or job, in the words of a manifest.
type WorkloadType string

// The types of workloads.
// https://aws.github.io/copilot-cli/docs/manifest/overview/
const (
	LoadBalanced  WorkloadType = "Load Balanced Web Service"
	Backend       WorkloadType = "Backend Service"
	Worker        WorkloadType = "Worker Service"
	RequestDriven WorkloadType = "Request-Driven Web Service"
	StaticSite    WorkloadType = "Static Site"
	ScheduledJob  WorkloadType = "Scheduled Job"
)

// Why says why Tagboat cannot deploy a workload of the type; "" where it can.
func (t WorkloadType) Why() string {
	switch t {
	case LoadBalanced, Backend, Worker:
		return ""
	case RequestDriven:
		return "it is a Request-Driven Web Service, which runs in AWS App Runner: Tagboat deploys services of ECS"
	case StaticSite:
		return "it is a Static Site: it has files in S3 and no containers"
	case ScheduledJob:
		return "it is a Scheduled Job: a state machine starts its tasks, and Tagboat deploys services"
	case "":
		return "its stack has no service of ECS"
	default:
		return fmt.Sprintf("it is a %q, which Tagboat does not know", string(t))
	}
}

// ReadRegistry reads the values of the parameters below Applications+app, by their names.
func ReadRegistry(app string, values map[string]string) Registry {
	out := Registry{Workloads: map[string]WorkloadType{}}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		rest, _ := strings.CutPrefix(name, Applications+app+"/")
		kind, _, _ := strings.Cut(rest, "/")
		var err error
		switch kind {
		case "environments":
			env := Environment{}
			if err = json.Unmarshal([]byte(values[name]), &env); err == nil && env.Name != "" {
				out.Environments = append(out.Environments, env)
			}
		case "components":
			workload := struct {
				Name string       `json:"name"`
				Type WorkloadType `json:"type"`
			}{}
			if err = json.Unmarshal([]byte(values[name]), &workload); err == nil && workload.Name != "" {
				out.Workloads[workload.Name] = workload.Type
			}
		}
		if err != nil {
			out.Unread = append(out.Unread, fmt.Sprintf("the parameter %s is not a record of Copilot: %v", name, err))
		}
	}
	slices.SortFunc(out.Environments, func(a, b Environment) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// Named returns the applications that have a record among the names of parameters.
func Named(parameters []string) []string {
	var names []string
	for _, parameter := range parameters {
		rest, found := strings.CutPrefix(parameter, Applications)
		name, _, _ := strings.Cut(rest, "/")
		if found && name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
