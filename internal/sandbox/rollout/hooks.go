package rollout

import (
	"fmt"
	"slices"
	"time"
)

// The types of a lifecycle hook.
const (
	HookLambda = "AWS_LAMBDA"
	HookPause  = "PAUSE"
)

// Hook is something that a native deployment waits for at some of its stages.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHook.html
type Hook struct {
	Type     string        `json:"type"`             // HookLambda, HookPause
	Target   string        `json:"target,omitempty"` // ARN of the function
	Stages   []string      `json:"stages"`
	Timeout  time.Duration `json:"timeout"`            // 0 means ECS's 24 hours
	Continue bool          `json:"continue,omitempty"` // once it timed out; else it rolls back
}

// HookRun is a hook of a service deployment that was called.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHookDetail.html
type HookRun struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	Target    string    `json:"target,omitempty"`
	Stage     string    `json:"stage"`
	Status    string    `json:"status"` // AWAITING_ACTION, IN_PROGRESS, SUCCEEDED, FAILED, TIMED_OUT
	Continue  bool      `json:"continue,omitempty"`
	ExpiresAt time.Time `json:"expiresAt"`
	AskAt     time.Time `json:"askAt,omitzero"` // when its function is called next
}

const (
	hookAwaiting  = "AWAITING_ACTION"
	hookSucceeded = "SUCCEEDED"
	hookTimedOut  = "TIMED_OUT"

	hookTimeout  = 24 * time.Hour
	hookCallBack = 30 * time.Second // until a function that answered IN_PROGRESS is called again
)

// HookCall is what a function of a lifecycle hook is called with.
type HookCall struct {
	Target            string // ARN of the function
	Stage             string
	ServiceARN        string
	ServiceDeployment string // ARN
	TargetRevision    string // ARN
}

// HookAnswer is what it answers. CallBack counts for IN_PROGRESS alone; 0 means 30 s.
type HookAnswer struct {
	Status   string // SUCCEEDED, FAILED, IN_PROGRESS
	CallBack time.Duration
}

// Functions is what a World may be besides: one that has the functions of lifecycle
// hooks. Without it every function answers SUCCEEDED.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html
type Functions interface {
	// CallHook calls a function. It must return at once and not call the Engine.
	CallHook(at time.Time, call HookCall) HookAnswer
}

// callHooks begins the hooks of the stage that a deployment entered.
func (e *Engine) callHooks(s *Service, d *Deployment) {
	for _, h := range s.Spec.Hooks {
		if !slices.Contains(h.Stages, d.state.Stage) {
			continue
		}
		timeout := h.Timeout
		if timeout == 0 {
			timeout = hookTimeout
		}
		run := &HookRun{
			ID: e.ids.uuid(), Type: h.Type, Target: h.Target, Stage: d.state.Stage,
			Continue: h.Continue, ExpiresAt: e.now.Add(timeout),
		}
		status := hookAwaiting
		if h.Type == HookLambda {
			status, run.AskAt = inProgress, e.now.Add(e.options.Timings.Hook)
		}
		s.History[0].Hooks = append(s.History[0].Hooks, run)
		e.hookChanged(s, run, status)
	}
}

// hooksDone asks the functions that are due and reports whether every hook is over. One
// that fails, or times out with nothing else said, fails the deployment.
func (e *Engine) hooksDone(s *Service, d *Deployment) bool {
	done := true
	for _, run := range s.History[0].Hooks {
		if run.Status != hookAwaiting && run.Status != inProgress {
			continue
		}
		e.ask(s, d, run)
		switch {
		case run.Status == failed:
			e.hookFailed(s, run)
			return false
		case !e.now.Before(run.ExpiresAt):
			e.hookChanged(s, run, hookTimedOut)
			if !run.Continue {
				e.hookFailed(s, run)
				return false
			}
		case run.Status != hookSucceeded:
			done = false
		}
	}
	return done
}

// ask calls a hook's function if it is time to.
func (e *Engine) ask(s *Service, d *Deployment, run *HookRun) {
	if run.Status != inProgress || e.now.Before(run.AskAt) {
		return
	}
	answer := HookAnswer{Status: hookSucceeded}
	if w, ok := e.world.(Functions); ok {
		answer = w.CallHook(e.now, HookCall{
			Target: run.Target, Stage: run.Stage, ServiceARN: s.Spec.ARN,
			ServiceDeployment: s.History[0].ARN, TargetRevision: d.RevisionARN,
		})
	}
	if answer.Status != run.Status {
		e.hookChanged(s, run, answer.Status)
	}
	if answer.CallBack <= 0 {
		answer.CallBack = hookCallBack
	}
	run.AskAt = e.now.Add(answer.CallBack)
}

// hookFailed rolls the deployment back because of a hook.
func (e *Engine) hookFailed(s *Service, run *HookRun) {
	why := fmt.Sprintf("%s lifecycle hook(s) failed.", run.Stage)
	switch {
	case run.Status == hookTimedOut:
		why += " A lifecycle hook timed out."
	case run.Type == HookPause:
		why += " A rollback was requested."
	default:
		why += fmt.Sprintf(" Lifecycle hook target %s returned FAILED status.", run.Target)
	}
	e.fail(s, failure{
		event:  "deployment failed: lifecycle hook failed.",
		reason: "ECS deployment failed: " + why,
		status: "Service deployment rolled back because " + why,
		back:   true,
		prefix: "ECS deployment ",
	})
}

// ContinueServiceDeployment answers a PAUSE hook that waits: the deployment goes on, or
// back. The error is an *Error: ServiceDeploymentNotFoundException, or
// InvalidParameterException where no such hook waits.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContinueServiceDeployment.html
func (e *Engine) ContinueServiceDeployment(now time.Time, arn, hookID string, rollback bool) error {
	e.Advance(now)
	r, s := e.ServiceDeployment(arn)
	if r == nil {
		return refuse("ServiceDeploymentNotFoundException", "The service deployment cannot be found.")
	}
	i := slices.IndexFunc(r.Hooks, func(run *HookRun) bool { return run.ID == hookID && run.Status == hookAwaiting })
	if i < 0 || r != s.History[0] || r.Status != inProgress {
		return refuse("InvalidParameterException", "The lifecycle hook %s does not wait for an action.", hookID)
	}
	if rollback {
		e.hookChanged(s, r.Hooks[i], failed)
		e.hookFailed(s, r.Hooks[i])
	} else {
		e.hookChanged(s, r.Hooks[i], hookSucceeded)
	}
	e.settle(s)
	return nil
}
