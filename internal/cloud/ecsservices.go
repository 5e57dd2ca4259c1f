package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/schemas"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
)

// servicesACall is DescribeServices' limit.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html
const servicesACall = 10

// described is what one call of DescribeServices found.
type described struct {
	found   []ecs.Service
	missing []string
}

// DescribeServices returns the services of a cluster with those names, with their tags,
// and the names that it does not have. Deleted services are found for a while, with
// status INACTIVE.
func (e *ECS) DescribeServices(ctx context.Context, cluster string, names []string) (found []ecs.Service, missing []string, err error) {
	answers, err := inBatches(ctx, names, servicesACall, func(ctx context.Context, names []string) (described, error) {
		d, err := e.describeServices(ctx, cluster, names, types.ServiceFieldTags)
		if isShortARN(err) {
			d, err = e.describeServices(ctx, cluster, names)
		}
		return d, err
	})
	if err != nil {
		return nil, nil, explain(err)
	}
	for _, a := range answers {
		found, missing = append(found, a.found...), append(missing, a.missing...)
	}
	return found, missing, nil
}

func (e *ECS) describeServices(ctx context.Context, cluster string, names []string, include ...types.ServiceField) (described, error) {
	out, err := e.client.DescribeServices(ctx, &awsecs.DescribeServicesInput{Cluster: aws.String(cluster), Services: names, Include: include}, keepBody)
	if err != nil {
		return described{}, err
	}
	var d described
	for _, f := range out.Failures {
		if aws.ToString(f.Reason) != "MISSING" {
			return described{}, tagboat.Errorf(tagboat.Internal, "ecs.DescribeServices: %s: %s %s", aws.ToString(f.Arn), aws.ToString(f.Reason), aws.ToString(f.Detail))
		}
		d.missing = append(d.missing, ecs.LastPart(aws.ToString(f.Arn)))
	}
	var records struct {
		Services []json.RawMessage `json:"services"`
	}
	if err := bodyOf(out.ResultMetadata, &records); err != nil {
		return described{}, err
	}
	if len(records.Services) != len(out.Services) {
		return described{}, errors.New("ecs.DescribeServices: AWS's answer has records that could not be read")
	}
	for i, s := range out.Services {
		d.found = append(d.found, serviceOf(s, records.Services[i]))
	}
	return d, nil
}

// isShortARN tells whether a service is too old to have tags. Such services keep the
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
