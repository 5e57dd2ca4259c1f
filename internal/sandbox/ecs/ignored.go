package ecs

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
		"ListServices":        {"resourceManagementType"},
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
