package lint

import (
	"fmt"

	"github.com/tagboat/tagboat/internal/source"
)

// configuration returns the service's deploymentConfiguration, or a member of it.
func (s *subject) configuration(path ...string) *source.Node {
	return at(s.Service, append([]string{"deploymentConfiguration"}, path...)...)
}

// percents: "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will
// block deployments."
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
func percents(s *subject) {
	configuration := s.configuration()
	s.within(configuration, bounds{"minimumHealthyPercent", 0, 100}, "deploymentConfiguration")
	minimum, given := number(configuration, "minimumHealthyPercent")
	if !given && !s.Exists {
		minimum = 100
	}
	maximum, ok := number(configuration, "maximumPercent")
	if !ok || !rolling(configuration) || text(s.Service, "schedulingStrategy") == "DAEMON" {
		return
	}
	n := at(configuration, "maximumPercent")
	switch {
	case maximum <= minimum && minimum == 100 && s.Exists:
		// deploy says it with the numbers of tasks
	case maximum <= minimum && minimum == 100:
		s.refuse(n, "lower minimumHealthyPercent or raise maximumPercent", "with maximumPercent %d and minimumHealthyPercent %d no rollout can move: no task may stop and none may start", maximum, minimum)
	case maximum < minimum:
		s.refuse(n, "raise it", "maximumPercent %d is below minimumHealthyPercent %d", maximum, minimum)
	case maximum <= 100 && text(s.Service, "availabilityZoneRebalancing") == "ENABLED":
		s.warn(n, "raise it above 100, or set availabilityZoneRebalancing to DISABLED", "availabilityZoneRebalancing starts a task before it stops one, which maximumPercent %d does not allow", maximum)
	}
}

// strategy: "advancedConfiguration field is required for all loadBalancers when using a
// non-ROLLING deployment strategy", and the ranges of each strategy.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CanaryConfiguration.html and
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinearConfiguration.html
func strategy(s *subject) {
	const day = 1440 // minutes
	s.within(s.configuration(), bounds{"bakeTimeInMinutes", 0, day}, "deploymentConfiguration")
	s.within(s.configuration("canaryConfiguration"), bounds{"canaryBakeTimeInMinutes", 0, day}, "canaryConfiguration")
	s.within(s.configuration("linearConfiguration"), bounds{"stepBakeTimeInMinutes", 0, day}, "linearConfiguration")
	s.percent(s.configuration("canaryConfiguration", "canaryPercent"), "canaryPercent", 0.1)
	s.percent(s.configuration("linearConfiguration", "stepPercent"), "stepPercent", 3)
	chosen := text(s.configuration("strategy"))
	for _, of := range []struct{ member, strategy string }{{"canaryConfiguration", "CANARY"}, {"linearConfiguration", "LINEAR"}} {
		if n := s.configuration(of.member); n != nil && chosen != of.strategy {
			s.warn(n, fmt.Sprintf(`remove it, or set "strategy": %q`, of.strategy), "%s is for the strategy %s alone", of.member, of.strategy)
		}
	}
	if rolling(s.configuration()) {
		return
	}
	for _, lb := range list(s.Service, "loadBalancers") {
		advanced := at(lb, "advancedConfiguration")
		if advanced == nil {
			s.refuse(lb, "add it: alternateTargetGroupArn, productionListenerRule and roleArn", "the deployment strategy %s needs advancedConfiguration at each load balancer", chosen)
			continue
		}
		for _, member := range []string{"alternateTargetGroupArn", "productionListenerRule", "roleArn"} {
			if text(advanced, member) == "" {
				s.warn(advanced, fmt.Sprintf("add %q", member), "the deployment strategy %s shifts traffic with %s, which advancedConfiguration does not have", chosen, member)
			}
		}
	}
}

func rolling(configuration *source.Node) bool {
	chosen := text(configuration, "strategy")
	return chosen == "" || chosen == "ROLLING"
}

func (s *subject) percent(n *source.Node, member string, least float64) {
	if value, ok := decimal(n); ok && (value < least || value > 100) {
		s.refuse(n, fmt.Sprintf("it is %g to 100", least), "%s cannot be %s", member, n.Text)
	}
}

// breaker: a percentage is 1 to 100, a count one failure at least.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
func breaker(s *subject) {
	threshold := s.configuration("deploymentCircuitBreaker", "thresholdConfiguration")
	if text(threshold, "type") == "COUNT" {
		if n, ok := number(threshold, "value"); ok && n < 1 {
			s.refuse(at(threshold, "value"), "it is 1 or more", "thresholdConfiguration: no count of failures is %d", n)
		}
		return
	}
	s.within(threshold, bounds{"value", 1, 100}, "thresholdConfiguration, a percentage")
}

// alarms that are enabled have names.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentAlarms.html
func alarms(s *subject) {
	n := s.configuration("alarms")
	if n != nil && text(n, "enable") != "false" && len(list(n, "alarmNames")) == 0 {
		s.refuse(or(at(n, "alarmNames"), n), `name them in "alarmNames", or set "enable": false`, "alarms are enabled, and none is named")
	}
}

// hooks: a function needs its ARN and a role; nobody pauses while traffic shifts.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHook.html
func hooks(s *subject) {
	for _, h := range list(s.configuration(), "lifecycleHooks") {
		if text(h, "targetType") != "PAUSE" {
			if text(h, "hookTargetArn") == "" {
				s.refuse(h, `add "hookTargetArn", the function's ARN, or set "targetType": "PAUSE"`, "a lifecycle hook needs a function to call")
			}
			continue
		}
		for _, stage := range list(h, "lifecycleStages") {
			if stage.Text == "TEST_TRAFFIC_SHIFT" || stage.Text == "PRODUCTION_TRAFFIC_SHIFT" {
				s.refuse(stage, "pause before or after it", "a deployment cannot pause at the stage %s", stage.Text)
			}
		}
	}
}

// gracePeriod: "Health check grace period is only valid for services configured to use
// load balancers". Container health checks have it since; so it is only a warning.
func gracePeriod(s *subject) {
	n := at(s.Service, "healthCheckGracePeriodSeconds")
	seconds, ok := number(s.Service, "healthCheckGracePeriodSeconds")
	if !ok {
		return
	}
	s.within(s.Service, bounds{"healthCheckGracePeriodSeconds", 0, 2_147_483_647}, "the service")
	if seconds > 0 && len(list(s.Service, "loadBalancers")) == 0 && !s.Exists {
		s.warn(n, "remove it, or add loadBalancers", "ECS may refuse healthCheckGracePeriodSeconds for a service without a load balancer")
	}
}
