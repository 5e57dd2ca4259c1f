package ecs

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/tagboat/tagboat/internal/sandbox/rollout"
)

// clusterRecord is the Cluster structure of an answer.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Cluster.html
type clusterRecord struct {
	ARN                string          `json:"clusterArn"`
	Name               string          `json:"clusterName"`
	Status             string          `json:"status"`
	ContainerInstances int             `json:"registeredContainerInstancesCount"`
	RunningTasks       int             `json:"runningTasksCount"`
	PendingTasks       int             `json:"pendingTasksCount"`
	ActiveServices     int             `json:"activeServicesCount"`
	Statistics         []nameValue     `json:"statistics"`
	Tags               []tag           `json:"tags"`
	Settings           json.RawMessage `json:"settings"`
	Configuration      json.RawMessage `json:"configuration,omitempty"`
	CapacityProviders  []string        `json:"capacityProviders"`
	Strategy           json.RawMessage `json:"defaultCapacityProviderStrategy"`
	ServiceConnect     json.RawMessage `json:"serviceConnectDefaults,omitempty"`
}

type nameValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func (r *region) clusterRecord(c *cluster, include []string) clusterRecord {
	record := clusterRecord{
		ARN: c.ARN, Name: c.Name, Status: c.Status,
		Statistics:        []nameValue{},
		Tags:              append([]tag{}, r.tagsOf(c.ARN, include)...),
		Settings:          orEmptyList(nil),
		CapacityProviders: append([]string{}, c.CapacityProviders...),
		Strategy:          orEmptyList(c.Strategy),
		ServiceConnect:    c.ServiceConnect,
	}
	record.ContainerInstances = len(r.engine.Instances(c.ARN))
	for _, s := range r.engine.Services(c.ARN) {
		if s.Status == active {
			record.ActiveServices++
		}
	}
	for _, t := range r.engine.Tasks(rollout.TaskFilter{ClusterARN: c.ARN}) {
		switch t.LastStatus {
		case "RUNNING":
			record.RunningTasks++
		case "PROVISIONING", "PENDING", "ACTIVATING":
			record.PendingTasks++
		}
	}
	if slices.Contains(include, "SETTINGS") {
		record.Settings = orEmptyList(c.Settings)
	}
	if slices.Contains(include, "CONFIGURATIONS") {
		record.Configuration = c.Configuration
	}
	if slices.Contains(include, "STATISTICS") {
		record.Statistics = []nameValue{
			{"runningFargateTasksCount", strconv.Itoa(record.RunningTasks)},
			{"pendingFargateTasksCount", strconv.Itoa(record.PendingTasks)},
			{"activeServiceCount", strconv.Itoa(record.ActiveServices)},
		}
	}
	return record
}

// orEmptyList returns the list that a request had, or an empty one as ECS answers it.
func orEmptyList(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || string(raw) == "null" {
		return json.RawMessage("[]")
	}
	return raw
}
