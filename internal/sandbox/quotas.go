package sandbox

import (
	"sync"

	"golang.org/x/time/rate"

	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// quotas throttles calls. Buckets fill by the client's clock and not by the
// sandbox's: a limit is a rate of calls, and a client sends calls, paces itself and
// backs off by its own time, however fast rollouts go. A client that keeps AWS's
// limits is never throttled here, at any speed, and one that breaks them always is.
// A nil *quotas allows everything.
type quotas struct {
	clock       clock.Clock
	byOperation map[string]*quota

	mu      sync.Mutex
	buckets map[bucketKey]*rate.Limiter
}

type bucketKey struct {
	scope wire.Scope
	quota *quota
}

func newQuotas(c clock.Clock) *quotas {
	q := &quotas{clock: c, byOperation: map[string]*quota{}, buckets: map[bucketKey]*rate.Limiter{}}
	for _, shared := range awsQuotas() {
		for _, operation := range shared.operations {
			q.byOperation[operation] = &shared
		}
	}
	return q
}

// allow takes a token for x, if there is one. What has no quota is always allowed.
func (q *quotas) allow(x exchange) bool {
	if q == nil || q.byOperation[x.operation] == nil {
		return true
	}
	key := bucketKey{x.scope, q.byOperation[x.operation]}
	q.mu.Lock()
	defer q.mu.Unlock()
	bucket := q.buckets[key]
	if bucket == nil {
		bucket = rate.NewLimiter(rate.Limit(key.quota.perSecond), key.quota.burst)
		q.buckets[key] = bucket
	}
	return bucket.AllowN(q.clock.Now(), 1)
}

// quota is a token bucket that operations share in each account and region.
type quota struct {
	burst      int
	perSecond  float64
	operations []string
}

// awsQuotas lists the buckets that AWS documents.
//   - https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html
//   - https://docs.aws.amazon.com/general/latest/gr/ssm.html (standard throughput)
//   - https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
//   - https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html (us-east-1)
//
// SSM, ECR and EventBridge document a rate only; a second's worth of it is taken for the burst.
func awsQuotas() []quota {
	return []quota{
		{50, 5, []string{"ecs.CreateService", "ecs.DeleteService", "ecs.UpdateService", "ecs.CreateExpressGatewayService", "ecs.DeleteExpressGatewayService", "ecs.UpdateExpressGatewayService"}},
		{100, 20, []string{"ecs.DescribeServices", "ecs.ListServices", "ecs.DescribeExpressGatewayService"}},
		{20, 1, []string{"ecs.RegisterTaskDefinition", "ecs.DeregisterTaskDefinition"}},
		{50, 20, []string{"ecs.DescribeTaskDefinition", "ecs.ListTaskDefinitions", "ecs.ListTaskDefinitionFamilies"}},
		{5, 1, []string{"ecs.DeleteTaskDefinitions"}},
		{100, 20, []string{"ecs.DescribeTasks", "ecs.ListTasks", "ecs.DescribeContainerInstances", "ecs.ListContainerInstances"}},
		{100, 40, []string{"ecs.RunTask", "ecs.StartTask", "ecs.StopTask"}},
		{50, 20, []string{"ecs.DescribeClusters", "ecs.ListClusters"}},
		{50, 20, []string{"ecs.DescribeServiceDeployments", "ecs.ListServiceDeployments"}},
		{50, 20, []string{"ecs.DescribeServiceRevisions"}},
		{20, 10, []string{"ecs.TagResource", "ecs.UntagResource"}},
		{50, 20, []string{"ecs.ListTagsForResource"}},

		{40, 40, []string{"ssm.GetParameter", "ssm.GetParameters", "ssm.GetParametersByPath"}},
		{3, 3, []string{"ssm.PutParameter"}},
		{3, 3, []string{"ssm.GetParameterHistory"}},
		{3, 3, []string{"ssm.LabelParameterVersion"}},
		{3, 3, []string{"ssm.UnlabelParameterVersion"}},
		{3, 3, []string{"ssm.DescribeParameters"}},
		{3, 3, []string{"ssm.DeleteParameter"}},
		{3, 3, []string{"ssm.DeleteParameters"}},

		{10, 10, []string{"ecr.PutImage", "registry.PUT manifests"}},
		{2000, 2000, []string{"ecr.BatchGetImage", "registry.GET manifests"}},
		{500, 500, []string{"ecr.GetAuthorizationToken"}},
		{3000, 3000, []string{"ecr.GetDownloadUrlForLayer", "registry.GET blobs"}},
		{1000, 1000, []string{"ecr.BatchCheckLayerAvailability", "registry.HEAD blobs"}},
		{100, 100, []string{"ecr.InitiateLayerUpload", "registry.POST uploads"}},
		{100, 100, []string{"ecr.CompleteLayerUpload", "registry.PUT uploads"}},
		{500, 500, []string{"ecr.UploadLayerPart", "registry.PATCH uploads"}},

		{10000, 10000, []string{"events.PutEvents"}},
	}
}
