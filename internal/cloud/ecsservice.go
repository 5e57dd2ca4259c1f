package cloud

import (
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/tagboat/tagboat/internal/ecs"
)

// What ECS assumes where a service says nothing.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
const (
	defaultMinPercent = 100
	defaultMaxPercent = 200
)

func serviceOf(s types.Service, record json.RawMessage) ecs.Service {
	service := ecs.Service{
		ARN:                aws.ToString(s.ServiceArn),
		Name:               aws.ToString(s.ServiceName),
		ClusterARN:         aws.ToString(s.ClusterArn),
		Status:             aws.ToString(s.Status),
		TaskDefinition:     aws.ToString(s.TaskDefinition),
		Desired:            int(s.DesiredCount),
		Running:            int(s.RunningCount),
		Pending:            int(s.PendingCount),
		Controller:         "ECS",
		SchedulingStrategy: string(s.SchedulingStrategy),
		MinHealthyPercent:  defaultMinPercent,
		MaxPercent:         defaultMaxPercent,
		HealthCheckGrace:   time.Duration(aws.ToInt32(s.HealthCheckGracePeriodSeconds)) * time.Second,
		CreatedAt:          aws.ToTime(s.CreatedAt),
		Tags:               tagsOf(s.Tags),
		Record:             record,
	}
	if s.DeploymentController != nil {
		service.Controller = string(s.DeploymentController.Type)
	}
	if c := s.DeploymentConfiguration; c != nil {
		configure(&service, *c)
	}
	for _, l := range s.LoadBalancers {
		service.LoadBalancers = append(service.LoadBalancers, ecs.LoadBalancer{
			TargetGroup:   aws.ToString(l.TargetGroupArn),
			ContainerName: aws.ToString(l.ContainerName),
			ContainerPort: int(aws.ToInt32(l.ContainerPort)),
		})
	}
	for _, d := range s.Deployments {
		service.Deployments = append(service.Deployments, deploymentOf(d))
	}
	for _, e := range s.Events {
		service.Events = append(service.Events, ecs.Event{ID: aws.ToString(e.Id), At: aws.ToTime(e.CreatedAt), Message: aws.ToString(e.Message)})
	}
	return service
}

func configure(s *ecs.Service, c types.DeploymentConfiguration) {
	if c.MinimumHealthyPercent != nil {
		s.MinHealthyPercent = int(*c.MinimumHealthyPercent)
	}
	if c.MaximumPercent != nil {
		s.MaxPercent = int(*c.MaximumPercent)
	}
	if b := c.DeploymentCircuitBreaker; b != nil {
		s.BreakerEnabled, s.BreakerRollback = b.Enable, b.Rollback
	}
}

func deploymentOf(d types.Deployment) ecs.Deployment {
	return ecs.Deployment{
		ID:             aws.ToString(d.Id),
		Status:         aws.ToString(d.Status),
		TaskDefinition: aws.ToString(d.TaskDefinition),
		RolloutState:   string(d.RolloutState),
		RolloutReason:  aws.ToString(d.RolloutStateReason),
		Desired:        int(d.DesiredCount),
		Running:        int(d.RunningCount),
		Pending:        int(d.PendingCount),
		FailedTasks:    int(d.FailedTasks),
		CreatedAt:      aws.ToTime(d.CreatedAt),
		UpdatedAt:      aws.ToTime(d.UpdatedAt),
	}
}

func tagsOf(tags []types.Tag) map[string]string {
	if tags == nil {
		return nil
	}
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return m
}
