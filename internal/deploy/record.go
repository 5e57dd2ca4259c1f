package deploy

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/tagboat/tagboat/internal/ecs"
)

// Contents is what of a task definition is looked at besides comparing it.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
type Contents struct {
	Family     string      `json:"family"`
	Network    string      `json:"networkMode"` // "" means bridge
	Memory     string      `json:"memory"`
	Containers []Container `json:"containerDefinitions"`
}

// Container is what of a container is looked at besides comparing it.
type Container struct {
	Name             string      `json:"name"`
	Image            string      `json:"image"`
	Memory           int         `json:"memory"`    // hard limit in MiB; 0 where there is none
	Essential        *bool       `json:"essential"` // nil means that it is
	Secrets          []SecretRef `json:"secrets"`
	LogConfiguration struct {
		Driver  string            `json:"logDriver"`
		Options map[string]string `json:"options"`
		Secrets []SecretRef       `json:"secretOptions"`
	} `json:"logConfiguration"`
}

// SecretRef is where a secret of a container, or of its log driver, comes from.
type SecretRef struct {
	Name string `json:"name"`
	From string `json:"valueFrom"`
}

// ContentsOf reads a revision and what is in it.
func ContentsOf(ctx context.Context, from Definitions, arn string) (Contents, error) {
	described, err := from.DescribeTaskDefinition(ctx, arn)
	if err != nil {
		return Contents{}, err
	}
	return ReadContents(described.Record)
}

// ReadContents reads the members that record has; others are ignored.
func ReadContents(data json.RawMessage) (Contents, error) {
	var r Contents
	if err := json.Unmarshal(data, &r); err != nil {
		return Contents{}, fmt.Errorf("reading a task definition: %w", err)
	}
	return r, nil
}

// LogGroup returns the log group that the container writes to with the awslogs driver,
// and whether the driver creates it.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
func (c Container) LogGroup() (group string, created bool) {
	if c.LogConfiguration.Driver != "awslogs" {
		return "", false
	}
	created, _ = strconv.ParseBool(c.LogConfiguration.Options["awslogs-create-group"])
	return c.LogConfiguration.Options["awslogs-group"], created
}

// LogStream returns the log stream of the container in a task, or "" where the
// configuration does not tell: prefix/container/task-id.
func (c Container) LogStream(taskID string) string {
	prefix := c.LogConfiguration.Options["awslogs-stream-prefix"]
	if prefix == "" {
		return ""
	}
	return prefix + "/" + c.Name + "/" + taskID
}

// ClockAccuracy is how far the times may differ that AWS has of two things that happened at
// once.
const ClockAccuracy = 2 * time.Second

// Registration returns the ARN of who registered a revision, and when; "" and zero where AWS
// does not say.
func Registration(d ecs.TaskDefinition) (by string, at time.Time) {
	var r struct {
		RegisteredBy string  `json:"registeredBy"`
		RegisteredAt float64 `json:"registeredAt"` // in seconds since 1970
	}
	_ = json.Unmarshal(d.Record, &r) // AWS answered it
	if r.RegisteredAt > 0 {
		at = time.UnixMilli(int64(r.RegisteredAt * 1000))
	}
	return r.RegisteredBy, at
}

// ServiceSettings is what of a service's record makes causes plainer.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html
type ServiceSettings struct {
	Network struct {
		VPC struct {
			Subnets  []string `json:"subnets"`
			PublicIP string   `json:"assignPublicIp"`
		} `json:"awsvpcConfiguration"`
	} `json:"networkConfiguration"`
	Deployment struct {
		Strategy string            `json:"strategy"`
		Hooks    []json.RawMessage `json:"lifecycleHooks"`
		Alarms   struct {
			Names    []string `json:"alarmNames"`
			Enable   bool     `json:"enable"`
			Rollback bool     `json:"rollback"`
		} `json:"alarms"`
		Breaker Breaker `json:"deploymentCircuitBreaker"`
	} `json:"deploymentConfiguration"`
	Current string `json:"currentServiceDeployment"` // ARN
}

// RollsBack tells what makes ECS itself roll a deployment of the service back: "" where
// nothing does.
func (r ServiceSettings) RollsBack() string {
	switch {
	case r.Deployment.Breaker.Enable && r.Deployment.Breaker.Rollback:
		return "its circuit breaker"
	case r.Deployment.Alarms.Enable && r.Deployment.Alarms.Rollback:
		return "the alarms of the service"
	default:
		return ""
	}
}

// Staged reports whether deployments of the service do more than to roll.
func (r ServiceSettings) Staged() bool {
	rolling := r.Deployment.Strategy == "" || r.Deployment.Strategy == "ROLLING"
	return !rolling || len(r.Deployment.Hooks) > 0 || r.Deployment.Alarms.Enable
}

// SettingsOf reads the settings of a service. What cannot be read of them is zero.
func SettingsOf(s ecs.Service) ServiceSettings {
	var r ServiceSettings
	// AWS answered the record: what of it cannot be read only makes causes less plain.
	_ = json.Unmarshal(s.Record, &r)
	return r
}

// UnderWay returns ECS's own record of the deployment of a service that is in progress; the zero value
// where none is.
func UnderWay(ctx context.Context, c *Client, s ecs.Service) (ecs.ServiceDeployment, error) {
	current := SettingsOf(s).Current
	if current == "" {
		return ecs.ServiceDeployment{}, nil
	}
	records, err := c.Deployments.DescribeServiceDeployments(ctx, []string{current})
	if err != nil || len(records) == 0 {
		return ecs.ServiceDeployment{}, err
	}
	return records[0], nil
}

// Breaker is when the circuit breaker of a service trips, whether it is on or not.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
type Breaker struct {
	Enable             bool  `json:"enable"`
	Rollback           bool  `json:"rollback"`
	ResetOnHealthyTask *bool `json:"resetOnHealthyTask"` // nil means true
	Threshold          struct {
		Type  string `json:"type"` // BOUNDED_PERCENT, UNBOUNDED_PERCENT or COUNT
		Value int    `json:"value"`
	} `json:"thresholdConfiguration"`
}

// Counts reports whether the breaker still counts failures of a deployment: a task that runs
// well ends that, unless the service says otherwise.
func (b Breaker) Counts(d ecs.Deployment) bool {
	return d.Running == 0 || b.ResetOnHealthyTask != nil && !*b.ResetOnHealthyTask
}

// Failures returns how many failures trip the breaker.
func (b Breaker) Failures(desired int) int {
	percent := func(value int) int { return max(1, (desired*value+99)/100) }
	switch value := b.Threshold.Value; {
	case b.Threshold.Type == "COUNT" && value > 0:
		return value
	case b.Threshold.Type == "UNBOUNDED_PERCENT" && value > 0:
		return percent(value)
	case value > 0:
		return min(max(percent(value), 3), 200)
	default:
		return min(max(percent(50), 3), 200)
	}
}
