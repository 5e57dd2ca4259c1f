package ecs

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/ecs/definition"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

type runTaskIn struct {
	Cluster, TaskDefinition                                                  string
	Count                                                                    *int
	Group, StartedBy                                                         string
	LaunchType                                                               *string
	CapacityProviderStrategy                                                 json.RawMessage
	PlatformVersion                                                          *string
	NetworkConfiguration                                                     *networkConfiguration
	Overrides, PlacementConstraints, PlacementStrategy, VolumeConfigurations json.RawMessage
	EnableExecuteCommand                                                     bool
	PropagateTags                                                            string
	Tags                                                                     []tag
	ClientToken                                                              string
}

type runTaskOut struct {
	Tasks    []taskRecord `json:"tasks"`
	Failures []failure    `json:"failures"`
}

// taskMembers is what RunTask was given for the answers about its tasks.
type taskMembers struct {
	Overrides json.RawMessage `json:",omitempty"`
	CPU       string          `json:",omitempty"` // of the overrides, like the next
	Memory    string          `json:",omitempty"`
	Exec      bool            `json:",omitempty"`
}

// runTask starts tasks that belong to no service.
func (c call) runTask(in runTaskIn) (runTaskOut, error) {
	out := runTaskOut{Tasks: []taskRecord{}, Failures: []failure{}}
	once, err := newToken("RunTask", in.ClientToken, in)
	if err != nil {
		return out, err
	}
	if arns, same, ok := c.recall(once); ok {
		return c.ranBefore(arns, same)
	}
	spec, count, err := c.runSpec(in)
	if err != nil {
		return out, err
	}
	if spec.LaunchType != definition.Fargate && len(c.engine.Instances(spec.ClusterARN)) == 0 {
		return out, invalidParameter("No Container Instances were found in your cluster.")
	}
	c.forgetTaskTags()
	var arns []string
	for range count {
		t, why := c.engine.RunTask(c.deps.Clock.Now(), spec)
		if why != nil {
			out.Failures = append(out.Failures, failuresOf(why)...)
			break
		}
		arns = append(arns, t.ARN)
		c.setTags(t.ARN, c.runTags(in, spec.Task.ARN))
		out.Tasks = append(out.Tasks, c.taskRecord(t, []string{includeTags}))
	}
	if len(arns) > 0 {
		c.remember(once, arns)
	}
	return out, nil
}

// ranBefore answers a call whose client token was used: with the tasks that it started,
// if it is the same call.
func (c call) ranBefore(arns []string, same bool) (runTaskOut, error) {
	out := runTaskOut{Tasks: []taskRecord{}, Failures: []failure{}}
	if !same {
		return out, &wire.Error{
			Code:    "ConflictException",
			Message: "The request conflicts with an earlier one of the same client token.",
			Fields:  map[string]any{"resourceIds": arns},
		}
	}
	for _, arn := range arns {
		if t := c.engine.Task(arn); t != nil {
			out.Tasks = append(out.Tasks, c.taskRecord(t, []string{includeTags}))
		}
	}
	return out, nil
}

func (c call) runSpec(in runTaskIn) (spec rollout.RunTaskSpec, count int, err error) {
	cluster, err := c.cluster(in.Cluster)
	if err != nil {
		return spec, 0, err
	}
	if count = 1; in.Count != nil {
		count = *in.Count
	}
	if count < 1 || count > 10 {
		return spec, 0, invalidParameter("Count must be between 1 and 10.")
	}
	if err := c.checkTags(in.Tags); err != nil {
		return spec, 0, err
	}
	if len(in.StartedBy) > 128 {
		return spec, 0, invalidParameter("startedBy can have up to 128 characters.")
	}
	d, err := c.launchable(in.TaskDefinition)
	if err != nil {
		return spec, 0, asInvalid(err)
	}
	like, err := c.runSettings(cluster, in, d.content())
	if err != nil {
		return spec, 0, err
	}
	members, err := c.completeOverrides(in.Overrides, d.content())
	members.Exec = in.EnableExecuteCommand
	if err != nil {
		return spec, 0, err
	}
	provider := ""
	if len(like.Capacity) > 0 {
		provider = lastPart(like.Capacity[0].CapacityProvider)
	}
	other, err := json.Marshal(members)
	if err != nil {
		return spec, 0, fmt.Errorf("encoding what a task was started with: %w", err)
	}
	return rollout.RunTaskSpec{
		ClusterARN: cluster.ARN, Task: d.taskSpec(), Group: in.Group, StartedBy: in.StartedBy,
		LaunchType: like.runsOn(), PlatformVersion: like.platform(), Other: other,
		Provider: provider, Places: c.places(like.Revision.Network),
	}, count, nil
}

// failuresOf says why a task found no place, as RunTask does.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
func failuresOf(why *rollout.Unplaced) []failure {
	if len(why.Lacking) == 0 {
		_, reason, _ := strings.Cut(why.Reason, "Reason: ")
		return []failure{{Reason: reason}}
	}
	var failures []failure
	for _, l := range why.Lacking {
		failures = append(failures, failure{ARN: l.ARN, Reason: "RESOURCE:" + l.What})
	}
	return failures
}

// runSettings puts a task under the rules that it shares with services.
func (c call) runSettings(cluster *cluster, in runTaskIn, content *definition.Task) (*settings, error) {
	s := &settings{ClusterARN: cluster.ARN}
	request := serviceRequest{
		LaunchType: in.LaunchType, PlatformVersion: in.PlatformVersion,
		CapacityProviderStrategy: in.CapacityProviderStrategy, NetworkConfiguration: in.NetworkConfiguration,
		PlacementConstraints: in.PlacementConstraints, PlacementStrategy: in.PlacementStrategy, VolumeConfigurations: in.VolumeConfigurations,
	}
	if err := s.apply(&request); err != nil {
		return nil, err
	}
	if err := s.defaultCapacity(cluster.Strategy); err != nil {
		return nil, err
	}
	for _, check := range []func(*settings, *definition.Task) error{c.checkCapacity, checkNetwork, checkPlacement, checkVolumesAtLaunch} {
		if err := check(s, content); err != nil {
			return nil, err
		}
	}
	return s, c.checkExec(in.EnableExecuteCommand, content, "The task couldn't be run")
}

type stopTaskIn struct {
	clusterIn
	Task, Reason string
}

type stopTaskOut struct {
	Task taskRecord `json:"task"`
}

func (c call) stopTask(cluster *cluster, in stopTaskIn) (stopTaskOut, error) {
	t, err := c.task(cluster, in.Task)
	if err != nil {
		return stopTaskOut{}, err
	}
	stopped, err := c.engine.StopTask(c.deps.Clock.Now(), t.ARN, in.Reason)
	if err != nil {
		return stopTaskOut{}, err
	}
	return stopTaskOut{Task: c.taskRecord(stopped, []string{includeTags})}, nil
}

type executeIn struct {
	clusterIn
	Task string
}

// executeCommand refuses what simulated containers cannot do, after what ECS refuses.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ExecuteCommand.html
func (c call) executeCommand(cluster *cluster, in executeIn) (struct{}, error) {
	t, err := c.task(cluster, in.Task)
	if err != nil {
		return struct{}{}, err
	}
	if _, members := c.startedWith(t); !members.Exec {
		return struct{}{}, invalidParameter("The execute command failed because execute command was not enabled when the task was run or the execute command agent isn’t running. Wait and try again or run a new task with execute command enabled and try again.")
	}
	return struct{}{}, unsupported("commands in containers, which are simulated")
}

// overrides is the TaskOverride structure. What a container is to do otherwise changes
// nothing: what a simulated one does comes from its image.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html
type overrides struct {
	Containers   []map[string]any `json:"containerOverrides"`
	Accelerators []map[string]any `json:"inferenceAcceleratorOverrides"`
	CPU          string           `json:"cpu,omitempty"`
	Memory       string           `json:"memory,omitempty"`
	Execution    string           `json:"executionRoleArn,omitempty"`
	Role         string           `json:"taskRoleArn,omitempty"`
	Ephemeral    any              `json:"ephemeralStorage,omitempty"`
}

// completeOverrides returns overrides as ECS answers them: with every container, in the
// definition's order, and roles as ARNs. The error is ECS's refusal.
func (r *region) completeOverrides(raw json.RawMessage, content *definition.Task) (taskMembers, error) {
	var in overrides
	if err := read(raw, &in); err != nil {
		return taskMembers{}, err
	}
	given := map[string]map[string]any{}
	for _, c := range in.Containers {
		name, _ := c["name"].(string)
		switch {
		case name == "":
			return taskMembers{}, invalidParameter("Override for container without a name is not allowed.")
		case content.Container(name) == nil:
			return taskMembers{}, invalidParameter("Override for container named %s is not a container in the TaskDefinition.", name)
		case given[name] != nil:
			return taskMembers{}, invalidParameter("There is more than one override for the container named %s.", name)
		}
		given[name] = c
	}
	if err := content.CheckSizes(in.CPU, in.Memory); err != nil {
		return taskMembers{}, err
	}
	out := in
	out.Containers = []map[string]any{}
	for i := range content.ContainerDefinitions {
		name := content.ContainerDefinitions[i].Name
		one := map[string]any{"name": name}
		if given[name] != nil {
			one = given[name]
		}
		out.Containers = append(out.Containers, one)
	}
	out.Accelerators = append([]map[string]any{}, in.Accelerators...)
	out.Execution, out.Role = r.fullRole(in.Execution), r.fullRole(in.Role)
	data, err := json.Marshal(out)
	if err != nil {
		return taskMembers{}, fmt.Errorf("encoding overrides: %w", err)
	}
	return taskMembers{Overrides: data, CPU: in.CPU, Memory: in.Memory}, nil
}

// overridesOf returns what a task was started with, or ECS's empty overrides.
func (r *region) overridesOf(content *definition.Task, members taskMembers) json.RawMessage {
	if len(members.Overrides) > 0 {
		return members.Overrides
	}
	none, err := r.completeOverrides(nil, content)
	if err != nil { // there is nothing to refuse
		return json.RawMessage("{}")
	}
	return none.Overrides
}
