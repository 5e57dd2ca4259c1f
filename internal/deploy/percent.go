package deploy

import (
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
)

// shape is what of a service decides how many tasks a rollout may stop and start.
type shape struct {
	Desired       *int   `json:"desiredCount"`
	Strategy      string `json:"schedulingStrategy"`
	Configuration struct {
		Minimum *int `json:"minimumHealthyPercent"`
		Maximum *int `json:"maximumPercent"`
	} `json:"deploymentConfiguration"`
	LoadBalancers []struct {
		TargetGroup string `json:"targetGroupArn"`
	} `json:"loadBalancers"`
}

// wantedShape returns what the service definition says; the zero shape without one.
func wantedShape(d Desired) shape {
	var s shape
	if d.ServiceDefinition != nil {
		// The definition was checked when it was rendered: what does not fit is left out.
		_ = json.Unmarshal(d.ServiceDefinition.JSON(), &s)
	}
	return s
}

// deadlock finds healthy percents under which ECS can neither stop an old task nor
// start a new one.
func deadlock(d Desired, o Observed) []tagboat.Problem {
	wanted := wantedShape(d)
	if o.Service == nil || cmp.Or(wanted.Strategy, o.Service.SchedulingStrategy) == ecs.Daemon {
		return nil // nothing runs that would have to make room
	}
	desired := or(wanted.Desired, o.Service.Desired)
	minimum := or(wanted.Configuration.Minimum, o.Service.MinHealthyPercent)
	maximum := or(wanted.Configuration.Maximum, o.Service.MaxPercent)
	lower, upper, deadlocked := ecs.Deadlocked(desired, minimum, maximum)
	if o.Service.Running == 0 || !deadlocked {
		return nil
	}
	return []tagboat.Problem{d.problem(
		d.where("service", "deploymentConfiguration"),
		"lower minimumHealthyPercent or raise maximumPercent in deploymentConfiguration",
		fmt.Sprintf("the rollout can never move: of %d tasks %d must stay healthy (minimumHealthyPercent %d) and no more than %d may exist (maximumPercent %d)",
			desired, lower, minimum, upper, maximum),
	)}
}

func or(wanted *int, observed int) int {
	if wanted != nil {
		return *wanted
	}
	return observed
}
