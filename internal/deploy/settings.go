package deploy

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/tagboat/tagboat/internal/deploy/explain"
	"github.com/tagboat/tagboat/internal/ecs"
)

// serviceRecord is what of a service's record makes causes plainer.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html
type serviceRecord struct {
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
		Breaker struct {
			Enable   bool `json:"enable"`
			Rollback bool `json:"rollback"`
		} `json:"deploymentCircuitBreaker"`
	} `json:"deploymentConfiguration"`
	Current string `json:"currentServiceDeployment"` // ARN
}

// rollsBack tells what makes ECS itself roll a deployment of the service back: "" where
// nothing does.
func (r serviceRecord) rollsBack() string {
	switch {
	case r.Deployment.Breaker.Enable && r.Deployment.Breaker.Rollback:
		return "its circuit breaker"
	case r.Deployment.Alarms.Enable && r.Deployment.Alarms.Rollback:
		return "the alarms of the service"
	default:
		return ""
	}
}

// staged tells whether deployments of the service do more than to roll.
func (r serviceRecord) staged() bool {
	rolling := r.Deployment.Strategy == "" || r.Deployment.Strategy == "ROLLING"
	return !rolling || len(r.Deployment.Hooks) > 0 || r.Deployment.Alarms.Enable
}

func readServiceRecord(s ecs.Service) serviceRecord {
	var r serviceRecord
	// AWS answered the record: what of it cannot be read only makes causes less plain.
	_ = json.Unmarshal(s.Record, &r)
	return r
}

// settings returns what of the service and of the deployment's task definition makes
// causes plainer.
func (g *gatherer) settings(ctx context.Context, s ecs.Service, d ecs.Deployment) explain.Settings {
	r := readServiceRecord(s)
	settings := explain.Settings{
		Desired: s.Desired, Running: s.Running, MinHealthyPercent: s.MinHealthyPercent, MaxPercent: s.MaxPercent,
		Replacing: replacing(s, d), Grace: s.HealthCheckGrace, LoadBalanced: len(s.LoadBalancers) > 0,
		Subnets: r.Network.VPC.Subnets, PublicIP: r.Network.VPC.PublicIP == "ENABLED",
		Memory: map[string]string{},
	}
	if r.Deployment.Alarms.Enable {
		settings.Alarms = g.alarms(ctx, r.Deployment.Alarms.Names)
	}
	described, err := g.client.ECS.DescribeTaskDefinition(ctx, d.TaskDefinition)
	if err != nil {
		g.errs = append(g.errs, err)
		return settings
	}
	definition, err := readRecord(described.Record)
	if err != nil {
		g.errs = append(g.errs, err)
	}
	settings.TaskMemory = definition.Memory
	for _, c := range definition.Containers {
		if c.Memory > 0 {
			settings.Memory[c.Name] = strconv.Itoa(c.Memory)
		}
	}
	return settings
}

// replacing tells whether tasks of older deployments have to make room for d, which has
// not brought up its own yet.
func replacing(s ecs.Service, d ecs.Deployment) bool {
	if s.SchedulingStrategy == ecs.Daemon || d.Running >= s.Desired {
		return false
	}
	for _, other := range s.Deployments {
		if other.ID != d.ID && other.Running > 0 {
			return true
		}
	}
	return false
}
