package ecs

import (
	"encoding/json"
	"fmt"

	"github.com/tagboat/tagboat/internal/sandbox/ecs/definition"
)

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
// definition's order, and roles as ARNs. It tells what ECS refuses of them.
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
