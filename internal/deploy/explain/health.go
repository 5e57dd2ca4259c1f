package explain

import (
	"fmt"
	"strings"

	"github.com/tagboat/tagboat/internal/ecs"
)

// failedHealth explains tasks that ECS replaced because a check failed.
func failedHealth(t ecs.Task) (Finding, bool) {
	switch {
	case strings.Contains(t.StoppedReason, "failed ELB health checks"):
		return Finding{
			Cause:    "the load balancer found the task unhealthy",
			Evidence: t.StoppedReason,
			Advice:   "check the health check's path, port and codes, and the security groups",
			Class:    Yours,
			about:    aboutHealth,
		}, true
	case strings.Contains(t.StoppedReason, "failed container health checks"):
		name := unhealthy(t)
		return Finding{
			Cause:     subject(name) + " failed its health check",
			Evidence:  t.StoppedReason,
			Advice:    "run the healthCheck command in the image; raise startPeriod or retries for a slow start",
			Container: name,
			Class:     Yours,
			about:     aboutHealth,
		}, true
	}
	return Finding{}, false
}

func subject(container string) string {
	if container == "" {
		return "a container"
	}
	return "container " + container
}

func unhealthy(t ecs.Task) string {
	for _, c := range t.Containers {
		if c.Health == ecs.Unhealthy {
			return c.Name
		}
	}
	return ""
}

// sick explains a task that runs and is not healthy.
func sick(t ecs.Task) (Finding, bool) {
	if t.Health != ecs.Unhealthy || t.LastStatus == ecs.Stopped {
		return Finding{}, false
	}
	name := unhealthy(t)
	return Finding{
		Cause:     subject(name) + " failed its health check",
		Evidence:  fmt.Sprintf("task %s runs and its health is UNHEALTHY", t.ID()),
		Advice:    "run the healthCheck command in the image; raise startPeriod or retries for a slow start",
		Container: name,
		Class:     Yours,
	}, true
}

// failedTarget explains a target that the load balancer does not send requests to.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
func failedTarget(h ecs.TargetHealth) (Finding, bool) {
	if h.State != "unhealthy" && h.State != "unused" {
		return Finding{}, false
	}
	advice := "check the health check's path, port and codes, and the security groups"
	switch h.Reason {
	case "Target.Timeout":
		advice = "the target does not answer in time: check the security groups, the port, and that the application listens on 0.0.0.0"
	case "Target.ResponseCodeMismatch":
		advice = "the health check's path answers with another code than the target group's matcher: correct either"
	case "Target.NotInUse":
		advice = "no listener sends to the target group, or the target's availability zone is not enabled"
	}
	said := strings.TrimSpace(h.Reason + " " + h.Description)
	return Finding{
		Cause:    fmt.Sprintf("the load balancer found port %d of the task %s", h.Port, h.State),
		Evidence: fmt.Sprintf("%s:%d in %s: %s", h.Target, h.Port, ecs.LastPart(targetGroupName(h.TargetGroup)), said),
		Advice:   advice,
		Class:    Yours,
	}, true
}

// targetGroupName cuts the id off a target group's ARN, …:targetgroup/NAME/ID.
func targetGroupName(arn string) string {
	if i := strings.LastIndex(arn, "/"); i > 0 && strings.Contains(arn, ":targetgroup/") {
		return arn[:i]
	}
	return arn
}
