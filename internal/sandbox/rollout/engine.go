package rollout

import "time"

// Options say how an Engine behaves. The zero value is useful.
type Options struct {
	// Seed makes the ids that the engine gives; two engines with one seed and the same
	// calls give the same ids.
	Seed string
	// Timings say how long things take; zero members take the defaults.
	Timings Timings
	// ContainerInstances is how many tasks a DAEMON service has. 0 means 1.
	ContainerInstances int
}

// Timings say how long things take, in the engine's time.
type Timings struct{}

// Engine is the scheduler. One goroutine at a time may use it. Every call that takes
// the time first does what is due by then; time never goes back.
type Engine struct{}

// New returns an engine without services.
func New(world World, options Options) *Engine { panic("") }

// CreateService adds a service and starts its first deployment. The error is an *Error:
// InvalidParameterException where a service of that ARN exists that is not INACTIVE.
func (e *Engine) CreateService(now time.Time, spec ServiceSpec) (*Service, error) { panic("") }

// UpdateService gives a service a whole new specification, and starts a deployment
// where AWS would, or where force asks for one. The error is an *Error:
// ServiceNotFoundException or ServiceNotActiveException.
func (e *Engine) UpdateService(now time.Time, arn string, spec ServiceSpec, force bool) (*Service, error) {
	panic("")
}

// DeleteService drains a service and then leaves it INACTIVE. The error is an *Error:
// ServiceNotFoundException, or InvalidParameterException without force while the
// service wants tasks.
func (e *Engine) DeleteService(now time.Time, arn string, force bool) (*Service, error) { panic("") }

// StopServiceDeployment rolls a service deployment in progress back. The error is an
// *Error: ServiceDeploymentNotFoundException or ConflictException.
func (e *Engine) StopServiceDeployment(now time.Time, arn string) error { panic("") }

// RunTask starts a task that belongs to no service.
func (e *Engine) RunTask(now time.Time, spec RunTaskSpec) *Task { panic("") }

// StopTask stops a task on a user's wish; an empty reason becomes AWS's own. The error
// is an *Error: InvalidParameterException where there is no such task.
func (e *Engine) StopTask(now time.Time, arn, reason string) (*Task, error) { panic("") }

// Advance does everything that is due by now, in order of time.
func (e *Engine) Advance(now time.Time) { panic("") }

// Next returns when Advance next has something to do; false if never.
func (e *Engine) Next() (time.Time, bool) { panic("") }

// Service returns a service by its ARN, INACTIVE ones too; nil if there is none.
func (e *Engine) Service(arn string) *Service { panic("") }

// Services returns the services of a cluster ("" for all), oldest first.
func (e *Engine) Services(clusterARN string) []*Service { panic("") }

// ServiceDeployment returns a service deployment by its ARN with its service, or nils.
func (e *Engine) ServiceDeployment(arn string) (*ServiceDeployment, *Service) { panic("") }

// ServiceRevision returns a service revision by its ARN with its service, or nils.
func (e *Engine) ServiceRevision(arn string) (*ServiceRevision, *Service) { panic("") }

// Task returns a task by its ARN; nil if there is none or it stopped over an hour ago.
func (e *Engine) Task(arn string) *Task { panic("") }

// Tasks returns the tasks that the filter selects, oldest first.
func (e *Engine) Tasks(filter TaskFilter) []*Task { panic("") }

// TaskSpec returns the task definition that a task runs; nil if no task or service uses it.
func (e *Engine) TaskSpec(arn string) *TaskSpec { panic("") }

// Snapshot returns the whole state as JSON.
func (e *Engine) Snapshot() ([]byte, error) { panic("") }

// Restore replaces the state by one that Snapshot returned.
func (e *Engine) Restore(snapshot []byte) error { panic("") }
