package definition

import (
	"strconv"
	"strings"
)

// unit is how cpu or memory may be written besides a bare number.
type unit struct {
	suffixes []string
	scale    float64
}

var (
	vcpu     = unit{suffixes: []string{"vcpus", "vcpu"}, scale: 1024}
	gigabyte = unit{suffixes: []string{"gb"}, scale: 1024}
)

// taskUnits reads "1024", "1 vCPU" or "0.5GB"; it returns 0 for anything else.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#task_size
func taskUnits(text string, u unit) int {
	number, scale := splitUnit(text, u)
	value, err := strconv.ParseFloat(number, 64)
	value *= scale
	if err != nil || value != float64(int(value)) || value < 0 {
		return 0
	}
	return int(value)
}

// splitUnit parts "0.5GB" into its number and what one of it is worth.
func splitUnit(text string, u unit) (number string, scale float64) {
	text = strings.TrimSpace(text)
	for _, suffix := range u.suffixes {
		if strings.HasSuffix(strings.ToLower(text), suffix) {
			return strings.TrimSpace(text[:len(text)-len(suffix)]), u.scale
		}
	}
	return text, 1
}

// CPUUnits writes a task's cpu as ECS answers it, "" for "".
func CPUUnits(text string) string { return unitText(text, vcpu) }

// MemoryMiB writes a task's memory as ECS answers it, "" for "".
func MemoryMiB(text string) string { return unitText(text, gigabyte) }

func unitText(text string, u unit) string {
	if text == "" {
		return ""
	}
	return strconv.Itoa(taskUnits(text, u))
}
