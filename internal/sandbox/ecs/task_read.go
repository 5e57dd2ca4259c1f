package ecs

import (
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/rollout"
)

const (
	desiredRunning = "RUNNING"
	desiredStopped = "STOPPED"
)

type listTasksIn struct {
	paging
	Cluster           string
	ServiceName       string
	Family            string
	StartedBy         string
	DesiredStatus     string
	LaunchType        string
	ContainerInstance string
}

type listTasksOut struct {
	ARNs      []string `json:"taskArns"`
	NextToken string   `json:"nextToken,omitempty"`
}

// listTasks answers tasks that are to run unless asked for stopped ones.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html
func (c call) listTasks(in listTasksIn) (listTasksOut, error) {
	filter, err := c.taskFilter(in)
	if err != nil {
		return listTasksOut{}, err
	}
	arns := []string{}
	for _, t := range c.engine.Tasks(filter) {
		if in.ContainerInstance == "" || t.Instance != "" && lastPart(t.Instance) == lastPart(in.ContainerInstance) {
			arns = append(arns, t.ARN)
		}
	}
	slices.Sort(arns)
	arns, next, err := page(in.paging, list[string]{items: arns, key: itself}, 100)
	return listTasksOut{ARNs: arns, NextToken: next}, err
}

func (c call) taskFilter(in listTasksIn) (rollout.TaskFilter, error) {
	cluster, err := c.cluster(in.Cluster)
	if err != nil {
		return rollout.TaskFilter{}, err
	}
	filter := rollout.TaskFilter{
		ClusterARN: cluster.ARN, Family: in.Family, StartedBy: in.StartedBy,
		LaunchType: in.LaunchType, DesiredStatus: in.DesiredStatus,
	}
	switch in.DesiredStatus {
	case "":
		filter.DesiredStatus = desiredRunning
	case desiredRunning, desiredStopped, "PENDING": // ECS never sets PENDING, so it finds nothing
	default:
		return filter, invalidParameter("desired status should be one of [RUNNING,PENDING,STOPPED]")
	}
	if in.StartedBy != "" && (in.ServiceName != "" || in.Family != "" || in.ContainerInstance != "" || in.LaunchType != "") {
		return filter, invalidParameter("When you specify startedBy as the filter, it must be the only filter that you use.")
	}
	if in.ServiceName != "" {
		s := c.service(cluster, in.ServiceName)
		if s == nil {
			return filter, serviceNotFound()
		}
		filter.ServiceARN = s.Spec.ARN
	}
	return filter, nil
}

type describeTasksIn struct {
	Cluster string
	Tasks   []string
	Include []string
}

type describeTasksOut struct {
	Tasks    []taskRecord `json:"tasks"`
	Failures []failure    `json:"failures"`
}

func (c call) describeTasks(in describeTasksIn) (describeTasksOut, error) {
	out := describeTasksOut{Tasks: []taskRecord{}, Failures: []failure{}}
	cluster, err := c.cluster(in.Cluster)
	if err != nil {
		return out, err
	}
	if len(in.Tasks) == 0 {
		return out, invalidParameter("Tasks cannot be empty.")
	}
	if len(in.Tasks) > 100 {
		return out, invalidParameter("Tasks cannot have more than 100 elements.")
	}
	for _, id := range in.Tasks {
		if err := checkTaskID(id); err != nil {
			return out, err
		}
	}
	for _, id := range in.Tasks {
		arn := c.taskARN(cluster, id)
		if t := c.engine.Task(arn); t != nil && t.ClusterARN == cluster.ARN {
			out.Tasks = append(out.Tasks, c.taskRecord(t, in.Include))
			continue
		}
		out.Failures = append(out.Failures, missing(arn))
	}
	return out, nil
}

// taskARN returns the ARN of a task that is named by it or by its id.
func (r *region) taskARN(cluster *cluster, id string) string {
	if strings.HasPrefix(id, "arn:") {
		return id
	}
	return r.scope.ARN("ecs", "task/"+cluster.Name+"/"+id)
}

// checkTaskID tells an id, or an ARN that ends in one, from what is neither: ids have 32
// hex digits, or were UUIDs once.
func checkTaskID(id string) error {
	if n := len(lastPart(id)); n != 32 && n != 36 {
		return invalidParameter("taskId length should be one of [32,36]")
	}
	return nil
}
