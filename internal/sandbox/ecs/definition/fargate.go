package definition

import (
	"slices"
	"strings"
)

// checkFargate returns the error with which ECS refuses a definition for Fargate, or nil.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
func checkFargate(t *Task) error {
	if t.NetworkMode != "awsvpc" {
		return clientError("Fargate only supports network mode ‘awsvpc’.")
	}
	if t.CPU == "" {
		return clientError("Fargate requires that 'cpu' be defined at the task level.")
	}
	if t.Memory == "" {
		return clientError("Fargate requires that 'memory' be defined at the task level.")
	}
	cpu, memory := taskUnits(t.CPU, vcpu), taskUnits(t.Memory, gigabyte)
	if !fargateSize(cpu, memory) || t.onWindows() && (cpu < 1024 || cpu > 4096) {
		return clientError("No Fargate configuration exists for given values: %d CPU, %d memory. See the Amazon ECS documentation for the valid values.", cpu, memory)
	}
	if err := checkFargateTask(t); err != nil {
		return err
	}
	for i := range t.ContainerDefinitions {
		if err := t.ContainerDefinitions[i].checkFargate(t.ExecutionRoleARN); err != nil {
			return err
		}
	}
	return nil
}

// checkFargate refuses what Fargate lacks for containers. The words are those seen
// for sourcePath and ipcMode where none were seen for a member.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
func (c *Container) checkFargate(executionRole string) error {
	if c.StopTimeout != nil && *c.StopTimeout > 120 {
		return clientError("Tasks using the Fargate launch type must have a container stop timeout of less than 120 seconds.")
	}
	if c.StartTimeout != nil && (*c.StartTimeout < 2 || *c.StartTimeout > 120) {
		return clientError("Tasks using the Fargate launch type must have a container start timeout between 2 and 120 seconds.")
	}
	if member := c.onlyOnInstances(); member != "" {
		return clientError("Fargate compatible task definitions do not support %s", member)
	}
	if err := c.LogConfiguration.checkFargate(executionRole); err != nil {
		return err
	}
	if needs := c.needsExecutionRole(); executionRole == "" && needs != "" {
		return clientError("Fargate requires task definition to have execution role ARN to support %s.", needs)
	}
	if executionRole == "" && ecrHost().MatchString(c.Image) {
		return clientError("Fargate requires task definition to have execution role ARN to support ECR images.")
	}
	return nil
}

// needsExecutionRole names what Fargate gets for the container by itself; "" for nothing.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
func (c *Container) needsExecutionRole() string {
	switch {
	case c.RepositoryAccess != nil:
		return "private registry authentication"
	case len(c.EnvironmentFiles) > 0:
		return "environment files"
	}
	return ""
}

// onlyOnInstances names a member that only containers on instances can have; "" where
// the container has none.
func (c *Container) onlyOnInstances() string {
	gpu := slices.ContainsFunc(c.Resources, func(r struct{ Type string }) bool { return r.Type == "GPU" })
	for _, member := range []struct {
		name string
		has  bool
	}{
		{"privileged", c.Privileged},
		{"links", len(c.Links) > 0},
		{"devices", len(c.Linux.Devices) > 0},
		{"sharedMemorySize", c.Linux.SharedMemorySize != nil},
		{"maxSwap", c.Linux.MaxSwap != nil},
		{"swappiness", c.Linux.Swappiness != nil},
		{"dockerSecurityOptions", len(c.SecurityOptions) > 0},
		{"resourceRequirements of the type GPU", gpu},
		{"added capabilities other than SYS_PTRACE", slices.ContainsFunc(c.Linux.Capabilities.Add, func(name string) bool { return name != "SYS_PTRACE" })},
	} {
		if member.has {
			return member.name
		}
	}
	return ""
}

func (l *LogConfiguration) checkFargate(executionRole string) error {
	switch {
	case l == nil || l.LogDriver == "splunk" || l.LogDriver == "awsfirelens":
		return nil
	case l.LogDriver != "awslogs":
		return clientError("Fargate compatible task definitions do not support the log driver %s. It should be one of [awslogs,splunk,awsfirelens]", l.LogDriver)
	case executionRole == "":
		return clientError("Fargate requires task definition to have execution role ARN to support log driver awslogs.")
	case l.Options["awslogs-stream-prefix"] == "":
		return clientError("Fargate requires log configuration options to include awslogs-stream-prefix to support log driver awslogs.")
	}
	return nil
}

// checkFargateTask refuses what Fargate lacks for tasks.
func checkFargateTask(t *Task) error {
	switch {
	case t.IpcMode != "":
		return clientError("Tasks using the Fargate launch type do not support ipcMode.")
	case t.PidMode != "" && t.PidMode != "task":
		return clientError("Tasks using the Fargate launch type do not support pidMode %s.", t.PidMode)
	case len(t.PlacementConstraints) > 0:
		return clientError("Fargate compatible task definitions do not support placementConstraints")
	case len(t.InferenceAccelerators) > 0:
		return clientError("Fargate compatible task definitions do not support inferenceAccelerators")
	}
	for _, v := range t.Volumes {
		if v.Host != nil && v.Host.SourcePath != "" {
			return clientError("Fargate compatible task definitions do not support sourcePath")
		}
		if v.Docker != nil {
			return clientError("Fargate compatible task definitions do not support dockerVolumeConfiguration")
		}
		if v.FSx != nil {
			return clientError("Fargate compatible task definitions do not support fsxWindowsFileServerVolumeConfiguration")
		}
	}
	return nil
}

// fargateSize reports whether Fargate has a size of that many CPU units and MiB.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
func fargateSize(cpu, memory int) bool {
	if cpu == 256 {
		return memory == 512 || memory == 1024 || memory == 2048
	}
	sizes := map[int]struct{ from, to, step int }{
		512:   {1, 4, 1},
		1024:  {2, 8, 1},
		2048:  {4, 16, 1},
		4096:  {8, 30, 1},
		8192:  {16, 60, 4},
		16384: {32, 120, 8},
		32768: {60, 244, 4},
	}
	size, ok := sizes[cpu]
	gib := memory / 1024
	return ok && memory%1024 == 0 && gib >= size.from && gib <= size.to && (gib-size.from)%size.step == 0
}

func (t *Task) onWindows() bool { return strings.HasPrefix(t.Platform(), "windows") }

// NeedsPlatform14 reports whether the task has what Fargate's platform for Linux has since
// version 1.4.0. Each member of RegisterTaskDefinition's request says so.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
func (t *Task) NeedsPlatform14() bool {
	return !t.onWindows() && (t.EphemeralStorage != nil || t.PidMode != "" || taskUnits(t.CPU, vcpu) > 4096 ||
		slices.ContainsFunc(t.Volumes, func(v Volume) bool { return v.EFS != nil }) ||
		slices.ContainsFunc(t.ContainerDefinitions, func(c Container) bool {
			return len(c.Linux.Capabilities.Add) > 0 || len(c.EnvironmentFiles) > 0
		}))
}
