package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/tagboat/tagboat/internal/console"
)

// clusters is an act that makes the three clusters. Clusters are infrastructure, which
// Tagboat leaves to others: on AWS, one would use CloudFormation, or the AWS command line.
func (t *tour) clusters() func(context.Context) error {
	return func(ctx context.Context) error {
		for _, c := range []struct{ account, region, name string }{
			{"123456789012", "eu-west-1", "dev"},
			{"123456789012", "eu-west-1", "staging"},
			{"222222222222", "eu-central-1", "prod"},
		} {
			t.Streams.Printf("%s\n", t.Streams.OnOut(console.Accent, "$ aws ecs create-cluster --cluster-name "+c.name+" --region "+c.region))
			if err := t.createCluster(ctx, c.account, c.region, c.name); err != nil {
				return err
			}
		}
		return nil
	}
}

// createCluster makes the call that the AWS command line would. The sandbox takes an
// access key of twelve digits for that account's, and checks no signature.
func (t *tour) createCluster(ctx context.Context, account, region, name string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.Endpoint, strings.NewReader(`{"clusterName":"`+name+`"}`))
	if err != nil {
		return fmt.Errorf("creating cluster %s: %w", name, err)
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("X-Amz-Target", "AmazonEC2ContainerServiceV20141113.CreateCluster")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+account+"/20260101/"+region+"/ecs/aws4_request, SignedHeaders=host, Signature=none")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("creating cluster %s: %w", name, err)
	}
	defer response.Body.Close() //nolint:errcheck // read to its end or given up
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if err != nil {
		return fmt.Errorf("creating cluster %s: %w", name, err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("creating cluster %s: %s: %s", name, response.Status, body)
	}
	return nil
}
