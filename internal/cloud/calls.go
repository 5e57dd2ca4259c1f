package cloud

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"
	"sync"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"

	"github.com/tagboat/tagboat"
)

// counter counts requests. The zero value is ready.
type counter struct {
	mu    sync.Mutex
	calls tagboat.Calls
}

func (c *counter) count(operation string, again bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls.ByOperation == nil {
		c.calls.ByOperation = map[string]int{}
	}
	c.calls.Total++
	c.calls.ByOperation[operation]++
	if again {
		c.calls.Retried++
	}
}

func (c *counter) throttled() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls.Throttled++
}

// Calls returns how many requests went out so far, to AWS and to registries, each
// attempt counted.
func (c *Cloud) Calls() tagboat.Calls {
	c.calls.mu.Lock()
	defer c.calls.mu.Unlock()
	calls := c.calls.calls
	calls.ByOperation = maps.Clone(calls.ByOperation)
	if calls.ByOperation == nil {
		calls.ByOperation = map[string]int{}
	}
	return calls
}

type attemptsKey struct{}

// addCounting counts each attempt of each call.
func (c *Cloud) addCounting(stack *middleware.Stack) error {
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
		c.calls.count(operationOf(ctx), *attempts > 1)
		out, metadata, err := next.HandleDeserialize(ctx, in)
		if isThrottle(err) {
			c.calls.throttled()
			if *attempts == 1 {
				c.say(operationOf(ctx))
			}
		}
		return out, metadata, err
	})
	return errors.Join(stack.Initialize.Add(begin, middleware.Before), stack.Deserialize.Add(attempt, middleware.Before))
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

// Counting returns a transport that counts the requests of another API among the Cloud's,
// as service.GET manifests and the like. A nil base stands for net/http's transport.
func (c *Cloud) Counting(service string, base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return &counting{service: service, counter: &c.calls, base: base}
}

type counting struct {
	service string
	counter *counter
	base    http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.counter.count(c.service+"."+r.Method+" "+kind(r.URL.Path), false)
	resp, err := c.base.RoundTrip(r)
	if err == nil && resp.StatusCode == http.StatusTooManyRequests {
		c.counter.throttled()
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
