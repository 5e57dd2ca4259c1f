package definition

import (
	"cmp"
	"regexp"
	"slices"
	"sync"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

var (
	namePattern  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`) })
	imagePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_.:/#-]{1,255}(@sha256:[0-9a-f]{64})?$`) })
	rolePattern  = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(arn:aws[a-z-]*:iam::[0-9]{12}:role/)?[\w+=,.@/-]+$`)
	})
)

// ValidName reports whether a family, a container, a service or a cluster may have the name.
func ValidName(name string) bool { return namePattern().MatchString(name) }

// ValidRole reports whether s looks like the name or the ARN of a role.
func ValidRole(s string) bool { return rolePattern().MatchString(s) }

func clientError(format string, args ...any) error {
	return wire.Errorf("ClientException", format, args...)
}

const maxContainers = 10

// Check returns the error with which ECS refuses the definition, or nil.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
func (t *Task) Check() error {
	for _, check := range []func(*Task) error{
		checkFamily, checkRoles, checkContainers, checkNetworkMode, checkTaskSizes, checkSums, checkVolumes, checkDependencies, checkCycle, checkReferences,
		checkHostPorts, checkFirelens, checkStorage, checkCompatibilities,
	} {
		if err := check(t); err != nil {
			return err
		}
	}
	return nil
}

func checkFamily(t *Task) error {
	if t.Family == "" {
		return clientError("Family should not be null or empty.")
	}
	if !ValidName(t.Family) {
		return clientError("Family contains invalid characters.")
	}
	return nil
}

func checkContainers(t *Task) error {
	if len(t.ContainerDefinitions) == 0 {
		return clientError("Container list cannot be empty.")
	}
	if len(t.ContainerDefinitions) > maxContainers {
		return clientError("Too many containers.")
	}
	seen, essential := map[string]bool{}, false
	for i := range t.ContainerDefinitions {
		c := &t.ContainerDefinitions[i]
		if err := c.check(t.ExecutionRoleARN); err != nil {
			return err
		}
		if seen[c.Name] {
			return clientError("Container names must be unique within a Task Definition.")
		}
		seen[c.Name], essential = true, essential || c.essential()
	}
	if !essential {
		return clientError("Task definition does not have any essential containers.")
	}
	return nil
}

func checkNetworkMode(t *Task) error {
	switch t.NetworkMode {
	case "", "bridge", "host", "none", "awsvpc":
	default:
		return clientError("Invalid network mode %q.", t.NetworkMode)
	}
	for i := range t.ContainerDefinitions {
		if err := t.ContainerDefinitions[i].checkModes(t.NetworkMode); err != nil {
			return err
		}
	}
	return nil
}

// checkRoles looks at the form of the roles: there is no IAM that would have them.
func checkRoles(t *Task) error {
	for _, role := range []string{t.ExecutionRoleARN, t.TaskRoleARN} {
		if role != "" && !ValidRole(role) {
			return clientError("Role is not valid")
		}
	}
	return nil
}

// checkTaskSizes compares the containers' sizes with each other and with the task's.
func checkTaskSizes(t *Task) error {
	for _, size := range []struct {
		name, text string
		unit       unit
	}{{"cpu", t.CPU, vcpu}, {"memory", t.Memory, gigabyte}} {
		if size.text != "" && taskUnits(size.text, size.unit) == 0 {
			return clientError("Invalid '%s' setting for task.", size.name)
		}
	}
	task := taskUnits(t.Memory, gigabyte)
	for _, c := range t.ContainerDefinitions {
		if t.Memory == "" && c.Memory == nil && c.MemoryReservation == nil && !t.requires(Fargate) {
			return clientError("Invalid setting for container '%s'. At least one of 'memory' or 'memoryReservation' must be specified.", c.Name)
		}
		if c.Memory != nil && c.MemoryReservation != nil && *c.Memory < *c.MemoryReservation {
			return clientError("Invalid setting for container '%s'. The 'memory' should not be less than 'memoryReservation'.", c.Name)
		}
		if t.Memory != "" && c.Memory != nil && *c.Memory > task {
			return clientError("The 'memory' setting for container '%s' is greater than for the task.", c.Name)
		}
	}
	return nil
}

// checkSums compares what all containers reserve with what the task has.
func checkSums(t *Task) error {
	cpu, memory := 0, 0
	for i := range t.ContainerDefinitions {
		cpu += t.ContainerDefinitions[i].CPU
		memory += t.ContainerDefinitions[i].reservedMemory()
	}
	if t.CPU != "" && cpu > taskUnits(t.CPU, vcpu) {
		return clientError("The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.")
	}
	if t.Memory != "" && memory > taskUnits(t.Memory, gigabyte) {
		return clientError("The sum of the memory that all containers reserve cannot be greater than the value of the task 'memory'.")
	}
	return nil
}

// checkStorage holds the limits of a task's own disk.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EphemeralStorage.html
func checkStorage(t *Task) error {
	if s := t.EphemeralStorage; s != nil && (s.SizeInGiB < 21 || s.SizeInGiB > 200) {
		return clientError("Ephemeral storage must be between 21 GiB and 200 GiB.")
	}
	return nil
}

// checkFirelens looks for the log router that containers send their lines to.
func checkFirelens(t *Task) error {
	sends := slices.ContainsFunc(t.ContainerDefinitions, func(c Container) bool {
		return c.LogConfiguration != nil && c.LogConfiguration.LogDriver == "awsfirelens"
	})
	routers := 0
	for _, c := range t.ContainerDefinitions {
		if c.Firelens == nil {
			continue
		}
		routers++
		if c.Firelens.Type != "fluentd" && c.Firelens.Type != "fluentbit" {
			return clientError("Firelens configuration type should be one of [fluentd,fluentbit]")
		}
	}
	switch {
	case sends && routers == 0:
		return clientError("When awsfirelens log driver is specified in log configuration, a firelens configuration object must be configured in one of the containers.")
	case !sends && routers > 0:
		return clientError("When a firelensConfiguration object is specified, at least one container has to be configured with the awsfirelens log driver.")
	case routers > 1:
		return clientError("Only one container in a task definition can have a firelens configuration.")
	}
	return nil
}

func checkVolumes(t *Task) error {
	known := map[string]bool{}
	for _, v := range t.Volumes {
		if known[v.Name] {
			return clientError("Duplicate volume name '%s'.", v.Name)
		}
		known[v.Name] = true
		if e := v.EFS; e != nil && (e.AuthorizationConfig.IAM == "ENABLED" || e.AuthorizationConfig.AccessPointID != "") && e.TransitEncryption != "ENABLED" {
			return clientError("Invalid 'efsVolumeConfiguration' setting for volume '%s'. Transit encryption must be enabled to use IAM authorization or an access point.", v.Name)
		}
	}
	for _, c := range t.ContainerDefinitions {
		for _, m := range c.MountPoints {
			if !known[m.SourceVolume] {
				return clientError("Unknown volume '%s'.", m.SourceVolume)
			}
		}
	}
	return nil
}

func checkDependencies(t *Task) error {
	for _, c := range t.ContainerDefinitions {
		for _, d := range c.DependsOn {
			on := t.Container(d.ContainerName)
			switch {
			case on == nil:
				return clientError("Cannot depend on container + '%s' because it does not exist", d.ContainerName)
			case d.Condition == "HEALTHY" && on.HealthCheck == nil:
				return clientError("A dependency container with HEALTHY condition must have health check configured")
			case (d.Condition == "SUCCESS" || d.Condition == "COMPLETE") && on.essential():
				return clientError("A dependency container with SUCCESS or COMPLETE condition cannot be an essential container")
			}
		}
	}
	return nil
}

func checkCompatibilities(t *Task) error {
	for _, c := range t.RequiresCompatibilities {
		switch c {
		case "EC2", "EXTERNAL", "FARGATE", "MANAGED_INSTANCES":
		default:
			return clientError("Invalid compatibility %q: should be one of [EC2,FARGATE,EXTERNAL,MANAGED_INSTANCES]", c)
		}
	}
	if t.requires(Fargate) {
		return checkFargate(t)
	}
	return nil
}

// CheckSizes holds the sizes that a task gets instead of the definition's, "" for
// none, to the rules of the definition.
func (t *Task) CheckSizes(cpu, memory string) error {
	if cpu == "" && memory == "" {
		return nil
	}
	changed := *t
	changed.CPU, changed.Memory = cmp.Or(cpu, t.CPU), cmp.Or(memory, t.Memory)
	err := checkTaskSizes(&changed)
	if err == nil && t.requires(Fargate) {
		err = checkFargate(&changed)
	}
	return err
}
