package stack

import (
	"slices"
	"strings"
)

// properties are the members of the requests of Amazon ECS whose property in CloudFormation is not
// the same name with a capital letter.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-taskdefinition.html
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html
func properties() map[string]string {
	return map[string]string{
		"efsVolumeConfiguration":                  "EFSVolumeConfiguration",
		"fsxWindowsFileServerVolumeConfiguration": "FSxWindowsFileServerVolumeConfiguration",
		"iam":                        "IAM",
		"placementStrategy":          "PlacementStrategies",
		"s3filesVolumeConfiguration": "S3FilesVolumeConfiguration",
	}
}

// free are the members whose value has keys of the user's own, or is a document.
var free = []string{"dockerLabels", "driverOpts", "hookDetails", "labels", "options"}

// Property returns the property of CloudFormation that a member of a request is called, where the
// member is in the object called within; "" where CloudFormation has none.
func Property(within, member string) string {
	switch {
	case member == "clientToken":
		return ""
	case within == "proxyConfiguration" && member == "properties":
		return "ProxyConfigurationProperties"
	case within == "efsVolumeConfiguration" && member == "fileSystemId":
		return "FilesystemId"
	}
	if name, ok := properties()[member]; ok {
		return name
	}
	return strings.ToUpper(member[:1]) + member[1:]
}

// Convert returns a definition as CloudFormation writes it: members become properties, and nothing
// else changes. What it has no property for is left out, and lost names it. resolved are the places
// of strings that CloudFormation would take for a dynamic reference.
func Convert(definition map[string]any) (converted map[string]any, lost, resolved []string) {
	c := converter{}
	converted, _ = c.value("", "", definition).(map[string]any)
	slices.Sort(c.lost)
	slices.Sort(c.resolved)
	return converted, c.lost, c.resolved
}

type converter struct{ lost, resolved []string }

func (c *converter) value(path, within string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		object := map[string]any{}
		for member, value := range v {
			at := strings.TrimPrefix(path+"."+member, ".")
			switch property := Property(within, member); {
			case slices.Contains(free, within):
				object[member] = c.value(at, within, value)
			case property == "":
				c.lost = append(c.lost, at)
			default:
				object[property] = c.value(at, member, value)
			}
		}
		return object
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = c.value(path, within, item)
		}
		return list
	case string:
		if strings.Contains(v, "{{resolve:") {
			c.resolved = append(c.resolved, path)
		}
	}
	return v
}
