package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"sync"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

// fargateMemory is the memory in MiB that Fargate has for an amount of CPU units.
type fargateMemory struct{ least, most, step int }

// fargateSizes are the documented sizes. More CPU than that is left to AWS to refuse,
// which may have learnt it since.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#task_size
func fargateSizes() map[int]fargateMemory {
	return map[int]fargateMemory{
		512:   {1024, 4096, 1024},
		1024:  {2048, 8192, 1024},
		2048:  {4096, 16384, 1024},
		4096:  {8192, 30720, 1024},
		8192:  {16384, 61440, 4096},
		16384: {32768, 122880, 8192},
	}
}

const mostCPU = 16384

// fits reports whether Fargate has a task of that size, and how to choose another one.
func fits(cpu, memory int, windows bool) (hint string, ok bool) {
	if cpu == 256 && !windows {
		return "with cpu 256 memory is 512, 1024 or 2048", memory == 512 || memory == 1024 || memory == 2048
	}
	allowed, known := fargateSizes()[cpu]
	switch {
	case cpu > mostCPU:
		return "", true
	case windows && cpu != 1024 && cpu != 2048 && cpu != 4096:
		return "for Windows cpu is 1024, 2048 or 4096", false
	case !known:
		return "cpu is 256, 512, 1024, 2048, 4096, 8192 or 16384", false
	default:
		return fmt.Sprintf("with cpu %d memory is %d to %d in steps of %d", cpu, allowed.least, allowed.most, allowed.step),
			memory >= allowed.least && memory <= allowed.most && memory%allowed.step == 0
	}
}

// fargateSize: "Fargate requires that 'cpu' be defined at the task level.", "No Fargate
// configuration exists for given values".
func fargateSize(s *subject) {
	cpu, memory := at(s.Task, "cpu"), at(s.Task, "memory")
	for _, member := range []string{"cpu", "memory"} {
		if at(s.Task, member) == nil {
			s.refuse(s.Task, "set cpu and memory of the task, such as \"256\" and \"512\"", "a task for Fargate needs %s", member)
		}
	}
	if cpu == nil || memory == nil {
		return
	}
	units, mebibytes := units(cpu.Text, "vcpu"), units(memory.Text, "gb")
	if units == 0 || mebibytes == 0 {
		return // a form that is not known here
	}
	if hint, ok := fits(units, mebibytes, s.onWindows()); !ok {
		s.refuse(memory, hint, "Fargate has no task with cpu %q and memory %q", cpu.Text, memory.Text)
	}
}

// fargateNetwork: "Fargate only supports network mode ‘awsvpc’." That is AWS's refusal.
func fargateNetwork(s *subject) {
	if s.networkMode() != "awsvpc" {
		s.refuse(or(at(s.Task, "networkMode"), s.Task), `set "networkMode": "awsvpc"`, "a task for Fargate needs network mode awsvpc, not %s", s.networkMode())
	}
}

var ecrPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]{12}\.dkr[.-]ecr[.-]`) })

// fargateRole: "Fargate requires task definition to have execution role ARN to support
// ECR images.", "… to support log driver awslogs".
func fargateRole(s *subject) {
	if text(s.Task, "executionRoleArn") != "" {
		return
	}
	for _, c := range s.containers() {
		name := text(c, "name")
		log := at(c, "logConfiguration")
		switch host := s.Images[tagboat.ContainerName(name)].Host; {
		case text(log, "logDriver") == "awslogs":
			s.refuse(at(log, "logDriver"), executionRoleHint, "container %q logs with awslogs on Fargate, which needs executionRoleArn", name)
		case len(list(log, "secretOptions")) > 0:
			s.refuse(at(log, "secretOptions"), executionRoleHint, "the log options of container %q have secrets, which need executionRoleArn", name)
		case at(c, "repositoryCredentials") != nil:
			s.refuse(at(c, "repositoryCredentials"), executionRoleHint, "container %q has credentials for its registry, which need executionRoleArn", name)
		case len(list(c, "environmentFiles")) > 0:
			s.refuse(at(c, "environmentFiles"), executionRoleHint, "container %q has environmentFiles, which are read with executionRoleArn", name)
		case ecrPattern().MatchString(host):
			s.refuse(or(at(c, "name"), c), executionRoleHint, "container %q runs an image of ECR on Fargate, which needs executionRoleArn", name)
		}
	}
}

// fargateMembers: what of a task Fargate does not take.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
func fargateMembers(s *subject) {
	for _, member := range []string{"placementConstraints", "ipcMode", "inferenceAccelerators"} {
		if n := at(s.Task, member); n != nil && (n.Text != "" || len(n.Items) > 0) {
			s.refuse(n, "remove it", "Fargate does not take %s", member)
		}
	}
	if n := at(s.Task, "pidMode"); n != nil && n.Text == "host" {
		s.refuse(n, `remove it, or set it to "task"`, "Fargate does not take pidMode host")
	}
	s.within(at(s.Task, "ephemeralStorage"), bounds{"sizeInGiB", 21, 200}, "ephemeralStorage")
	for _, v := range list(s.Task, "volumes") {
		for _, n := range []*source.Node{at(v, "host", "sourcePath"), at(v, "dockerVolumeConfiguration"), at(v, "fsxWindowsFileServerVolumeConfiguration")} {
			if n != nil {
				s.refuse(n, "a volume of the task (its name alone), EFS and EBS are what Fargate has", "volume %q: Fargate has no such volume", text(v, "name"))
			}
		}
	}
}

// fargateContainers: what of a container Fargate does not take.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html and
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinuxParameters.html
func fargateContainers(s *subject) {
	for _, c := range s.containers() {
		name := text(c, "name")
		if text(c, "privileged") == "true" {
			s.refuse(at(c, "privileged"), "remove it", "container %q is privileged, which Fargate does not allow", name)
		}
		if n := at(c, "dockerSecurityOptions"); n != nil && len(n.Items) > 0 {
			s.refuse(n, "remove it", "container %q has dockerSecurityOptions, which Fargate does not take", name)
		}
		for _, member := range []string{"devices", "sharedMemorySize", "maxSwap", "swappiness"} {
			if n := at(c, "linuxParameters", member); n != nil && (n.Text != "" || len(n.Items) > 0) {
				s.refuse(n, "remove it", "container %q has linuxParameters.%s, which Fargate does not take", name, member)
			}
		}
		for _, added := range list(c, "linuxParameters", "capabilities", "add") {
			if added.Text != "SYS_PTRACE" {
				s.refuse(added, "remove it: SYS_PTRACE is the only one that can be added", "container %q adds the capability %s, which Fargate does not give", name, added.Text)
			}
		}
		for _, r := range list(c, "resourceRequirements") {
			if text(r, "type") == "GPU" {
				s.warn(at(r, "type"), "run it on EC2 or on managed instances", "container %q needs a GPU, and Fargate has none", name)
			}
		}
	}
}

// fargateLogs: the drivers that Fargate has.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html
func fargateLogs(s *subject) {
	for _, c := range s.containers() {
		n := at(c, "logConfiguration", "logDriver")
		if n != nil && !slices.Contains([]string{"awslogs", "splunk", "awsfirelens"}, n.Text) {
			s.refuse(n, "Fargate has awslogs, splunk and awsfirelens", "container %q has the log driver %s, which Fargate does not have", text(c, "name"), n.Text)
		}
	}
}

// fargateTimeouts: "Tasks using the Fargate launch type must have a container stop
// timeout of less than 120 seconds."; startTimeout is 2 to 120.
func fargateTimeouts(s *subject) {
	for _, c := range s.containers() {
		what := "container " + strconv.Quote(text(c, "name")) + " on Fargate"
		s.within(c, bounds{"stopTimeout", 0, 120}, what)
		s.within(c, bounds{"startTimeout", 2, 120}, what)
	}
}
