package deploy

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// members returns what of the service the wanted definition changes. What cannot be
// compared or cannot be changed is a problem.
func (b *builder) members() map[string]json.RawMessage {
	members := map[string]json.RawMessage{}
	if b.desired.ServiceDefinition == nil {
		return members
	}
	changes, diff, err := taskdef.ServiceChanges(*b.desired.ServiceDefinition, b.observed.Service.Record)
	b.problems = append(b.problems, problemsOf(b.desired, err)...)
	b.diff += diff
	// What came out of a Definition is an object.
	_ = json.Unmarshal(changes.JSON(), &members)
	return members
}

// tags adds the step that gives the service the tags of its file.
func (b *builder) tags() {
	service := b.observed.Service
	if b.desired.ServiceDefinition == nil {
		return
	}
	set, remove, diff := taskdef.ServiceTags(*b.desired.ServiceDefinition, service.Tags)
	if diff == "" {
		return
	}
	b.diff += diff
	b.steps = append(b.steps, TagService{Name: service.Name, ARN: service.ARN, Set: set, Remove: remove})
	if !strings.Contains(service.ARN, ":service/"+ecs.LastPart(service.ClusterARN)+"/") {
		// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html
		b.problems = append(b.problems, b.desired.problem(b.desired.where("service", "tags"),
			"take tags out of the service's file, or delete the service and deploy again, which gives it an ARN of the new form",
			fmt.Sprintf("the tags of service %q cannot be changed: its ARN %s is of the old form, without the cluster", service.Name, service.ARN)))
	}
}

// counts returns a problem where the desired count is one that ECS refuses: none for a
// new service of the REPLICA strategy, or any for one of the DAEMON strategy.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
func counts(d Desired, o Observed) []tagboat.Problem {
	if d.ServiceDefinition == nil {
		return nil
	}
	strategy := d.ServiceDefinition.Text("schedulingStrategy")
	if strategy == "" && o.Service != nil {
		strategy = o.Service.SchedulingStrategy
	}
	counted := d.ServiceDefinition.Has("desiredCount")
	switch {
	case strategy == ecs.Daemon && counted:
		return []tagboat.Problem{d.problem(d.where("service", "desiredCount"), "take desiredCount out of the service's file",
			"a DAEMON service has one task on each instance: ECS takes no desiredCount for it")}
	case strategy != ecs.Daemon && !counted && o.Service == nil:
		return []tagboat.Problem{d.problem(d.where("service"), `write "desiredCount": 1 into the service's file; once the service exists, it can be taken out for autoscaling`,
			fmt.Sprintf("service %q does not exist yet, and ECS requires a desiredCount to create it", d.ServiceName))}
	default:
		return nil
	}
}

// problemsOf returns a problem for each error that was joined in err.
func problemsOf(d Desired, err error) []tagboat.Problem {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if ok {
		var problems []tagboat.Problem
		for _, e := range joined.Unwrap() {
			problems = append(problems, problemsOf(d, e)...)
		}
		return problems
	}
	var known *tagboat.Error
	if !errors.As(err, &known) {
		return []tagboat.Problem{d.problem(d.where("service"), "", err.Error())}
	}
	where := d.where("service")
	if known.Where != nil {
		where = known.Where.String()
	}
	return []tagboat.Problem{d.problem(where, known.Hint, known.Msg)}
}

// ServiceChanges returns the members of the service that its file changes, in order, and what
// of the file cannot be compared or changed.
func ServiceChanges(d Desired, o Observed) (members []string, problems []tagboat.Problem) {
	b := builder{desired: d, observed: o}
	return slices.Sorted(maps.Keys(b.members())), b.problems
}

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
