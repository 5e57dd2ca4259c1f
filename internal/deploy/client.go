package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cfn"
	"github.com/tagboat/tagboat/internal/ecs"
)

// Services reads and changes ECS services. Inputs are AWS's JSON for the operation of
// the same name. An error wraps ecs.ErrNotFound where the cluster does not exist, and
// ecs.ErrAmbiguous where nobody knows whether the change took effect.
type Services interface {
	DescribeServices(ctx context.Context, cluster string, names []string) (found []ecs.Service, missing []string, err error)
	CreateService(ctx context.Context, input json.RawMessage) (ecs.Service, error)
	UpdateService(ctx context.Context, input json.RawMessage) (ecs.Service, error)
}

// Definitions reads and registers task definitions.
type Definitions interface {
	// DescribeTaskDefinition takes an ARN, family:revision, or a family for its
	// latest active revision; the error wraps ecs.ErrNotFound where there is none.
	DescribeTaskDefinition(ctx context.Context, id string) (ecs.TaskDefinition, error)
	// Cached returns the revision with that ARN where it takes no call. What an earlier
	// process has read is found where like, a definition as JSON, has the same values.
	Cached(arn string, like json.RawMessage) (ecs.TaskDefinition, bool)
	RegisterTaskDefinition(ctx context.Context, input json.RawMessage) (arn string, err error)
}

// Tasks reads tasks. Both methods take any number and make as many calls as that takes, a
// hundred tasks each.
type Tasks interface {
	ListTasks(ctx context.Context, cluster string, filter ecs.TaskFilter) (arns []string, err error)
	DescribeTasks(ctx context.Context, cluster string, arns []string) ([]ecs.Task, error)
}

// Tags writes the tags of a service, by its ARN.
type Tags interface {
	TagResource(ctx context.Context, arn string, tags map[string]string) error
	UntagResource(ctx context.Context, arn string, keys []string) error
}

// ECS is all that deploying needs of ECS.
type ECS interface {
	Services
	Definitions
	Tasks
	Tags
}

// Logs reads CloudWatch Logs.
type Logs interface {
	GroupExists(ctx context.Context, name string) (bool, error)
	// Tail returns the last n lines of a stream, oldest first; the error wraps
	// ecs.ErrNotFound where there is no such stream.
	Tail(ctx context.Context, group, stream string, n int) ([]ecs.LogLine, error)
}

// Targets reads the target groups of load balancers, by ARN.
type Targets interface {
	Health(ctx context.Context, arn string) ([]ecs.TargetHealth, error)
	// Groups returns those that exist.
	Groups(ctx context.Context, arns []string) ([]ecs.TargetGroup, error)
}

// Alarms reads those of CloudWatch's alarms that exist.
type Alarms interface {
	Describe(ctx context.Context, names []string) ([]ecs.Alarm, error)
}

// Images looks into registries.
type Images interface {
	Exists(ctx context.Context, image tagboat.Reference) (bool, error)
}

// Client reaches one account and region. Targets that share one Client share its
// polling. Its members must be safe for concurrent use.
type Client struct {
	ECS     ECS
	Logs    Logs
	Targets Targets
	Images  Images
	// Deployments tells what became of a deployment whose place another one has taken, and
	// the stages of one; Alarms makes causes plainer. They may be nil.
	Deployments History
	Alarms      Alarms
	Parameters  Parameters // nil where nobody can ask
	Secrets     Secrets    // likewise
	Stacks      Stacks     // likewise
	Express     Express    // likewise
	// Now tells the time of AWS's clock, for ages; nil means the local one.
	Now func() time.Time
}

// Time returns AWS's time as far as it is known.
func (c *Client) Time() time.Time {
	if c == nil || c.Now == nil {
		return time.Now()
	}
	return c.Now()
}

// Parameters looks into Parameter Store.
type Parameters interface {
	// Missing returns those names, or ARNs, that there is no parameter for. It reads no
	// secret.
	Missing(ctx context.Context, names []string) ([]string, error)
}

// Stacks reads and updates stacks of CloudFormation, by name or id. An error wraps ecs.ErrNotFound
// where there is none.
type Stacks interface {
	Describe(ctx context.Context, stack string) (cfn.Stack, error)
	Template(ctx context.Context, stack string, processed bool) (string, error)
	Resources(ctx context.Context, stack string) ([]cfn.Resource, error)
	// Events returns those of a stack, newest first, up to the first one that old says is known.
	Events(ctx context.Context, stack string, old func(cfn.Event) bool) ([]cfn.Event, error)

	CreateChangeSet(ctx context.Context, r cfn.ChangeRequest) (id string, err error)
	ChangeSet(ctx context.Context, id string) (cfn.ChangeSet, error)
	// Execute is sent once: the error wraps ecs.ErrAmbiguous where nobody knows what came of it. So
	// is CancelUpdate.
	Execute(ctx context.Context, changeSet, token string) error
	CancelUpdate(ctx context.Context, stack, token string) error
	DeleteChangeSet(ctx context.Context, id string) error
}

// Secrets looks into Secrets Manager.
type Secrets interface {
	// Describe returns the secret with that ARN, which may lack the six characters at its end.
	// It reads no value. The error wraps ecs.ErrNotFound where there is none.
	Describe(ctx context.Context, arn string) (ecs.Secret, error)
}

// History tells what a service ran. ECS remembers ninety days.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html
type History interface {
	// ServiceDeployments returns pages of them, newest first; those created before a time,
	// unless that is zero. A page is asked for when it is wanted.
	ServiceDeployments(ctx context.Context, cluster, service string, before time.Time) iter.Seq2[[]ecs.ServiceDeployment, error]
	// ListServiceDeployments returns the ARNs of those that began since a time, newest first.
	ListServiceDeployments(ctx context.Context, cluster, service string, since time.Time) ([]string, error)
	DescribeServiceDeployments(ctx context.Context, arns []string) ([]ecs.ServiceDeployment, error)
	DescribeServiceRevisions(ctx context.Context, arns []string) ([]ecs.ServiceRevision, error)
}

// Refused reports whether AWS does not let us ask what we asked, and will not if we ask
// again.
func Refused(err error) bool {
	var r ecs.RefusedError
	return errors.As(err, &r)
}

// PolicyFor says how to get a policy that allows what AWS refuses; "" for another error.
func PolicyFor(d Desired, err error) string {
	var r ecs.RefusedError
	if !errors.As(err, &r) {
		return ""
	}
	return fmt.Sprintf(": tagboat generate iam-policy --for deploy --env %s prints a policy with %s", d.Environment, r.Action)
}

// Refusal says what AWS refuses, in its words, and how to get the policy that allows it. It
// is "" for another error.
func Refusal(d Desired, err error) string {
	if !Refused(err) {
		return ""
	}
	return fmt.Sprintf("%v; retrying does not help until that is allowed%s", err, PolicyFor(d, err))
}
