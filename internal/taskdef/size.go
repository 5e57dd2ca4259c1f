package taskdef

import (
	"strconv"
	"strings"
)

// taskSize returns the cpu or memory of a task in units or MiB. Both may be written
// as "1 vCPU" and "2 GB", and ECS answers with the number, as a string.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
func taskSize(v any) any {
	s := text(v)
	if n, ok := v.(number); ok {
		s = string(n)
	}
	value, unit, ok := strings.Cut(strings.ToLower(strings.TrimSpace(s)), " ")
	if !ok {
		for _, suffix := range []string{"vcpu", "gb"} {
			if before, found := strings.CutSuffix(value, suffix); found {
				value, unit = before, suffix
			}
		}
	}
	f, err := strconv.ParseFloat(value, 64)
	if unit = strings.TrimSpace(unit); err == nil && (unit == "vcpu" || unit == "gb") {
		return strconv.FormatFloat(f*1024, 'f', -1, 64)
	}
	return s
}
