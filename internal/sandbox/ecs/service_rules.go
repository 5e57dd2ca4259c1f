package ecs

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/ecs/definition"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// checkPlacement refuses to place by hand what Fargate places.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html
func checkPlacement(s *settings, _ *definition.Task) error {
	strategies, constraints, err := s.placement()
	if err != nil {
		return err
	}
	if s.runsOn() == definition.Fargate && len(strategies) > 0 {
		return invalidParameter("Placement strategies are not supported with FARGATE launch type")
	}
	if s.runsOn() == definition.Fargate && len(constraints) > 0 {
		return invalidParameter("Placement constraints are not supported with FARGATE launch type")
	}
	for _, p := range strategies {
		if !slices.Contains([]string{"random", "spread", "binpack"}, p.Type) {
			return invalidParameter("Placement strategy type should be one of [random,spread,binpack]")
		}
	}
	for _, c := range constraints {
		if !slices.Contains([]string{"distinctInstance", "memberOf"}, c.Type) {
			return invalidParameter("Placement constraint type should be one of [distinctInstance,memberOf]")
		}
	}
	if len(strategies) > 5 || len(constraints) > 10 {
		return invalidParameter("There can be up to 5 placement strategies and 10 placement constraints.")
	}
	return nil
}

type placementStrategy struct{ Type, Field string }

type placementConstraint struct{ Type, Expression string }

// placement reads what the scheduler is to place tasks by.
func (s *settings) placement() ([]placementStrategy, []placementConstraint, error) {
	var strategies []placementStrategy
	var constraints []placementConstraint
	err := read(s.Other.Strategy, &strategies)
	if err == nil {
		err = read(s.Other.Constraints, &constraints)
	}
	return strategies, constraints, err
}

// read decodes a member that travels as JSON.
func read(raw json.RawMessage, into any) error {
	if !given(raw) {
		return nil
	}
	if err := json.Unmarshal(wire.Exact(raw, into, wire.LowerCamel), into); err != nil {
		return refused("SerializationException", "%v", err)
	}
	return nil
}

// checkServiceConnect looks for the ports that a service offers to others.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceConnectService.html
func checkServiceConnect(s *settings, content *definition.Task) error {
	var connect struct {
		Enabled  bool
		Services []struct{ PortName string }
	}
	if err := read(s.Revision.ServiceConnect, &connect); err != nil || !connect.Enabled {
		return err
	}
	for _, offered := range connect.Services {
		if offered.PortName == "" {
			return invalidParameter("portName must be specified for each Service Connect service.")
		}
		if !content.NamesPort(offered.PortName) {
			return invalidParameter("portName(%s) does not refer to any named PortMapping in the task definition.", offered.PortName)
		}
	}
	return nil
}

// checkLattice looks for the ports that VPC Lattice sends to.
func checkLattice(s *settings, content *definition.Task) error {
	var lattice []struct{ PortName string }
	if err := read(s.Revision.Lattice, &lattice); err != nil {
		return err
	}
	for _, target := range lattice {
		if !content.NamesPort(target.PortName) {
			return invalidParameter("portName(%s) does not refer to any named PortMapping in the task definition.", target.PortName)
		}
	}
	return nil
}

// checkVolumesAtLaunch matches the volumes that a task definition leaves open with those
// that the service or RunTask configures.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ebs-volumes.html
func checkVolumesAtLaunch(s *settings, content *definition.Task) error {
	var configured []struct{ Name string }
	if err := read(s.Revision.Volumes, &configured); err != nil {
		return err
	}
	if s.Scheduling == rollout.Daemon && len(configured) > 0 {
		return invalidParameter("Volume configurations are not supported for the daemon scheduling strategy.")
	}
	for _, c := range configured {
		if !slices.ContainsFunc(content.Volumes, func(v definition.Volume) bool { return v.Name == c.Name && v.ConfiguredAtLaunch }) {
			return invalidParameter("Volume configuration provided but no matching configuredAtLaunch volume found in task definition.")
		}
	}
	for _, v := range content.Volumes {
		if v.ConfiguredAtLaunch && !slices.ContainsFunc(configured, func(c struct{ Name string }) bool { return c.Name == v.Name }) {
			return invalidParameter("The volume %s is configured at launch in the task definition, but no volume configuration was provided for it.", v.Name)
		}
	}
	return nil
}

const (
	zoneAttribute = "attribute:ecs.availability-zone"
	enabled       = "ENABLED"
	disabled      = "DISABLED"
)

// checkRebalancing refuses to keep zones even where the scheduler cannot.
func checkRebalancing(s *settings, _ *definition.Task) error {
	switch s.Other.Rebalancing {
	case disabled:
		return nil
	case enabled:
	default:
		return invalidParameter("availabilityZoneRebalancing should be one of [ENABLED,DISABLED]")
	}
	if why := s.cannotRebalance(); why != "" {
		return invalidParameter("Availability Zone rebalancing is not supported for %s.", why)
	}
	return nil
}

// cannotRebalance names what keeps ECS from rebalancing zones; "" where nothing does.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html
func (s *settings) cannotRebalance() string {
	strategies, constraints, err := s.placement()
	switch {
	case err != nil:
		return "a placement that cannot be read" // checkPlacement says more
	case s.Scheduling == rollout.Daemon:
		return "the daemon scheduling strategy"
	case s.runsOn() == "EXTERNAL":
		return "the EXTERNAL launch type"
	case *s.Configuration.MaximumPercent <= 100:
		return "services with a maximumPercent of 100"
	case len(strategies) > 0 && (strategies[0].Type != "spread" || strategies[0].Field != zoneAttribute):
		return "services whose first placement strategy does not spread over Availability Zones"
	case slices.ContainsFunc(constraints, func(c placementConstraint) bool { return strings.Contains(c.Expression, zoneAttribute) }):
		return "services with a placement constraint on the Availability Zone"
	case slices.ContainsFunc(s.LoadBalancers, func(lb loadBalancer) bool { return lb.LoadBalancerName != "" }):
		return "services behind a Classic Load Balancer"
	}
	return ""
}

// checkExec wants a role that containers can open a session with. Roles are among what
// only a strict sandbox asks for.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
func (r *region) checkExec(on bool, content *definition.Task, what string) error {
	if !on || content.TaskRoleARN != "" || !r.deps.Strict {
		return nil
	}
	return invalidParameter("%s because a valid taskRoleArn is not being used. Specify a valid task role in your task definition and try again.", what)
}

// checkDesired holds the rule of who says how many tasks there are.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
func (in *serviceRequest) checkDesired(scheduling string, creates bool) error {
	if scheduling == rollout.Daemon && in.DesiredCount != nil {
		return invalidParameter("The daemon scheduling strategy does not support a desired count for services. Remove the desired count value and try again.")
	}
	if creates && scheduling == rollout.Replica && in.DesiredCount == nil {
		return invalidParameter("A desired count must be specified for a service with the REPLICA scheduling strategy.")
	}
	return nil
}

// checkController refuses changes that another deployment controller makes by its own ways.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
func (in *serviceRequest) checkController(controller string) error {
	if c := in.DeploymentController; c != nil && c.Type != "" && c.Type != controller {
		return unsupported("changes of a service's deployment controller")
	}
	if controller == "ECS" {
		return nil
	}
	instead := map[string]string{
		"CODE_DEPLOY": "Use AWS CodeDeploy to trigger a new deployment.", "EXTERNAL": "Use CreateTaskSet.",
	}[controller]
	if in.ForceNewDeployment {
		return invalidParameter("Cannot force a new deployment on services with a %s deployment controller. %s", controller, instead)
	}
	for _, member := range []struct {
		name  string
		given bool
	}{
		{"task definition", in.TaskDefinition != nil},
		{"network parameters", in.NetworkConfiguration != nil},
		{"platform version", in.PlatformVersion != nil},
		{"load balancers", in.LoadBalancers != nil},
		{"service registries", given(in.ServiceRegistries)},
		{"capacity provider strategy", given(in.CapacityProviderStrategy)},
		{"service connect configuration", given(in.ServiceConnectConfiguration)},
		{"volume configurations", given(in.VolumeConfigurations)},
		{"VPC Lattice configurations", given(in.VpcLatticeConfigurations)},
		{"deployment configuration", in.DeploymentConfiguration != nil && controller == "EXTERNAL"},
	} {
		if member.given {
			return invalidParameter("Unable to update %s on services with %s deployment controller. %s", member.name, article(controller), instead)
		}
	}
	return nil
}

func article(controller string) string {
	if controller == "EXTERNAL" {
		return "an " + controller
	}
	return "a " + controller
}
