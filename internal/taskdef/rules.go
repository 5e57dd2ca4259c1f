package taskdef

import (
	"strings"
	"sync"
)

// rule is what ECS answers otherwise than it was sent, of one member.
type rule struct {
	// missing is the value that a member has where it is left out; ECS may answer it.
	missing any
	// stated is missing for a member whose structure says something by being there.
	stated any
	// unordered says that a list has no order; its entries are sorted by the fields
	// in by, and by all that they have where those are equal.
	unordered bool
	by        []string
	// spell writes a value in the one way that all equal ones have.
	spell func(any) any
	// drop says which entries of a list ECS drops.
	drop func(item any) bool
	// own says that ECS never fills in the member by itself, so that a value that
	// nobody sent is somebody's.
	own bool
}

// rules are those of members, by structure and member.
type rules map[string]map[string]rule

func set(by ...string) rule { return rule{unordered: true, by: by} }

// loadRules returns the rules by structure and member. What a structure's booleans are
// where they are left out is false, and no rule says so. Each default is what the
// documentation of the structure says, https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_NAME.html,
// or was seen in answers, which the entry then names.
var loadRules = sync.OnceValue(func() rules {
	return rules{
		registerTaskDefinition: {
			"cpu": {spell: taskSize, own: true}, "memory": {spell: taskSize, own: true},
			"networkMode": {missing: "bridge"},
			"pidMode":     {own: true}, "ipcMode": {own: true},
			"containerDefinitions": set("name"),
			"volumes":              set("name"),
			// AWS's own tags come and go without anybody's wish.
			// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html
			"tags":                    {unordered: true, by: []string{"key"}, drop: isSystemTag},
			"requiresCompatibilities": set(),
			// kayac/ecspresso, diff.go
			"placementConstraints":  set("type"),
			"inferenceAccelerators": set("deviceName"),
		},
		"ContainerDefinition": {
			"cpu":                {missing: number("0")},
			"memory":             {own: true},
			"memoryReservation":  {own: true},
			"essential":          {missing: true},
			"image":              {spell: normalImage},
			"versionConsistency": {missing: "enabled"},
			// deploy-task-definition#224, terraform-provider-aws#39533
			"environment": {unordered: true, by: []string{"name"}, drop: hasNoValue},
			// terraform-provider-aws#11526
			"secrets":               set("name"),
			"ulimits":               set("name"),
			"portMappings":          set("containerPort", "containerPortRange", "protocol", "hostPort"),
			"mountPoints":           set("containerPath"),
			"dependsOn":             set("containerName"),
			"extraHosts":            set("hostname"),
			"systemControls":        set("namespace"),
			"resourceRequirements":  set("type"),
			"links":                 set(),
			"dockerSecurityOptions": set(),
			"logConfiguration":      {own: true},
			"firelensConfiguration": {own: true},
		},
		"PortMapping": {
			"protocol": {missing: "tcp", spell: lower},
			"hostPort": {missing: number("0")},
		},
		"HealthCheck": {
			"interval": {missing: number("30")}, "timeout": {missing: number("5")},
			"retries": {missing: number("3")}, "startPeriod": {missing: number("0")},
		},
		"LinuxParameters":        {"devices": set("hostPath"), "tmpfs": set("containerPath")},
		"KernelCapabilities":     {"add": set(), "drop": set()},
		"Tmpfs":                  {"mountOptions": set()},
		"LogConfiguration":       {"secretOptions": set("name")},
		"ContainerRestartPolicy": {"restartAttemptPeriod": {missing: number("300")}, "ignoredExitCodes": set()},
		"Device":                 {"permissions": set()},
		"ProxyConfiguration":     {"type": {missing: "APPMESH"}, "properties": set("name")},
		"EFSVolumeConfiguration": {
			// cloudformation-coverage-roadmap#1283
			"rootDirectory": {missing: "/"}, "transitEncryption": {missing: "DISABLED"},
		},
		"EFSAuthorizationConfig":     {"iam": {missing: "DISABLED"}},
		"S3FilesVolumeConfiguration": {"rootDirectory": {missing: "/"}},
		"DockerVolumeConfiguration":  {"driver": {missing: "local"}, "scope": {stated: "task"}},
	}
})

func isSystemTag(item any) bool {
	tag, _ := item.(map[string]any)
	return isSystemKey(text(tag["key"]))
}

// isSystemKey reports whether a tag is AWS's own, which nobody else writes.
func isSystemKey(key string) bool { return strings.HasPrefix(strings.ToLower(key), "aws:") }

// hasNoValue reports whether an entry of environment has a name alone.
func hasNoValue(item any) bool {
	entry, ok := item.(map[string]any)
	return ok && entry["name"] != nil && entry["value"] == nil
}

func lower(v any) any {
	if s, ok := v.(string); ok {
		return strings.ToLower(s)
	}
	return v
}
