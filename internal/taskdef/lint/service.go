package lint

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

// AWS's words that are quoted below are those of
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
// and of the errors that it was seen to answer.

// serviceName: 255 letters, numbers, underscores and hyphens at most.
func serviceName(s *subject) {
	if n := at(s.Service, "serviceName"); n != nil && n.Text != "" && !namePattern().MatchString(n.Text) {
		s.refuse(n, nameHint, "serviceName %q has characters that ECS does not take, or too many", n.Text)
	}
}

// loadBalancers: "The container x does not exist in the task definition.", "The container
// x did not have a container port n defined".
func loadBalancers(s *subject) {
	for _, lb := range list(s.ofService("loadBalancers")) {
		s.target(lb, "loadBalancers"+s.unsaid("loadBalancers"))
		if text(lb, "targetGroupArn") != "" && text(lb, "loadBalancerName") != "" {
			s.refuse(at(lb, "loadBalancerName"), "remove it: a target group has its load balancer", "a load balancer is named by targetGroupArn or by loadBalancerName, not by both")
		}
	}
}

// registries are Cloud Map's, which find a container and its port in the same way.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceRegistry.html
func registries(s *subject) {
	for _, r := range list(s.ofService("serviceRegistries")) {
		s.target(r, "serviceRegistries"+s.unsaid("serviceRegistries"))
	}
}

// target holds a container's name and port against the task definition.
func (s *subject) target(n *source.Node, what string) {
	name, port := at(n, "containerName"), at(n, "containerPort")
	if name == nil || name.Text == "" {
		return
	}
	c := s.container(name.Text)
	if c == nil {
		s.noContainer(name, what)
		return
	}
	if port == nil || port.Text == "0" {
		return
	}
	var known []string
	mapped := 0
	for _, p := range list(c, "portMappings") {
		if covers(p, port.Text) {
			mapped++
		}
		known = append(known, text(p, "containerPort")+text(p, "containerPortRange"))
	}
	if mapped > 1 {
		// https://github.com/terraform-aws-modules/terraform-aws-ecs/issues/89
		s.warn(port, "ECS may refuse it: map the port once", "%s: container %q maps containerPort %s more than once", what, name.Text, port.Text)
	}
	if mapped > 0 {
		return
	}
	hint := fmt.Sprintf(`add it there: "portMappings": [{"containerPort": %s}]`, port.Text)
	if len(known) > 0 {
		hint = "it has " + strings.Join(known, ", ")
	}
	s.refuse(port, hint, "%s: container %q has no containerPort %s in its portMappings", what, name.Text, port.Text)
}

// covers reports whether a mapping has the container's port, alone or in a range.
func covers(p *source.Node, port string) bool {
	if text(p, "containerPort") == port {
		return true
	}
	first, last, ok := strings.Cut(text(p, "containerPortRange"), "-")
	n, err := strconv.Atoi(port)
	from, errFrom := strconv.Atoi(first)
	to, errTo := strconv.Atoi(last)
	return ok && err == nil && errFrom == nil && errTo == nil && from <= n && n <= to
}

// portsByName: "portName(x) does not refer to any named PortMapping in the task
// definition", which Service Connect and VPC Lattice send to.
func portsByName(s *subject) {
	var known []string
	for _, c := range s.containers() {
		for _, p := range list(c, "portMappings") {
			if name := text(p, "name"); name != "" {
				known = append(known, name)
			}
		}
	}
	named := func(all []*source.Node, member string) {
		for _, service := range all {
			s.refuseUnknown(at(service, "portName"), known, `name the port in the task definition: {"containerPort": …, "name": %q}`,
				member+s.unsaid(member)+": no port of the task definition has the name %q")
		}
	}
	if connect := s.ofService("serviceConnectConfiguration"); text(connect, "enabled") != "false" {
		named(list(connect, "services"), "serviceConnectConfiguration")
	}
	named(list(s.ofService("vpcLatticeConfigurations")), "vpcLatticeConfigurations")
}

// network: "Network Configuration must be provided when networkMode awsvpc is specified."
// and "Network Configuration is not valid for the given networkMode of this task
// definition".
func network(s *subject) {
	n := s.ofService("networkConfiguration")
	vpc := at(n, "awsvpcConfiguration")
	switch mode := s.networkMode(); {
	case mode == "awsvpc" && vpc == nil && (!s.Exists || s.Running != nil):
		s.refuse(or(n, or(s.Service, s.Running)), `add "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-…"]}}`, "the task's network mode awsvpc needs a networkConfiguration with subnets")
	case mode != "awsvpc" && vpc != nil:
		s.refuse(n, `remove it, or set "networkMode": "awsvpc" in the task definition`, "networkConfiguration"+s.unsaid("networkConfiguration")+" is for network mode awsvpc, and the task definition has %s", mode)
	}
}

// subnets: "subnets can not be empty."; 16 of them and 5 security groups are the most;
// "Assign public IP is not supported for this launch type."
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AwsVpcConfiguration.html
func subnets(s *subject) {
	vpc := at(s.Service, "networkConfiguration", "awsvpcConfiguration")
	if vpc == nil {
		return
	}
	if n := at(vpc, "subnets"); n != nil && len(n.Items) == 0 {
		s.refuse(n, "name the subnets in which tasks may run", "subnets is empty")
	}
	for _, of := range []struct {
		member string
		most   int
	}{{"subnets", 16}, {"securityGroups", 5}} {
		all := list(vpc, of.member)
		if len(all) > of.most {
			s.refuse(all[of.most], fmt.Sprintf("keep %d of them", of.most), "%d %s: ECS takes %d", len(all), of.member, of.most)
		}
		for _, one := range all {
			if strings.TrimSpace(one.Text) == "" {
				s.refuse(one, "fill it in or remove it", "an entry of %s is empty", of.member)
			}
		}
	}
	if launch := text(s.Service, "launchType"); (launch == "EC2" || launch == "EXTERNAL") && text(vpc, "assignPublicIp") == "ENABLED" {
		s.refuse(at(vpc, "assignPublicIp"), "remove it: the instance has the address", "launch type %s assigns no public addresses to tasks", launch)
	}
}

// serviceRole: "You cannot specify an IAM role for services that require a service linked
// role." Network mode awsvpc does.
func serviceRole(s *subject) {
	if n := at(s.Service, "role"); n != nil && n.Text != "" && s.networkMode() == "awsvpc" {
		s.refuse(n, "remove it: ECS uses the service-linked role", "a service whose tasks have network mode awsvpc takes no role")
	}
}

// executeCommand: "The service couldn't be created because a valid taskRoleArn is not
// being used." https://github.com/docker-archive/compose-cli/issues/2120
// It is a warning: ECS says so before it begins anything, and where nothing looks at
// roles, as in a sandbox that is not strict, the service runs.
func executeCommand(s *subject) {
	n := at(s.Service, "enableExecuteCommand")
	if n != nil && n.Text == "true" && text(s.Task, "taskRoleArn") == "" {
		s.warn(n, `add "taskRoleArn" to the task definition, a role that allows ssmmessages:*`, "enableExecuteCommand needs a taskRoleArn in the task definition: ECS refuses it without one")
	}
}

// volumesAtLaunch: a volume that is configured at launch has its configuration in the
// service, and nothing else does.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceVolumeConfiguration.html
func volumesAtLaunch(s *subject) {
	atLaunch := map[string]*source.Node{}
	var names []string
	for _, v := range list(s.Task, "volumes") {
		if text(v, "configuredAtLaunch") == "true" {
			atLaunch[text(v, "name")] = v
			names = append(names, text(v, "name"))
		}
	}
	given := map[string]bool{}
	for _, v := range list(s.Service, "volumeConfigurations") {
		n := at(v, "name")
		if n != nil && atLaunch[n.Text] == nil {
			s.refuse(n, strings.TrimSpace(`give the volume "configuredAtLaunch": true in the task definition. `+tagboat.Suggest(n.Text, names)), "volumeConfigurations: no volume %q of the task definition is configured at launch", n.Text)
		}
		given[text(v, "name")] = true
	}
	for _, name := range names {
		if !given[name] && !s.Exists {
			s.refuse(s.Service, fmt.Sprintf(`add "volumeConfigurations": [{"name": %q, "managedEBSVolume": {…}}]`, name), "volume %q is configured at launch, and the service does not configure it", name)
		}
	}
}

// capacity: "Specifying both a launch type and capacity provider strategy is not
// supported. Remove one and try again."
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
func capacity(s *subject) {
	all := list(s.Service, "capacityProviderStrategy")
	if len(all) == 0 {
		return
	}
	if n := at(s.Service, "launchType"); n != nil {
		s.refuse(n, "remove it: the capacity providers say where tasks run", "launchType and capacityProviderStrategy exclude each other")
	}
	bases, weighed, ours := 0, false, 0
	for _, item := range all {
		s.within(item, bounds{"base", 0, 100_000}, "capacityProviderStrategy")
		s.within(item, bounds{"weight", 0, 1000}, "capacityProviderStrategy")
		base, _ := number(item, "base")
		weight, _ := number(item, "weight")
		if base > 0 {
			bases++
		}
		weighed = weighed || weight > 0
		if isFargate(item) {
			ours++
		}
	}
	strategy := at(s.Service, "capacityProviderStrategy")
	switch {
	case len(all) > 20:
		s.refuse(all[20], "keep 20 of them", "%d capacity providers: a strategy has 20 at most", len(all))
	case bases > 1:
		s.refuse(strategy, "keep one base", "%d capacity providers have a base: one can", bases)
	case len(all) > 1 && !weighed:
		s.refuse(strategy, "give one a weight above 0", "no capacity provider has a weight above 0")
	case ours > 0 && ours < len(all):
		s.refuse(strategy, "keep either FARGATE and FARGATE_SPOT, or the others", "a strategy cannot have both Fargate's capacity providers and others")
	}
}

// scheduling: "Tasks using the Fargate launch type … don't support the DAEMON scheduling
// strategy", nor does a daemon take a strategy of placement.
func scheduling(s *subject) {
	if count, ok := number(s.Service, "desiredCount"); ok && count < 0 {
		s.refuse(at(s.Service, "desiredCount"), "it is 0 or more", "desiredCount cannot be %d", count)
	}
	n := at(s.Service, "schedulingStrategy")
	if n == nil || n.Text != "DAEMON" {
		return
	}
	if s.onFargate() {
		s.refuse(n, "DAEMON is one task on each container instance: Fargate has none", "Fargate does not have the scheduling strategy DAEMON")
	}
	if placed := at(s.Service, "placementStrategy"); placed != nil && len(placed.Items) > 0 {
		s.warn(placed, "remove it: a daemon has one task on each instance", "the scheduling strategy DAEMON needs no placementStrategy")
	}
}

var binpackPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?i:cpu|memory)$`) })

// placement: "Placement strategies are not supported with FARGATE launch type", and the
// same of constraints.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PlacementStrategy.html
func placement(s *subject) {
	for _, of := range []struct {
		member string
		most   int
	}{{"placementConstraints", 10}, {"placementStrategy", 5}} {
		n := at(s.Service, of.member)
		switch {
		case n == nil || len(n.Items) == 0:
		case s.onFargate():
			s.refuse(n, "remove it: Fargate spreads tasks over availability zones by itself", "Fargate does not take %s", of.member)
		case len(n.Items) > of.most:
			s.refuse(n.Items[of.most], fmt.Sprintf("keep %d of them", of.most), "%d entries of %s: ECS takes %d", len(n.Items), of.member, of.most)
		}
	}
	for _, p := range list(s.Service, "placementStrategy") {
		if field := at(p, "field"); text(p, "type") == "binpack" && (field == nil || !binpackPattern().MatchString(field.Text)) {
			s.refuse(or(field, p), `set "field" to "cpu" or "memory"`, "binpack fills instances by cpu or by memory")
		}
	}
	for _, c := range list(s.Service, "placementConstraints") {
		switch expression := text(c, "expression"); {
		case text(c, "type") == "memberOf" && expression == "":
			s.refuse(c, `add "expression", such as "attribute:ecs.instance-type =~ m5.*"`, "a placement constraint memberOf needs an expression")
		case text(c, "type") == "distinctInstance" && expression != "":
			s.refuse(at(c, "expression"), "remove it", "a placement constraint distinctInstance takes no expression")
		}
	}
}
