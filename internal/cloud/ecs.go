package cloud

import (
	"sync"

	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/tagboat/tagboat/internal/ecs"
)

// ECS is the Elastic Container Service in one place. Names of clusters may be names or
// ARNs. It may be used by several goroutines at once.
type ECS struct {
	client *awsecs.Client

	mu          sync.Mutex
	definitions map[string]ecs.TaskDefinition // by ARN: a revision never changes
	kept        definitionCache
}
