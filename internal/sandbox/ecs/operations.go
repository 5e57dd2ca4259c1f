package ecs

import (
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Service returns the operations.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Operations.html
func (s *Service) Service() wire.Service {
	return wire.Service{
		Name:     "ecs",
		Protocol: wire.JSON11,
		Target:   "AmazonEC2ContainerServiceV20141113.",
		Operations: map[string]wire.Operation{
			"CreateCluster":         operation(s, call.createCluster),
			"DescribeClusters":      operation(s, call.describeClusters),
			"ListClusters":          operation(s, call.listClusters),
			"DeleteCluster":         inCluster(s, call.deleteCluster),
			"UpdateCluster":         inCluster(s, call.updateCluster),
			"UpdateClusterSettings": inCluster(s, call.updateCluster),

			"CreateCapacityProvider":      operation(s, call.createProvider),
			"DeleteCapacityProvider":      operation(s, call.deleteProvider),
			"DescribeCapacityProviders":   operation(s, call.describeProviders),
			"PutClusterCapacityProviders": inCluster(s, call.putProviders),

			"ListAccountSettings":      operation(s, call.listAccountSettings),
			"PutAccountSetting":        operation(s, call.putAccountSetting),
			"PutAccountSettingDefault": operation(s, call.putAccountSetting),

			"ListContainerInstances":      inCluster(s, call.listInstances),
			"DescribeContainerInstances":  inCluster(s, call.describeInstances),
			"RegisterContainerInstance":   inCluster(s, call.registerInstance),
			"DeregisterContainerInstance": inCluster(s, call.deregisterInstance),

			"RegisterTaskDefinition":     operation(s, call.registerTaskDefinition),
			"DescribeTaskDefinition":     operation(s, call.describeTaskDefinition),
			"ListTaskDefinitions":        operation(s, call.listTaskDefinitions),
			"ListTaskDefinitionFamilies": operation(s, call.listTaskDefinitionFamilies),
			"DeregisterTaskDefinition":   operation(s, call.deregisterTaskDefinition),
			"DeleteTaskDefinitions":      operation(s, call.deleteTaskDefinitions),

			"CreateService":    operation(s, call.createService),
			"UpdateService":    operation(s, call.updateService),
			"DeleteService":    inCluster(s, call.deleteService),
			"DescribeServices": inCluster(s, call.describeServices),
			"ListServices":     inCluster(s, call.listServices),

			"ListServiceDeployments":     inCluster(s, call.listServiceDeployments),
			"DescribeServiceDeployments": operation(s, call.describeServiceDeployments),
			"DescribeServiceRevisions":   operation(s, call.describeServiceRevisions),
			"StopServiceDeployment":      operation(s, call.stopServiceDeployment),
			"ContinueServiceDeployment":  operation(s, call.continueServiceDeployment),

			"ListTasks":     operation(s, call.listTasks),
			"DescribeTasks": inCluster(s, call.describeTasks),
			"RunTask":       operation(s, call.runTask),
			"StopTask":      inCluster(s, call.stopTask),

			"UpdateTaskProtection": operation(s, call.updateProtection),
			"GetTaskProtection":    operation(s, call.getProtection),
			"ExecuteCommand":       inCluster(s, call.executeCommand),

			"TagResource":         operation(s, call.tagResource),
			"UntagResource":       operation(s, call.untagResource),
			"ListTagsForResource": operation(s, call.listTagsForResource),
		},
	}
}

// Ignored lists, by operation, the request members that the sandbox takes and mostly
// answers again, but by which nothing happens. It is what the documentation shows.
func Ignored() map[string][]string {
	service := []string{
		"availabilityZoneRebalancing (tasks are spread when they start, and stay)", "deploymentConfiguration.earlySuccessCriteria",
		"deploymentConfiguration.lifecycleHooks of the strategy ROLLING",
		"enableExecuteCommand", "gatewayConnectors", "loadBalancers.advancedConfiguration: the listeners' rules (they are looked up, and no request goes through them)",
		"monitoring", "networkConfiguration (subnets and security groups are not looked up)",
		"placementConstraints", "placementStrategy", "serviceConnectConfiguration",
		"serviceRegistries", "volumeConfigurations", "vpcLatticeConfigurations",
	}
	return map[string][]string{
		"CreateCluster":       {"configuration", "serviceConnectDefaults", "settings"},
		"UpdateCluster":       {"configuration", "serviceConnectDefaults", "settings"},
		"CreateService":       service,
		"UpdateService":       service,
		"ListTasks":           {"daemonName"},
		"PutAccountSetting":   {"principalArn", "value (it is answered again)"},
		"ListAccountSettings": {"principalArn", "value"},
		"RunTask": {
			"enableECSManagedTags", "enableExecuteCommand", "networkConfiguration (subnets and security groups are not looked up)",
			"overrides (checked and answered; what a container does, its image says)", "placementConstraints", "placementStrategy", "referenceId", "volumeConfigurations",
		},
		"RegisterTaskDefinition": {
			"enableFaultInjection", "ephemeralStorage (its size is checked)", "inferenceAccelerators", "ipcMode", "pidMode",
			"placementConstraints", "proxyConfiguration", "taskRoleArn", "volumes",
			"containerDefinitions.command, entryPoint, environment and environmentFiles (an image's labels say what a container does)",
			"containerDefinitions.dependsOn (checked, but containers start together)",
			"containerDefinitions.healthCheck.command (an image's labels say what it answers)",
			"containerDefinitions.repositoryCredentials", "containerDefinitions.restartPolicy",
			"containerDefinitions.secrets of Secrets Manager (they count as there)",
			"containerDefinitions.startTimeout",
			"members that ECS does not have (they are kept and answered)",
		},
	}
}
