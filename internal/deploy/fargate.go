package deploy

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/tagboat/tagboat"
)

// fargateMemory is the memory in MiB that Fargate has for an amount of CPU units.
type fargateMemory struct{ least, most, step int }

// fargateSizes are the documented sizes. What is not among them is left to AWS to
// refuse, which may have learnt it since.
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

// fargateSize finds a memory that Fargate does not have for the CPU of the task.
func fargateSize(d Desired, r record) []tagboat.Problem {
	if r.CPU == "" || r.Memory == "" {
		member := map[bool]string{true: "cpu", false: "memory"}[r.CPU == ""]
		return []tagboat.Problem{d.problem(d.where(), "set cpu and memory of the task, such as \"256\" and \"512\"",
			"a task for Fargate needs "+member)}
	}
	cpu, memory := units(r.CPU, "vcpu"), units(r.Memory, "gb")
	allowed, known := fargateSizes()[cpu]
	if !known || memory == 0 || memory >= allowed.least && memory <= allowed.most && memory%allowed.step == 0 {
		return nil
	}
	return []tagboat.Problem{d.problem(
		d.where("memory"),
		fmt.Sprintf("with cpu %d memory is %d to %d in steps of %d", cpu, allowed.least, allowed.most, allowed.step),
		fmt.Sprintf("Fargate has no task with cpu %q and memory %q", r.CPU, r.Memory),
	)}
}

// units reads 1024 and forms with a unit of 1024, such as "1 vCPU" and "2GB"; 0 means
// that it is neither.
func units(s, unit string) int {
	m := regexp.MustCompile(`^([0-9.]+) *([a-z]*)$`).FindStringSubmatch(strings.ToLower(strings.TrimSpace(s)))
	if m == nil || m[2] != "" && m[2] != unit {
		return 0
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return 0
	}
	if m[2] == unit {
		n *= 1024
	}
	return int(n)
}
