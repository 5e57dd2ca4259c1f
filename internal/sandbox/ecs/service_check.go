package ecs

import (
	"cmp"
	"slices"

	"github.com/tagboat/tagboat/internal/sandbox/ecs/definition"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
)

// check returns the error with which ECS refuses a service that is to run a task
// definition, or nil.
func (c call) check(s *settings, content *definition.Task) error {
	for _, check := range []func(*settings, *definition.Task) error{
		checkScheduling, c.checkCapacity, checkNetwork, c.checkLoadBalancers, checkGrace, checkPlacement,
		checkServiceConnect, checkLattice, checkVolumesAtLaunch, checkRebalancing,
	} {
		if err := check(s, content); err != nil {
			return err
		}
	}
	return s.Configuration.check()
}

func unsupported(what string) error {
	return refused("UnsupportedFeatureException", "The sandbox does not have %s.", what)
}

func checkScheduling(s *settings, _ *definition.Task) error {
	if !slices.Contains([]string{"ECS", "CODE_DEPLOY", "EXTERNAL"}, s.Controller) {
		return invalidParameter("Deployment controller type should be one of [ECS,CODE_DEPLOY,EXTERNAL]")
	}
	if s.Controller != "ECS" && s.Configuration.Strategy != rollout.Rolling {
		return invalidParameter("The deployment strategy %s needs the ECS deployment controller.", s.Configuration.Strategy)
	}
	if s.Scheduling == rollout.Daemon && s.Configuration.Strategy != rollout.Rolling {
		return invalidParameter("The deployment strategy %s is not supported for the daemon scheduling strategy.", s.Configuration.Strategy)
	}
	if s.Scheduling != rollout.Replica && s.Scheduling != rollout.Daemon {
		return invalidParameter("Scheduling strategy should be one of [REPLICA,DAEMON]")
	}
	if s.Scheduling == rollout.Daemon && s.runsOn() == definition.Fargate {
		return invalidParameter("The daemon scheduling strategy is not supported for the Fargate launch type.")
	}
	if s.Desired < 0 || s.Desired > maxTasks {
		return invalidParameter("Desired count must be between 0 and %d.", maxTasks)
	}
	return nil
}

// maxTasks is the quota of tasks per service.
// https://docs.aws.amazon.com/general/latest/gr/ecs-service.html
const maxTasks = 5000

// checkPlatform knows the platform versions of Linux.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-fargate.html
func (s *settings) checkPlatform(content *definition.Task) error {
	if s.Platform != "" && s.runsOn() != definition.Fargate {
		return invalidParameter("The platform version must be null when specifying an EC2 launch type.")
	}
	switch s.Platform {
	case "", "LATEST", "1.4.0":
		return nil
	case "1.3.0", "1.2.0", "1.1.0", "1.0.0":
		if content.NeedsPlatform14() {
			return refused("PlatformTaskDefinitionIncompatibilityException", "One or more of the requested capabilities are not supported.")
		}
		return nil
	}
	return refused("PlatformUnknownException", "The specified platform does not exist.")
}

func checkNetwork(s *settings, content *definition.Task) error {
	if content.NetworkMode != "awsvpc" {
		if s.Revision.Network != nil {
			return invalidParameter("Network Configuration is not valid for the given networkMode of this task definition.")
		}
		return nil
	}
	if s.Revision.Network == nil || s.Revision.Network.AwsvpcConfiguration == nil {
		return invalidParameter("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
	}
	if s.Other.Role != "" {
		return invalidParameter("You cannot specify an IAM role for services that require a service linked role.")
	}
	vpc := s.Revision.Network.AwsvpcConfiguration
	switch {
	case len(vpc.Subnets) == 0:
		return invalidParameter("subnets can not be empty.")
	case len(vpc.Subnets) > 16:
		return invalidParameter("subnets can have at most 16 items.")
	case len(vpc.SecurityGroups) > 5:
		return invalidParameter("securityGroups can have at most 5 items.")
	case vpc.AssignPublicIP == "ENABLED" && s.runsOn() != definition.Fargate:
		return invalidParameter("Assign public IP is not supported for this launch type.")
	}
	return nil
}

func checkGrace(s *settings, content *definition.Task) error {
	if s.Grace == nil {
		return nil
	}
	checked := slices.ContainsFunc(content.ContainerDefinitions, func(c definition.Container) bool { return c.HealthCheck != nil })
	if *s.Grace > 0 && len(s.LoadBalancers) == 0 && !checked {
		return invalidParameter("Health check grace period is only valid for services configured to use load balancers")
	}
	if *s.Grace < 0 {
		return invalidParameter("Health check grace period must not be negative.")
	}
	return nil
}

// loadBalancer ties a container's port to a target group.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LoadBalancer.html
type loadBalancer struct {
	TargetGroupARN   string                 `json:"targetGroupArn,omitempty"`
	LoadBalancerName string                 `json:"loadBalancerName,omitempty"`
	ContainerName    string                 `json:"containerName"`
	ContainerPort    int                    `json:"containerPort"`
	Advanced         *advancedConfiguration `json:"advancedConfiguration,omitempty"`
}

// advancedConfiguration is what a strategy that shifts traffic needs.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AdvancedConfiguration.html
type advancedConfiguration struct {
	Alternate  string `json:"alternateTargetGroupArn,omitempty"`
	Production string `json:"productionListenerRule,omitempty"`
	Test       string `json:"testListenerRule,omitempty"`
	Role       string `json:"roleArn,omitempty"`
}

// maxBalancers is how many target groups a service can have.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/register-multiple-targetgroups.html
const maxBalancers = 5

func (c call) checkLoadBalancers(s *settings, content *definition.Task) error {
	if len(s.LoadBalancers) > maxBalancers {
		return invalidParameter("load balancers can have at most %d items.", maxBalancers)
	}
	for _, lb := range s.LoadBalancers {
		if lb.LoadBalancerName != "" {
			return unsupported("Classic Load Balancers")
		}
		if lb.ContainerName == "" {
			return invalidParameter("Container Name can not be blank.")
		}
		container := content.Container(lb.ContainerName)
		if container == nil {
			return invalidParameter("The container %s does not exist in the task definition.", lb.ContainerName)
		}
		if !slices.ContainsFunc(container.PortMappings, func(p definition.PortMapping) bool { return p.Covers(lb.ContainerPort) }) {
			return invalidParameter("The container %s did not have a container port %d defined.", lb.ContainerName, lb.ContainerPort)
		}
		if err := c.checkGroup(lb.TargetGroupARN, content, true); err != nil {
			return err
		}
		if err := c.checkAdvanced(lb.Advanced, content, s.Configuration.Strategy); err != nil {
			return err
		}
	}
	return nil
}

// checkGroup checks whether a target group can take the tasks of a definition. balanced asks
// for a load balancer that sends to it.
func (c call) checkGroup(arn string, content *definition.Task, balanced bool) error {
	targets, has, ok := c.deps.Targets.Kind(arn)
	mode := cmp.Or(content.NetworkMode, "bridge")
	fits := "instance"
	if mode == "awsvpc" {
		fits = "ip"
	}
	switch {
	case !ok:
		return invalidParameter("Unable to assume role and validate the specified targetGroupArn. Please verify that the ECS service role being passed has the proper permissions.")
	case targets != fits:
		return invalidParameter("The provided target group %s has target type %s, which is incompatible with the %s network mode specified in the task definition.", arn, targets, mode)
	case balanced && !has:
		return invalidParameter("The target group with targetGroupArn %s does not have an associated load balancer.", arn)
	}
	return nil
}

func (c call) checkAdvanced(a *advancedConfiguration, content *definition.Task, strategy string) error {
	if a == nil {
		if strategy == rollout.Rolling {
			return nil
		}
		return invalidParameter("advancedConfiguration field is required for all loadBalancers when using a non-ROLLING deployment strategy")
	}
	for _, member := range []struct{ name, value string }{
		{"alternateTargetGroupArn", a.Alternate}, {"productionListenerRule", a.Production}, {"roleArn", a.Role},
	} {
		if member.value == "" {
			return invalidParameter("%s must be specified in the advancedConfiguration of a load balancer.", member.name)
		}
	}
	if !definition.ValidRole(a.Role) {
		return invalidParameter("The roleArn of the advancedConfiguration is not valid.")
	}
	for name, arn := range map[string]string{"production": a.Production, "test": a.Test} {
		if arn != "" && !c.deps.Targets.Routes(arn) {
			return invalidParameter("The specified %s listener rule %s was not found.", name, arn)
		}
	}
	return c.checkGroup(a.Alternate, content, false)
}

// balancers returns the load balancers for the scheduler, loadBalancersOf turns them
// back.
func (s *settings) balancers() []rollout.LoadBalancer {
	var all []rollout.LoadBalancer
	for _, lb := range s.LoadBalancers {
		a := cmp.Or(lb.Advanced, &advancedConfiguration{})
		all = append(all, rollout.LoadBalancer{
			TargetGroup: lb.TargetGroupARN, Container: lb.ContainerName, Port: lb.ContainerPort,
			Alternate: a.Alternate, Production: a.Production, Test: a.Test, Role: a.Role,
		})
	}
	return all
}

func loadBalancersOf(balancers []rollout.LoadBalancer) []loadBalancer {
	all := []loadBalancer{}
	for _, lb := range balancers {
		of := loadBalancer{TargetGroupARN: lb.TargetGroup, ContainerName: lb.Container, ContainerPort: lb.Port}
		if a := (advancedConfiguration{Alternate: lb.Alternate, Production: lb.Production, Test: lb.Test, Role: lb.Role}); a != (advancedConfiguration{}) {
			of.Advanced = &a
		}
		all = append(all, of)
	}
	return all
}
