package ecs_test

import (
	"testing"

	"github.com/tagboat/tagboat/internal/ecs"
)

func TestConsoleURL(t *testing.T) {
	for _, tc := range []struct{ name, region, cluster, service, want string }{
		{"commercial", "eu-west-1", "prod", "api", "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/api/deployments?region=eu-west-1"},
		{"China", "cn-north-1", "prod", "api", "https://cn-north-1.console.amazonaws.cn/ecs/v2/clusters/prod/services/api/deployments?region=cn-north-1"},
		{"GovCloud", "us-gov-west-1", "prod", "api", "https://us-gov-west-1.console.amazonaws-us-gov.com/ecs/v2/clusters/prod/services/api/deployments?region=us-gov-west-1"},
		{"a cluster's ARN", "us-east-1", "arn:aws:ecs:us-east-1:123456789012:cluster/prod", "api", "https://us-east-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/api/deployments?region=us-east-1"},
		{"an isolated region", "us-iso-east-1", "prod", "api", ""},
		{"the European sovereign cloud", "eusc-de-east-1", "prod", "api", ""},
		{"no region", "", "prod", "api", ""},
		{"no service", "eu-west-1", "prod", "", ""},
		{"what a path cannot have", "eu-west-1", "prod", "a/b?c", "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/a%2Fb%3Fc/deployments?region=eu-west-1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := ecs.ConsoleURL(tc.region, tc.cluster, tc.service); got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}
