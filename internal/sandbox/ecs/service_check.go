package ecs

import (
	"slices"

	"github.com/tagboat/tagboat/internal/sandbox/ecs/definition"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
)

// check tells what ECS refuses of a service that is to run a task definition, in its
// words, or nil.
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
func (s *settings) checkPlatform() error {
	if s.Platform != "" && s.runsOn() != definition.Fargate {
		return invalidParameter("The platform version must be null when specifying an EC2 launch type.")
	}
	switch s.Platform {
	case "", "LATEST", "1.4.0", "1.3.0", "1.2.0", "1.1.0", "1.0.0":
		return nil
	}
	return refused("PlatformUnknownException", "The specified platform version does not exist.")
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
