package definition

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Complete returns a request as ECS stores it: without tags and nulls, sizes as bare
// numbers, roles as ARNs, variables and secrets in the order of their names, and with the
// members that ECS adds where they were left out. Clients meet these in every answer and
// must not take them for changes.
func (t *Task) Complete(in json.RawMessage, roleARN func(string) string) (json.RawMessage, error) {
	decoder := json.NewDecoder(bytes.NewReader(in))
	decoder.UseNumber()
	var document map[string]any
	if err := decoder.Decode(&document); err != nil {
		return nil, fmt.Errorf("decoding a task definition: %w", err)
	}
	dropNulls(document)
	delete(document, "tags")
	for name, u := range map[string]unit{"cpu": vcpu, "memory": gigabyte} {
		if text, ok := document[name].(string); ok && text != "" {
			document[name] = strconv.Itoa(taskUnits(text, u))
		}
	}
	for _, name := range []string{"executionRoleArn", "taskRoleArn"} {
		if role, ok := document[name].(string); ok {
			document[name] = roleARN(role)
		}
	}
	setDefault(document, "volumes", []any{})
	for _, v := range objectsOf(document["volumes"]) {
		completeVolume(v)
	}
	setDefault(document, "placementConstraints", []any{})
	for _, c := range objectsOf(document["containerDefinitions"]) {
		completeContainer(c, t.NetworkMode)
	}
	return json.Marshal(document)
}

func objectsOf(v any) []map[string]any {
	list, _ := v.([]any)
	var objects []map[string]any
	for _, one := range list {
		if object, ok := one.(map[string]any); ok {
			objects = append(objects, object)
		}
	}
	return objects
}

// completeVolume adds what ECS does to a volume: its kind, or where in a file system it
// begins (cloudformation-coverage-roadmap#1283).
func completeVolume(v map[string]any) {
	if len(v) == 1 {
		v["host"] = map[string]any{}
	}
	if efs, ok := v["efsVolumeConfiguration"].(map[string]any); ok {
		setDefault(efs, "rootDirectory", "/")
	}
}

func completeContainer(c map[string]any, networkMode string) {
	setDefault(c, "cpu", 0)
	setDefault(c, "essential", true)
	for _, name := range []string{"environment", "mountPoints", "portMappings", "systemControls", "volumesFrom"} {
		setDefault(c, name, []any{})
	}
	completeVariables(c)
	if c["firelensConfiguration"] != nil {
		setDefault(c, "user", "0") // terraform-provider-aws#41394
	}
	for _, port := range objectsOf(c["portMappings"]) {
		setDefault(port, "protocol", "tcp")
		if _, ranged := port["containerPortRange"]; ranged {
			continue
		}
		if networkMode == "awsvpc" || networkMode == "host" {
			setDefault(port, "hostPort", port["containerPort"])
		}
		setDefault(port, "hostPort", 0)
	}
	if check, ok := c["healthCheck"].(map[string]any); ok {
		setDefault(check, "interval", 30)
		setDefault(check, "timeout", 5)
		setDefault(check, "retries", 3)
	}
}

// completeVariables drops variables without a value (terraform-provider-aws#39533,
// deploy-task-definition#224), and answers variables and secrets in an order of its own
// (terraform-provider-aws#11526).
func completeVariables(c map[string]any) {
	byName := func(a, b any) int { return strings.Compare(nameOf(a), nameOf(b)) }
	if variables, ok := c["environment"].([]any); ok {
		variables = slices.DeleteFunc(variables, func(v any) bool {
			object, isObject := v.(map[string]any)
			return isObject && object["value"] == nil
		})
		slices.SortStableFunc(variables, byName)
		c["environment"] = variables
	}
	if secrets, ok := c["secrets"].([]any); ok {
		slices.SortStableFunc(secrets, byName)
	}
}

func nameOf(v any) string {
	object, _ := v.(map[string]any)
	name, _ := object["name"].(string)
	return name
}

func setDefault(object map[string]any, name string, value any) {
	if _, ok := object[name]; !ok {
		object[name] = value
	}
}

// dropNulls removes members that are null: to ECS they were not sent.
func dropNulls(value any) {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			if member == nil {
				delete(v, name)
				continue
			}
			dropNulls(member)
		}
	case []any:
		for _, item := range v {
			dropNulls(item)
		}
	}
}
