package deploy

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/tagboat/tagboat/internal/ecs"
)

// record is what of a task definition is looked at besides comparing it.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
type record struct {
	Family     string            `json:"family"`
	Network    string            `json:"networkMode"` // "" means bridge
	Memory     string            `json:"memory"`
	Containers []containerRecord `json:"containerDefinitions"`
}

type containerRecord struct {
	Name             string         `json:"name"`
	Image            string         `json:"image"`
	Memory           int            `json:"memory"`    // hard limit in MiB; 0 where there is none
	Essential        *bool          `json:"essential"` // nil means that it is
	Secrets          []secretRecord `json:"secrets"`
	LogConfiguration struct {
		Driver  string            `json:"logDriver"`
		Options map[string]string `json:"options"`
		Secrets []secretRecord    `json:"secretOptions"`
	} `json:"logConfiguration"`
}

type secretRecord struct {
	Name string `json:"name"`
	From string `json:"valueFrom"`
}

// readRecord reads the members that record has; others are ignored.
func readRecord(data json.RawMessage) (record, error) {
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return record{}, fmt.Errorf("reading a task definition: %w", err)
	}
	return r, nil
}

// logGroup returns the log group that the container writes to with the awslogs driver,
// and whether the driver creates it.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
func (c containerRecord) logGroup() (group string, created bool) {
	if c.LogConfiguration.Driver != "awslogs" {
		return "", false
	}
	created, _ = strconv.ParseBool(c.LogConfiguration.Options["awslogs-create-group"])
	return c.LogConfiguration.Options["awslogs-group"], created
}

// logStream returns the log stream of the container in a task, or "" where the
// configuration does not tell: prefix/container/task-id.
func (c containerRecord) logStream(taskID string) string {
	prefix := c.LogConfiguration.Options["awslogs-stream-prefix"]
	if prefix == "" {
		return ""
	}
	return prefix + "/" + c.Name + "/" + taskID
}

// registeredBy returns the ARN of who registered a revision, or "".
func registeredBy(d ecs.TaskDefinition) string {
	var r struct {
		RegisteredBy string `json:"registeredBy"`
	}
	_ = json.Unmarshal(d.Record, &r) // AWS answered it
	return r.RegisteredBy
}
