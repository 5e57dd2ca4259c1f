package taskdef

import (
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/source"
)

// Platform returns os/architecture that the task definition asks for, or "" where it
// leaves that to the instances. Fargate runs linux/amd64 where nothing is said.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RuntimePlatform.html
func (d Definition) Platform() string {
	runtime, _ := d.members["runtimePlatform"].(map[string]any)
	var compatible []string
	list, _ := d.members["requiresCompatibilities"].([]any)
	for _, item := range list {
		compatible = append(compatible, text(item))
	}
	return platform(text(runtime["operatingSystemFamily"]), text(runtime["cpuArchitecture"]), compatible)
}

// Platform is Definition.Platform of what will be rendered; "" too where a placeholder
// says it.
func (t *Template) Platform() string {
	runtime := t.root.Field("runtimePlatform")
	var compatible []string
	if list := t.root.Field("requiresCompatibilities"); list != nil {
		for _, item := range list.Items {
			compatible = append(compatible, item.Text)
		}
	}
	return platform(fieldText(runtime, "operatingSystemFamily"), fieldText(runtime, "cpuArchitecture"), compatible)
}

func fieldText(n *source.Node, name string) string {
	if n == nil {
		return ""
	}
	if field := n.Field(name); field != nil {
		return field.Text
	}
	return ""
}

func platform(system, architecture string, compatible []string) string {
	fargate := slices.Contains(compatible, "FARGATE")
	switch {
	case architecture == "ARM64":
		architecture = "arm64"
	case architecture == "X86_64" || architecture == "" && fargate:
		architecture = "amd64"
	default:
		return ""
	}
	switch {
	case strings.HasPrefix(system, "WINDOWS"):
		return "windows/" + architecture
	case system == "LINUX" || system == "":
		return "linux/" + architecture
	default:
		return ""
	}
}
