package copilot

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/cfn"
)

// The tags by which stacks say what they are.
const (
	tagApplication = "copilot-application"
	tagEnvironment = "copilot-environment"
	tagWorkload    = "copilot-service" // of jobs, too
	tagPipeline    = "copilot-pipeline"
	tagTask        = "copilot-task"
)

// Stack is a stack of a workload.
type Stack struct {
	cfn.Stack
	Environment string
	Workload    string
}

// Stacks are the stacks of an application in one account and region.
type Stacks struct {
	Environments map[string]cfn.Stack // by the names of environments
	Workloads    []Stack              // by environment and name
	Addons       []Stack              // that are nested: those of an environment have no Workload
	Pipelines    []string             // names
	Tasks        []string             // names of one-off tasks
}

// Sort finds the stacks of an application among all stacks of an account and region. Tags decide,
// since the names of applications, environments and workloads have hyphens in them.
func Sort(app string, all []cfn.Stack) Stacks {
	out := Stacks{Environments: map[string]cfn.Stack{}}
	for _, s := range all {
		if s.Tags[tagApplication] != app {
			continue
		}
		one := Stack{Stack: s, Environment: s.Tags[tagEnvironment], Workload: s.Tags[tagWorkload]}
		switch {
		case s.Parent != "": // tags of a stack go to those that are nested in it
			if one.Environment != "" {
				out.Addons = append(out.Addons, one)
			}
		case s.Tags[tagTask] != "" || strings.HasPrefix(s.Name, "task-") && one.Workload == "":
			out.Tasks = append(out.Tasks, s.Name)
		case s.Tags[tagPipeline] != "" || one.Environment == "" && strings.HasPrefix(s.Name, "pipeline-"):
			out.Pipelines = append(out.Pipelines, cmp.Or(s.Tags[tagPipeline], s.Name))
		case one.Environment == "": // what the application itself has
		case one.Workload != "":
			out.Workloads = append(out.Workloads, one)
		default:
			out.Environments[one.Environment] = s
		}
	}
	byName := func(a, b Stack) int {
		return cmp.Or(cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.Workload, b.Workload), cmp.Compare(a.Name, b.Name))
	}
	slices.SortFunc(out.Workloads, byName)
	slices.SortFunc(out.Addons, byName)
	slices.Sort(out.Pipelines)
	slices.Sort(out.Tasks)
	return out
}

// ApplicationsOf returns the names of the applications whose stacks are among those of an account and
// region.
func ApplicationsOf(all []cfn.Stack) []string {
	var names []string
	for _, s := range all {
		if name := s.Tags[tagApplication]; name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Empty says why a stack has nothing that runs; "" where it may have.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
func Empty(s cfn.Stack) string {
	why := ""
	switch s.Status {
	case "REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS":
		why = "it is not created yet"
	case "CREATE_FAILED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_FAILED", "ROLLBACK_COMPLETE":
		why = "it could not be created"
	case "DELETE_IN_PROGRESS", "DELETE_FAILED", "DELETE_COMPLETE":
		why = "it is being deleted"
	default:
		return ""
	}
	return fmt.Sprintf("its stack %s is %s: %s", s.Name, s.Status, why)
}
