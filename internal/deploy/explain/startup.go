package explain

// startupReasons is why a container or the machine below it did not come up.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
func startupReasons() []meaning {
	return []meaning{
		{
			all:     []string{"CannotStartContainerError", "executable file not found"},
			cause:   "the container's command is not in its image",
			advice:  "correct command or entryPoint in the task definition",
			lasting: true,
		},
		{
			all:     []string{"CannotStartContainerError", "permission denied"},
			cause:   "the container's command may not be executed",
			advice:  "make the file executable in the image (chmod +x), or correct the container's user",
			lasting: true,
		},
		{
			all:     []string{"exec format error"},
			cause:   "the image was built for another processor than the task runs on",
			advice:  "build it for the task definition's runtimePlatform",
			lasting: true,
		},
		{
			all:    []string{"CannotStartContainerError"},
			cause:  "the container could not be started",
			advice: "see AWS's message; a command that the image lacks is the usual reason",
		},
		{
			all:    []string{"ContainerRuntimeTimeoutError"},
			cause:  "the container did not come up in the time that the runtime gives it",
			advice: "see AWS's message; a slow image or a full disk are the usual reasons",
			class:  Transient,
		},
		{
			all:    []string{"CannotCreateVolumeError"},
			cause:  "a volume of the task could not be mounted",
			advice: "check volumes and mountPoints in the task definition",
		},
		{
			all:    []string{"CannotInspectContainerError"},
			cause:  "the container runtime did not answer",
			advice: "it is AWS's to mend: ECS starts another task by itself",
			class:  AWS,
		},
		{
			all:    []string{"Timeout waiting for network interface provisioning"},
			cause:  "AWS did not get the task's network interface ready in time",
			advice: "ECS tries again by itself; see the subnets' free addresses if it goes on",
			class:  AWS,
		},
		{
			all:    []string{"Timeout waiting for EphemeralStorage provisioning"},
			cause:  "AWS did not get the task's disk ready in time",
			advice: "ECS tries again by itself",
			class:  AWS,
		},
		{
			all:    []string{"Timeout waiting for", "provisioning"},
			cause:  "AWS did not get something of the task ready in time",
			advice: "ECS tries again by itself",
			class:  AWS,
		},
		{
			all:    []string{"does not have enough free addresses"},
			cause:  "the subnet has no free addresses left",
			advice: "use larger subnets or more of them in networkConfiguration",
			class:  Transient,
		},
		{
			all:    []string{"InsufficientFreeAddresses"},
			cause:  "the subnet has no free addresses left",
			advice: "use larger subnets or more of them in networkConfiguration",
			class:  Transient,
		},
		{
			all:    []string{"Network Interface", "security group", "does not exist"},
			cause:  "a security group of the service does not exist",
			advice: "correct securityGroups in the service's networkConfiguration",
		},
		{
			all:    []string{"Unexpected EC2 error", "Network Interface"},
			cause:  "AWS could not make the task's network interface",
			advice: "ECS tries again by itself; AWS's message has EC2's own word for it",
			class:  AWS,
		},
		{
			all:    []string{"Host EC2", "terminated"},
			cause:  "the instance below the task ended",
			advice: "ECS starts another task by itself",
			class:  AWS,
		},
	}
}
