package cloud

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// TagResource adds tags to a resource of ECS, or changes their values.
func (e *ECS) TagResource(ctx context.Context, arn string, tags map[string]string) error {
	in := &awsecs.TagResourceInput{ResourceArn: aws.String(arn)}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	_, err := e.client.TagResource(ctx, in)
	return explain(err)
}

// UntagResource removes tags from a resource of ECS.
func (e *ECS) UntagResource(ctx context.Context, arn string, keys []string) error {
	_, err := e.client.UntagResource(ctx, &awsecs.UntagResourceInput{ResourceArn: aws.String(arn), TagKeys: keys})
	return explain(err)
}
