package cloud

import (
	"context"
	"errors"
	"net/http"
	"strings"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"

	"github.com/tagboat/tagboat/internal/operation"
)

type attemptsKey struct{}

// addCounting counts each attempt of each call.
func addCounting(stack *middleware.Stack) error {
	begin := middleware.InitializeMiddlewareFunc("TagboatAttempts", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		return next.HandleInitialize(middleware.WithStackValue(ctx, attemptsKey{}, new(int)), in)
	})
	attempt := middleware.DeserializeMiddlewareFunc("TagboatCounting", func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (middleware.DeserializeOutput, middleware.Metadata, error) {
		attempts, _ := middleware.GetStackValue(ctx, attemptsKey{}).(*int)
		*attempts++
		asker := operation.From(ctx)
		asker.Call(operationOf(ctx), *attempts > 1)
		out, metadata, err := next.HandleDeserialize(ctx, in)
		if isThrottle(err) {
			asker.Throttled(operationOf(ctx))
			if name := operationOf(ctx); *attempts == 1 && strings.HasPrefix(name, "ecr.") {
				operation.Tell(ctx, Throttled{name})
			}
		}
		return out, metadata, err
	})
	return errors.Join(stack.Initialize.Add(begin, middleware.Before), stack.Deserialize.Add(attempt, middleware.Before))
}

// Throttled says that an operation has to wait. Those of ECS do so all the time while
// services roll, where progress shows it, so that it tells of ECR's alone.
type Throttled struct{ Operation string }

// String implements operation.Event.
func (t Throttled) String() string {
	return t.Operation + ": AWS has too many requests; asking again"
}

// operationOf returns service and operation as they are counted: ecs.DescribeServices.
func operationOf(ctx context.Context) string {
	return serviceName(awsmiddleware.GetServiceID(ctx)) + "." + awsmiddleware.GetOperationName(ctx)
}

// serviceName returns the short name of a service, whatever the SDK calls it.
func serviceName(id string) string {
	switch id {
	case "Elastic Load Balancing v2":
		return "elb"
	case "CloudWatch Logs":
		return "logs"
	default:
		return strings.ToLower(strings.ReplaceAll(id, " ", ""))
	}
}

// Counting returns a transport that counts the requests of another API beside AWS's,
// as service.GET manifests and the like. A nil base stands for net/http's transport.
func Counting(service string, base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return &countingTransport{service: service, base: base}
}

type countingTransport struct {
	service string
	base    http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (c *countingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	asker := operation.From(r.Context())
	name := c.service + "." + r.Method + " " + kind(r.URL.Path)
	asker.Call(name, false)
	resp, err := c.base.RoundTrip(r)
	if err == nil && resp.StatusCode == http.StatusTooManyRequests {
		asker.Throttled(name)
	}
	return resp, err
}

// kind says what a path of the registry protocol is for.
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#endpoints
func kind(path string) string {
	if strings.Trim(path, "/") == "v2" {
		return "ping"
	}
	if !strings.HasPrefix(path, "/v2/") {
		return "token"
	}
	for _, k := range []string{"manifests", "blobs", "tags", "referrers"} {
		if strings.Contains(path, "/"+k+"/") {
			return k
		}
	}
	return "other"
}
