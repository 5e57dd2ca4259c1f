package taskdef

import (
	"maps"
	"strings"

	"github.com/tagboat/tagboat"
)

// normal returns a task definition in the one form that all equal ones have: without
// what only answers have, without what AWS fills in by itself, with the lists that
// have no order sorted, and with images reduced to repository and digest.
//
// The defaults are those of
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
// and of the types that it links to.
func normal(d Definition) map[string]any {
	input, _ := Input(d)
	members, _ := simplify(input.members).(map[string]any)
	for _, field := range []string{"cpu", "memory"} {
		if v, ok := members[field]; ok {
			members[field] = taskSize(v)
		}
	}
	dropEqual(members, map[string]any{"networkMode": "bridge", "enableFaultInjection": false})
	for _, v := range objects(members["volumes"]) {
		dropEmpty(v, "host")
		normalEFS(v)
	}
	hostNetwork := members["networkMode"] == "awsvpc" || members["networkMode"] == "host"
	for _, c := range objects(members["containerDefinitions"]) {
		normalContainer(c, hostNetwork)
	}
	sortBy(members["containerDefinitions"], "name")
	sortBy(members["volumes"], "name")
	sortBy(members["tags"], "key")
	sortStrings(members["requiresCompatibilities"])
	if proxy, ok := members["proxyConfiguration"].(map[string]any); ok {
		sortBy(proxy["properties"], "name")
		dropEqual(proxy, map[string]any{"type": "APPMESH"})
	}
	return members
}

// normalEFS drops what a file system of EFS has by default.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EFSVolumeConfiguration.html
func normalEFS(volume map[string]any) {
	efs, ok := volume["efsVolumeConfiguration"].(map[string]any)
	if !ok {
		return
	}
	dropEqual(efs, map[string]any{"rootDirectory": "/", "transitEncryption": "DISABLED"})
	if auth, ok := efs["authorizationConfig"].(map[string]any); ok {
		dropEqual(auth, map[string]any{"iam": "DISABLED"})
		dropEmpty(efs, "authorizationConfig")
	}
}

func normalContainer(c map[string]any, hostNetwork bool) {
	dropEqual(c, map[string]any{
		"cpu": number("0"), "essential": true, "versionConsistency": "enabled",
		"interactive": false, "pseudoTerminal": false, "privileged": false,
		"readonlyRootFilesystem": false, "disableNetworking": false,
	})
	c["image"] = normalImage(text(c["image"]))
	for _, field := range []string{"environment", "secrets", "ulimits"} {
		sortBy(c[field], "name")
	}
	for _, p := range objects(c["portMappings"]) {
		normalPort(p, hostNetwork)
	}
	sortBy(c["portMappings"], "containerPort", "containerPortRange", "protocol", "hostPort")
	for _, field := range []string{"mountPoints", "volumesFrom"} {
		for _, m := range objects(c[field]) {
			dropEqual(m, map[string]any{"readOnly": false})
		}
	}
	if check, ok := c["healthCheck"].(map[string]any); ok {
		dropEqual(check, map[string]any{"interval": number("30"), "timeout": number("5"), "retries": number("3"), "startPeriod": number("0")})
	}
	if labels, ok := c["dockerLabels"].(map[string]any); ok {
		maps.DeleteFunc(labels, func(name string, _ any) bool { return strings.HasPrefix(name, labelPrefix) })
		dropEmpty(c, "dockerLabels")
	}
}

// normalPort drops the host port where it says nothing: where the task has the
// container's ports as its own, and where 0 asks for any.
func normalPort(p map[string]any, hostNetwork bool) {
	dropEqual(p, map[string]any{"protocol": "tcp", "hostPort": number("0")})
	if hostNetwork && string(encode(p["hostPort"])) == string(encode(p["containerPort"])) {
		delete(p, "hostPort")
	}
}

func normalImage(image string) string {
	ref, err := tagboat.ParseReference(image)
	if err != nil || ref.Digest == "" {
		return image
	}
	return ref.Pinned()
}
