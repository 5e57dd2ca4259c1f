package ecs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// complete returns a request as ECS stores it: without tags and nulls, sizes as bare
// numbers, roles as ARNs, and with the members that ECS adds where they were left out. Clients meet
// these in every answer and must not take them for changes.
func (r *region) complete(in json.RawMessage, sent *registration) (json.RawMessage, error) {
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
			document[name] = r.fullRole(role)
		}
	}
	setDefault(document, "volumes", []any{})
	setDefault(document, "placementConstraints", []any{})
	containers, _ := document["containerDefinitions"].([]any)
	for _, one := range containers {
		if c, ok := one.(map[string]any); ok {
			completeContainer(c, sent.NetworkMode)
		}
	}
	return json.Marshal(document)
}

func completeContainer(c map[string]any, networkMode string) {
	setDefault(c, "cpu", 0)
	setDefault(c, "essential", true)
	for _, name := range []string{"environment", "mountPoints", "portMappings", "systemControls", "volumesFrom"} {
		setDefault(c, name, []any{})
	}
	ports, _ := c["portMappings"].([]any)
	for _, one := range ports {
		port, ok := one.(map[string]any)
		if !ok {
			continue
		}
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
