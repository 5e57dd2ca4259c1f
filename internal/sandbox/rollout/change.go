package rollout

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Error is a refusal in AWS's words.
type Error struct {
	Code    string // ServiceNotFoundException, InvalidParameterException, …
	Message string
}

// Error returns code and message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

func refuse(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// CreateService adds a service and starts its first deployment. The error is an *Error:
// InvalidParameterException where a service of that ARN exists that is not INACTIVE.
func (e *Engine) CreateService(now time.Time, spec ServiceSpec) (*Service, error) {
	e.Advance(now)
	if old := e.services[spec.ARN]; old != nil {
		switch old.Status {
		case active:
			return nil, refuse("InvalidParameterException", "Creation of service was not idempotent.")
		case draining:
			return nil, refuse("InvalidParameterException", "Unable to Start a service that is still Draining.")
		}
	}
	s := &Service{Spec: spec, Status: active, CreatedAt: e.now}
	s.Spec.Task = e.adopt(spec.Task)
	s.due = due{serial: e.ids.next(), service: s}
	e.services[spec.ARN] = s
	e.roster++
	if !spec.external() {
		e.start(s, true)
	}
	e.settle(s)
	return s, nil
}

// UpdateService gives a service a whole new specification. A change of the task
// definition, the load balancers, the platform version or of what Spec.Revision holds
// starts a deployment, as force does; a change of anything else takes effect without.
// The error is an *Error: ServiceNotFoundException or ServiceNotActiveException.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
func (e *Engine) UpdateService(now time.Time, arn string, spec ServiceSpec, force bool) (*Service, error) {
	e.Advance(now)
	s, err := e.activeService(arn)
	if err != nil {
		return nil, err
	}
	deploys := !spec.external() && (force || startsDeployment(&s.Spec, &spec))
	spec.ARN, spec.Name, spec.ClusterARN = s.Spec.ARN, s.Spec.Name, s.Spec.ClusterARN
	if spec.Desired != s.Spec.Desired {
		s.state.SteadyAt = time.Time{}
	}
	s.Spec = spec
	s.Spec.Task = e.adopt(spec.Task)
	if deploys {
		e.start(s, force)
	}
	e.settle(s)
	return s, nil
}

func startsDeployment(from, to *ServiceSpec) bool {
	return from.Task.ARN != to.Task.ARN ||
		from.PlatformVersion != to.PlatformVersion ||
		!slices.Equal(from.LoadBalancers, to.LoadBalancers) ||
		!sameJSON(from.Revision, to.Revision)
}

// sameJSON compares without regard to spaces and the order of members.
func sameJSON(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	return bytes.Equal(canonical(a), canonical(b))
}

func canonical(data json.RawMessage) []byte {
	var v any
	if json.Unmarshal(data, &v) != nil {
		return data
	}
	out, err := json.Marshal(v)
	if err != nil {
		return data
	}
	return out
}

func (e *Engine) activeService(arn string) (*Service, error) {
	s := e.services[arn]
	switch {
	case s == nil || s.Status == inactive:
		return nil, refuse("ServiceNotFoundException", "Service not found.")
	case s.Status != active:
		return nil, refuse("ServiceNotActiveException", "Service was not ACTIVE.")
	}
	return s, nil
}

// DeleteService stops a service's tasks and then leaves it INACTIVE, without its
// deployments and their history. The error is an *Error: ServiceNotFoundException, or
// InvalidParameterException without force while the service wants tasks.
func (e *Engine) DeleteService(now time.Time, arn string, force bool) (*Service, error) {
	e.Advance(now)
	s := e.services[arn]
	if s == nil || s.Status == inactive {
		return nil, refuse("ServiceNotFoundException", "Service not found.")
	}
	if !force && s.Spec.Strategy != Daemon && s.Spec.Desired > 0 {
		return nil, refuse("InvalidParameterException", "The service cannot be stopped while it is scaled above 0.")
	}
	s.Status, s.Spec.Desired = draining, 0
	e.settle(s)
	return s, nil
}

// StopServiceDeployment rolls a service deployment in progress back to the deployment
// that COMPLETED last; without one its tasks stay and no more are started. The error
// is an *Error: ServiceDeploymentNotFoundException or ConflictException.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopServiceDeployment.html
func (e *Engine) StopServiceDeployment(now time.Time, arn string) error {
	e.Advance(now)
	r, s := e.ServiceDeployment(arn)
	if r == nil {
		return refuse("ServiceDeploymentNotFoundException", "The service deployment cannot be found.")
	}
	if r != s.History[0] || r.Status != pending && r.Status != inProgress {
		return refuse("ConflictException", "The service deployment is in the state %s and cannot be stopped.", r.Status)
	}
	r.enter(e.now, rollbackRequested, "")
	s.state.StopAt = e.now.Add(e.options.Timings.Schedule)
	e.settle(s)
	return nil
}

// settle does what a change of a service brings about at once.
func (e *Engine) settle(s *Service) {
	e.wake(s)
	e.Advance(e.now)
}
