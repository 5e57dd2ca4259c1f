package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/schemas"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
)

// ECS is the Elastic Container Service in one place. Names of clusters may be names or
// ARNs. It is safe for concurrent use.
type ECS struct {
	client *awsecs.Client
	cache  definitionCache
}

// servicesACall is DescribeServices' limit.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html
const servicesACall = 10

// servicesAnswer is what one call of DescribeServices answers.
type servicesAnswer struct {
	services []ecs.Service
	missing  []string
}

// DescribeServices returns the services of a cluster with those names, with their tags,
// and the names that it does not have. Deleted services are found for a while, with
// status INACTIVE.
func (e *ECS) DescribeServices(ctx context.Context, cluster string, names []string) (services []ecs.Service, missing []string, err error) {
	answers, err := inBatches(ctx, names, servicesACall, func(ctx context.Context, names []string) ([]servicesAnswer, error) {
		answer, err := describeServices(ctx, e.client, cluster, names, types.ServiceFieldTags)
		if isShortARN(err) {
			answer, err = describeServices(ctx, e.client, cluster, names)
		}
		return []servicesAnswer{answer}, err
	})
	for _, a := range answers {
		services, missing = append(services, a.services...), append(missing, a.missing...)
	}
	return services, missing, err
}

// servicesAPage is ListServices' limit.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServices.html
const servicesAPage = 100

// ListServices returns the names of the services of a cluster, sorted.
func (e *ECS) ListServices(ctx context.Context, cluster string) ([]string, error) {
	var names []string
	in := &awsecs.ListServicesInput{Cluster: aws.String(cluster), MaxResults: aws.Int32(servicesAPage)}
	for pages := awsecs.NewListServicesPaginator(e.client, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, translate(err)
		}
		for _, arn := range page.ServiceArns {
			names = append(names, ecs.LastPart(arn))
		}
	}
	slices.Sort(names)
	return names, nil
}

func describeServices(ctx context.Context, client *awsecs.Client, cluster string, names []string, include ...types.ServiceField) (servicesAnswer, error) {
	out, err := client.DescribeServices(ctx, &awsecs.DescribeServicesInput{Cluster: aws.String(cluster), Services: names, Include: include}, keepBody)
	if err != nil {
		return servicesAnswer{}, err
	}
	var answer servicesAnswer
	for _, f := range out.Failures {
		if aws.ToString(f.Reason) != "MISSING" {
			return servicesAnswer{}, tagboat.Errorf(tagboat.Internal, "ecs.DescribeServices: %s: %s %s", aws.ToString(f.Arn), aws.ToString(f.Reason), aws.ToString(f.Detail))
		}
		answer.missing = append(answer.missing, ecs.LastPart(aws.ToString(f.Arn)))
	}
	var records struct {
		Services []json.RawMessage `json:"services"`
	}
	if err := bodyOf(out.ResultMetadata, &records); err != nil {
		return servicesAnswer{}, err
	}
	if len(records.Services) != len(out.Services) {
		return servicesAnswer{}, errors.New("ecs.DescribeServices: AWS's answer has records that could not be read")
	}
	for i, s := range out.Services {
		answer.services = append(answer.services, serviceOf(s, records.Services[i]))
	}
	return answer, nil
}

// isShortARN reports whether a service is too old to have tags. Such services keep the
// short form of their ARNs until they are made anew.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html
func isShortARN(err error) bool {
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "InvalidParameterException" {
		return false
	}
	message := strings.ToLower(strings.ReplaceAll(api.ErrorMessage(), " ", ""))
	return strings.Contains(message, "longarn")
}

// CreateService creates a service from AWS's JSON input. A member that AWS's model does
// not have is an error of kind Usage, and nothing is created. A call whose answer got lost is
// not made again: its error wraps ecs.ErrAmbiguous.
func (e *ECS) CreateService(ctx context.Context, input json.RawMessage) (ecs.Service, error) {
	body, err := sendBody(schemas.CreateServiceRequest, input)
	if err != nil {
		return ecs.Service{}, err
	}
	out, err := e.client.CreateService(ctx, &awsecs.CreateServiceInput{}, body, keepBody, sentOnce)
	if err != nil {
		return ecs.Service{}, afterOnce(err)
	}
	return oneService(out.Service, out.ResultMetadata)
}

// UpdateService is CreateService for a service that exists. Made again, it would start
// another deployment, or take back what somebody else changed meanwhile.
func (e *ECS) UpdateService(ctx context.Context, input json.RawMessage) (ecs.Service, error) {
	body, err := sendBody(schemas.UpdateServiceRequest, input)
	if err != nil {
		return ecs.Service{}, err
	}
	out, err := e.client.UpdateService(ctx, &awsecs.UpdateServiceInput{}, body, keepBody, sentOnce)
	if err != nil {
		return ecs.Service{}, afterOnce(err)
	}
	return oneService(out.Service, out.ResultMetadata)
}

// DescribeExpressService returns what the tasks of an Express Mode service run with, in ECS's order.
// The error wraps ecs.ErrNotFound where there is no such service.
func (e *ECS) DescribeExpressService(ctx context.Context, arn string) ([]ecs.ExpressConfiguration, error) {
	out, err := e.client.DescribeExpressGatewayService(ctx, &awsecs.DescribeExpressGatewayServiceInput{ServiceArn: aws.String(arn)}, keepBody)
	if err != nil {
		return nil, translate(err)
	}
	var body struct {
		Service struct {
			Active []struct {
				TaskDefinition string          `json:"taskDefinitionArn"`
				Container      json.RawMessage `json:"primaryContainer"`
			} `json:"activeConfigurations"`
		} `json:"service"`
	}
	if err := bodyOf(out.ResultMetadata, &body); err != nil {
		return nil, err
	}
	var all []ecs.ExpressConfiguration
	for _, c := range body.Service.Active {
		all = append(all, ecs.ExpressConfiguration{TaskDefinition: c.TaskDefinition, Container: c.Container})
	}
	return all, nil
}

// UpdateExpressService changes an Express Mode service by AWS's JSON input, and returns the ARN of
// the task definition that it gets; "" where AWS does not say. Like UpdateService, it is sent once.
func (e *ECS) UpdateExpressService(ctx context.Context, input json.RawMessage) (definition string, err error) {
	body, err := sendBody(schemas.UpdateExpressGatewayServiceRequest, input)
	if err != nil {
		return "", err
	}
	out, err := e.client.UpdateExpressGatewayService(ctx, &awsecs.UpdateExpressGatewayServiceInput{}, body, sentOnce)
	if err != nil {
		return "", afterOnce(err)
	}
	if out.Service == nil || out.Service.TargetConfiguration == nil {
		return "", nil
	}
	return aws.ToString(out.Service.TargetConfiguration.TaskDefinitionArn), nil
}

func oneService(s *types.Service, metadata middleware.Metadata) (ecs.Service, error) {
	var record struct {
		Service json.RawMessage `json:"service"`
	}
	if err := bodyOf(metadata, &record); err != nil {
		return ecs.Service{}, fmt.Errorf("%w: %w", ecs.ErrAmbiguous, err)
	}
	if s == nil {
		return ecs.Service{}, fmt.Errorf("%w: AWS's answer has no service", ecs.ErrAmbiguous)
	}
	return serviceOf(*s, record.Service), nil
}

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
		Manager:            string(s.ResourceManagementType),
		SchedulingStrategy: string(s.SchedulingStrategy),
		MinHealthyPercent:  defaultMinPercent,
		MaxPercent:         defaultMaxPercent,
		HealthCheckGrace:   time.Duration(aws.ToInt32(s.HealthCheckGracePeriodSeconds)) * time.Second,
		CreatedAt:          aws.ToTime(s.CreatedAt),
		Tags:               tagsOf(s.Tags),
		Record:             record,
		LoadBalancers: each(s.LoadBalancers, func(l types.LoadBalancer) ecs.LoadBalancer {
			return ecs.LoadBalancer{TargetGroup: aws.ToString(l.TargetGroupArn), ContainerName: aws.ToString(l.ContainerName), ContainerPort: int(aws.ToInt32(l.ContainerPort))}
		}),
		Deployments: each(s.Deployments, deploymentOf),
		Events: each(s.Events, func(e types.ServiceEvent) ecs.Event {
			return ecs.Event{ID: aws.ToString(e.Id), At: aws.ToTime(e.CreatedAt), Message: aws.ToString(e.Message)}
		}),
	}
	if s.DeploymentController != nil {
		service.Controller = string(s.DeploymentController.Type)
	}
	if c := s.DeploymentConfiguration; c != nil {
		configure(&service, *c)
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

// TagResource adds tags to a resource of ECS, or changes their values.
func (e *ECS) TagResource(ctx context.Context, arn string, tags map[string]string) error {
	in := &awsecs.TagResourceInput{ResourceArn: aws.String(arn)}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	_, err := e.client.TagResource(ctx, in)
	return translate(err)
}

// UntagResource removes tags from a resource of ECS.
func (e *ECS) UntagResource(ctx context.Context, arn string, keys []string) error {
	_, err := e.client.UntagResource(ctx, &awsecs.UntagResourceInput{ResourceArn: aws.String(arn), TagKeys: keys})
	return translate(err)
}
