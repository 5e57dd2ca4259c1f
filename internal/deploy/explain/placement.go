package explain

// placementReasons is what keeps ECS from starting a task at all, as it stands in
// stopped reasons and in the service's events.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
func placementReasons() []meaning {
	return []meaning{
		{
			all:    []string{"RESOURCE:MEMORY"},
			cause:  "no container instance has enough free memory",
			advice: "add instances, or lower memory in the task definition",
			class:  Transient,
		},
		{
			all:    []string{"RESOURCE:CPU"},
			cause:  "no container instance has enough free CPU",
			advice: "add instances, or lower cpu in the task definition",
			class:  Transient,
		},
		{
			all:    []string{"insufficient memory available"},
			cause:  "no container instance has enough free memory",
			advice: "add instances, or lower memory in the task definition",
			class:  Transient,
		},
		{
			all:    []string{"insufficient CPU units available"},
			cause:  "no container instance has enough free CPU",
			advice: "add instances, or lower cpu in the task definition",
			class:  Transient,
		},
		{
			all:    []string{"already using a port required"},
			cause:  "the port that the task wants is taken on every container instance",
			advice: "use hostPort 0 for any free port, or add instances",
		},
		{
			all:    []string{"missing an attribute required"},
			cause:  "no container instance has an attribute that the task needs",
			advice: "see requiresAttributes of the task definition; an old agent or another architecture are the usual reasons",
		},
		{
			all:    []string{"encountered error \"AGENT\""},
			cause:  "the agent of the container instance is not connected",
			advice: "restart the ECS agent of the instance, or replace the instance",
			class:  AWS,
		},
		{
			all:    []string{"reached the limit on the number of"},
			cause:  "the account's quota of Fargate tasks or vCPUs is used up",
			advice: "ask for more under Service Quotas, or run less",
			class:  Transient,
		},
		{
			all:     []string{"configuration is above your limit"},
			cause:   "the task wants more CPU or memory than the account may have",
			advice:  "lower cpu and memory in the task definition, or ask for more under Service Quotas",
			lasting: true,
		},
		{
			all:    []string{"MemberOf placement constraint"},
			cause:  "no container instance meets the placement constraints",
			advice: "correct placementConstraints, or add instances that meet them",
		},
		{
			all:    []string{"Capacity is unavailable"},
			cause:  "AWS has no capacity for the task at this time",
			advice: "try again, or let the service use more availability zones or another capacity provider",
			class:  AWS,
		},
		{
			all:    []string{"no container instance met all of its requirements"},
			cause:  "no container instance of the cluster fits the task",
			advice: "add instances or choose Fargate; see the placement constraints, ports and attributes of the task",
			class:  Transient,
		},
		{
			all:    []string{"because of the service deployment configuration"},
			cause:  "the healthy percents let ECS neither stop an old task nor start a new one",
			advice: "lower minimumHealthyPercent or raise maximumPercent in the service definition",
		},
		{
			all:    []string{"under protection"},
			cause:  "tasks with scale-in protection keep the old deployment alive",
			advice: "wait until they end, or take their protection off",
		},
		{
			all:    []string{"alarm detected"},
			cause:  "a CloudWatch alarm of the service went off",
			advice: "see the alarm that the service's deployment configuration names",
			about:  aboutAlarms,
		},
		{
			all:    []string{"lifecycle hook(s) failed"},
			cause:  "a lifecycle hook did not let the deployment go on",
			advice: "AWS's message names the stage and the function; the function's log says why",
		},
		{
			all:    []string{"lifecycle hook", "timed out"},
			cause:  "a lifecycle hook did not answer in time",
			advice: "AWS's message names the stage; see the function's log, or raise timeoutInMinutes",
		},
		{
			all:    []string{"invalid networking configuration"},
			cause:  "the service's network configuration is not valid",
			advice: "check the subnets and security groups of the service definition: they have to exist in one VPC",
		},
		{
			all:    []string{"No rollback candidate was found"},
			cause:  "ECS found nothing to roll back to: no deployment of the service has completed yet",
			advice: "see why the first deployment fails; ECS starts no more tasks of it",
		},
		{
			all:    []string{"unable to assume"},
			cause:  "ECS may not assume a role that the task or service needs",
			advice: "check the role's trust policy: ecs-tasks.amazonaws.com for the task's roles",
		},
		{
			all:    []string{"operations are being throttled"},
			cause:  "AWS throttles the service's operations",
			advice: "wait: ECS tries again by itself",
			class:  AWS,
		},
		{
			all:    []string{"was unable to place a task"},
			cause:  "ECS could not place a task",
			advice: "see AWS's message",
			class:  Transient,
		},
		{
			all:    []string{"unable to consistently start tasks"},
			cause:  "ECS gave up on starting tasks quickly: too many failed",
			advice: "see why the stopped tasks failed",
		},
	}
}
