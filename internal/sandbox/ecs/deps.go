package ecs

import (
	"errors"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Deps is what ECS needs of the sandbox's other services. Their methods are called
// while ECS holds its lock: they must return soon and must not call the Service.
type Deps struct {
	Clock      clock.Clock
	Images     Images
	Logs       Logs
	Targets    Targets
	Parameters Parameters // nil: every parameter is there
	Secrets    Secrets    // nil: every secret of Secrets Manager is there
	Alarms     Alarms     // nil: every alarm is OK
	Functions  Functions  // nil: every function of a lifecycle hook answers SUCCEEDED
	Events     Events     // nil: nobody listens
	Clusters   []string   // exist from the start, everywhere, beside the one named default
	// Instances is how many container instances a cluster has from the start, by its name.
	Instances map[string]int
	// Strict asks for what others have to make first on AWS: container instances where
	// Instances names none (each cluster has one otherwise), and task roles.
	Strict bool
	Seed   string // makes ids repeatable; "" is a seed too
}

// ErrImageNotFound says that a registry does not have an image.
var ErrImageNotFound = errors.New("not found")

// Image is what ECS has to know of an image in a registry.
type Image struct {
	Digest    string            // of the manifest or index that the reference names
	Labels    map[string]string // of the config
	Platforms []string          // os/architecture[/variant]; empty where the image does not say
}

// Images looks images up in registries.
type Images interface {
	// Resolve finds an image by a reference as task definitions have it: repo:tag,
	// repo@digest, repo:tag@digest or repo. The error is ErrImageNotFound where it is
	// not there; any other is answered in the registry's words.
	Resolve(reference string) (Image, error)
}

// Logs is CloudWatch Logs as the awslogs driver uses it.
type Logs interface {
	// GroupExists reports whether there is a log group of that name.
	GroupExists(scope wire.Scope, group string) bool
	// CreateGroup makes a log group where there is none of that name.
	CreateGroup(scope wire.Scope, group string)
	// Append adds a line to a stream, which it makes where it is not there.
	Append(scope wire.Scope, group, stream string, at time.Time, message string)
}

// Targets is Elastic Load Balancing's target groups. Where it is a rollout.TargetGroups
// too, targets are checked and drained as that says.
type Targets interface {
	// Kind returns what sort of targets a target group has (ip or instance, for ECS) and
	// whether a load balancer sends to it; ok is false where there is no such group.
	Kind(targetGroup string) (targets string, balanced, ok bool)
	// Routes reports whether there is a listener's rule, or a network load balancer's
	// listener, of that ARN.
	Routes(arn string) bool
	// Register adds a target, Deregister removes it.
	Register(at time.Time, targetGroup, id string, port int)
	Deregister(at time.Time, targetGroup, id string, port int)
	// SetHealth says how a registered target stands, as DescribeTargetHealth answers it.
	SetHealth(at time.Time, targetGroup, id string, port int, state, reason, description string)
}

// Parameters is Parameter Store as ECS reads secrets from it.
type Parameters interface {
	// Exists reports whether there is a parameter of that name.
	Exists(scope wire.Scope, name string) bool
}

// Secrets is Secrets Manager as ECS reads it.
type Secrets interface {
	// Unreadable returns why a task cannot have what a valueFrom names; "" where it can.
	Unreadable(valueFrom string) string
}

// Alarms is CloudWatch's alarms.
type Alarms interface {
	// AlarmState returns OK, ALARM or INSUFFICIENT_DATA.
	AlarmState(scope wire.Scope, name string) string
}

// Functions is Lambda, as far as lifecycle hooks call it.
type Functions interface {
	// CallHook answers for a function.
	CallHook(scope wire.Scope, call rollout.HookCall) rollout.HookAnswer
}

// Events is EventBridge.
type Events interface {
	// Emit takes an event of the source aws.ecs; detail encodes as its detail.
	Emit(scope wire.Scope, at time.Time, detailType string, detail any, resources []string)
}
