package cloud

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/tagboat/tagboat/internal/ecs"
)

// Secrets is Secrets Manager in one place. It is safe for concurrent use.
type Secrets struct {
	client *secretsmanager.Client
}

// Describe implements deploy.Secrets.
func (s *Secrets) Describe(ctx context.Context, arn string) (ecs.Secret, error) {
	out, err := s.client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String(arn)})
	if hasCode(err, "ResourceNotFoundException") {
		return ecs.Secret{}, fmt.Errorf("%w: %w", ecs.ErrNotFound, translate(err))
	}
	if err != nil {
		return ecs.Secret{}, translate(err)
	}
	return ecs.Secret{Deleted: out.DeletedDate != nil, Versions: out.VersionIdsToStages}, nil
}
