package cloudformation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/cloudformation/template"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// taskDefinition registers and deregisters an AWS::ECS::TaskDefinition.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ecs-taskdefinition.html
func (w worker) taskDefinition(r *resource) error {
	switch w.work.Doing {
	case "delete":
		_, err := w.do("ecs", "DeregisterTaskDefinition", map[string]any{"taskDefinition": r.Physical})
		return err
	case "update":
		return w.retag(r)
	}
	in := ecsMembers(r.Properties, nil)
	in["tags"] = w.ownTags(r, in["tags"])
	if in["family"] == nil {
		in["family"] = strings.ReplaceAll(w.st.name(r.Logical), "-", "")
	}
	out, err := w.do("ecs", "RegisterTaskDefinition", in)
	if err != nil {
		return err
	}
	definition, _ := out["taskDefinition"].(map[string]any)
	r.Physical, _ = definition["taskDefinitionArn"].(string)
	r.Attributes = map[string]string{"TaskDefinitionArn": r.Physical}
	return nil
}

// retag gives an ECS resource the tags of the template, where they change.
func (w worker) retag(r *resource) error {
	if !w.changes("Tags") {
		return nil
	}
	arn := r.Physical
	if r.Attributes["Arn"] != "" {
		arn = r.Attributes["Arn"]
	}
	out, err := w.do("ecs", "ListTagsForResource", map[string]any{"resourceArn": arn})
	if err != nil {
		return err
	}
	gone, wanted := []string{}, r.tags()
	there, _ := out["tags"].([]any)
	for _, item := range there {
		one, _ := item.(map[string]any)
		if key, _ := one["key"].(string); wanted[key] == nil && !strings.HasPrefix(key, "aws:") {
			gone = append(gone, key)
		}
	}
	if len(gone) > 0 {
		if _, err := w.do("ecs", "UntagResource", map[string]any{"resourceArn": arn, "tagKeys": gone}); err != nil {
			return err
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	_, err = w.do("ecs", "TagResource", map[string]any{"resourceArn": arn, "tags": r.tagList("key", "value")})
	return err
}

// ownTags adds the tags that CloudFormation gives to what it makes.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
func (w worker) ownTags(r *resource, tags any) []any {
	all, _ := tags.([]any)
	for _, t := range [][2]string{{"logical-id", r.Logical}, {"stack-id", w.st.ID}, {"stack-name", w.st.Name}} {
		all = append(all, map[string]any{"key": "aws:cloudformation:" + t[0], "value": t[1]})
	}
	return all
}

// cluster makes, changes and deletes an AWS::ECS::Cluster.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ecs-cluster.html
func (w worker) cluster(r *resource) error {
	in := ecsMembers(r.Properties, map[string]string{"ClusterSettings": "settings"})
	switch w.work.Doing {
	case "delete":
		_, err := w.do("ecs", "DeleteCluster", map[string]any{"cluster": r.Physical})
		return err
	case "update":
		if w.changes("CapacityProviders") || w.changes("DefaultCapacityProviderStrategy") {
			providers := map[string]any{"cluster": r.Physical, "capacityProviders": []any{}, "defaultCapacityProviderStrategy": []any{}}
			for _, name := range []string{"capacityProviders", "defaultCapacityProviderStrategy"} {
				if in[name] != nil {
					providers[name] = in[name]
				}
			}
			if _, err := w.do("ecs", "PutClusterCapacityProviders", providers); err != nil {
				return err
			}
		}
		update := map[string]any{"cluster": r.Physical}
		for _, name := range []string{"settings", "configuration", "serviceConnectDefaults"} {
			if in[name] != nil {
				update[name] = in[name]
			}
		}
		if _, err := w.do("ecs", "UpdateCluster", update); err != nil {
			return err
		}
		return w.retag(r)
	}
	in["tags"] = w.ownTags(r, in["tags"])
	if in["clusterName"] == nil {
		in["clusterName"] = w.st.name(r.Logical)
	}
	out, err := w.do("ecs", "CreateCluster", in)
	if err != nil {
		return err
	}
	cluster, _ := out["cluster"].(map[string]any)
	r.Physical, _ = cluster["clusterName"].(string)
	arn, _ := cluster["clusterArn"].(string)
	r.Attributes = map[string]string{"Arn": arn}
	return nil
}

// service makes, changes and deletes an AWS::ECS::Service. An update sends what changes, so that a
// revision that was deployed past the template stays where the template's does not change.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ecs-service.html
func (w worker) service(r *resource) error {
	in := ecsMembers(r.Properties, map[string]string{"PlacementStrategies": "placementStrategy"})
	operation := "CreateService"
	switch w.work.Doing {
	case "delete":
		_, err := w.do("ecs", "DeleteService", map[string]any{"cluster": r.cluster(), "service": r.Physical, "force": true})
		return err
	case "update":
		if err := w.retag(r); err != nil {
			return err
		}
		operation, in = "UpdateService", w.serviceUpdate(r, in)
	default:
		in["tags"] = w.ownTags(r, in["tags"])
		if in["serviceName"] == nil {
			in["serviceName"] = w.st.name(r.Logical)
		}
		if in["desiredCount"] == nil && in["schedulingStrategy"] != "DAEMON" {
			in["desiredCount"] = json.Number("1")
		}
	}
	out, err := w.do("ecs", operation, in)
	if err != nil {
		return err
	}
	service, _ := out["service"].(map[string]any)
	name, _ := service["serviceName"].(string)
	r.Physical, _ = service["serviceArn"].(string)
	r.Attributes = map[string]string{"Name": name, "ServiceArn": r.Physical}
	r.Deployment = ""
	if primary := deployment(service, func(d map[string]any) bool { return d["status"] == "PRIMARY" }); primary != nil {
		r.Deployment, _ = primary["id"].(string)
	}
	return nil
}

// serviceUpdate leaves of a service's members those that change. A list that the template no
// longer has becomes empty.
func (w worker) serviceUpdate(r *resource, in map[string]any) map[string]any {
	update := map[string]any{"cluster": r.cluster(), "service": r.Physical}
	for _, name := range w.work.Changed {
		member := ecsName(name)
		if name == "PlacementStrategies" {
			member = "placementStrategy"
		}
		lists := []string{"LoadBalancers", "ServiceRegistries", "PlacementConstraints", "PlacementStrategies", "CapacityProviderStrategy", "VolumeConfigurations"}
		switch {
		case name == "Tags" || kindOf(r.Type).replaces(name):
		case in[member] != nil:
			update[member] = in[member]
		case slices.Contains(lists, name):
			update[member] = []any{}
		}
	}
	return update
}

func (r *resource) cluster() string {
	if name := r.word("Cluster"); name != "" {
		return name
	}
	return "default"
}

// deployment returns a deployment of a service; nil for none.
func deployment(service map[string]any, is func(d map[string]any) bool) map[string]any {
	all, _ := service["deployments"].([]any)
	for _, item := range all {
		if d, _ := item.(map[string]any); is(d) {
			return d
		}
	}
	return nil
}

// serviceSettled follows a service's deployment to its end. One that its circuit breaker failed is
// an error once ECS has rolled it back.
func (w worker) serviceSettled(r *resource) (bool, error) {
	out, err := w.do("ecs", "DescribeServices", map[string]any{"cluster": r.cluster(), "services": []string{r.Physical}})
	if err != nil {
		return false, err
	}
	services, _ := out["services"].([]any)
	var service map[string]any
	if len(services) > 0 {
		service, _ = services[0].(map[string]any)
	}
	active := service["status"] == "ACTIVE"
	if w.work.Doing == "delete" {
		return service == nil || service["status"] == "INACTIVE", nil
	}
	if !active {
		return false, template.Errorf("Resource handler returned message: \"Service %s is not active\" (RequestToken: %s, HandlerErrorCode: NotFound)", r.Physical, wire.NewID())
	}
	ours := deployment(service, func(d map[string]any) bool { return d["id"] == r.Deployment })
	primary := deployment(service, func(d map[string]any) bool { return d["status"] == "PRIMARY" })
	switch {
	case primary == nil: // of CODE_DEPLOY or EXTERNAL
		return true, nil
	case ours == nil && fmt.Sprint(primary["taskDefinition"]) == r.word("TaskDefinition"):
		ours = primary // somebody deployed the same once more
	}
	over := primary["rolloutState"] == "COMPLETED"
	failed := ours == nil || ours["rolloutState"] == "FAILED"
	if failed && (over || ours != nil && ours["id"] == primary["id"]) {
		return false, template.Errorf("Resource handler returned message: \"Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'.\" (RequestToken: %s, HandlerErrorCode: GeneralServiceException)", wire.NewID())
	}
	return !failed && over && fmt.Sprint(service["runningCount"]) == fmt.Sprint(service["desiredCount"]), nil
}

// ecsMembers returns properties as ECS's API has them. Names that are called otherwise there are
// given.
func ecsMembers(properties map[string]any, otherwise map[string]string) map[string]any {
	in := map[string]any{}
	for name, value := range properties {
		member := ecsName(name)
		if otherwise[name] != "" {
			member = otherwise[name]
		}
		if member == "cpu" || member == "memory" { // of a task definition: texts
			in[member] = value
			continue
		}
		in[member] = ecsValue(member, value)
	}
	return in
}

func ecsName(name string) string {
	switch name {
	case "EFSVolumeConfiguration":
		return "efsVolumeConfiguration"
	case "FSxWindowsFileServerVolumeConfiguration":
		return "fsxWindowsFileServerVolumeConfiguration"
	case "IAM":
		return "iam"
	case "FilesystemId":
		return "fileSystemId"
	case "ProxyConfigurationProperties":
		return "properties"
	}
	return strings.ToLower(name[:min(1, len(name))]) + name[min(1, len(name)):]
}

// ecsValue returns the value of a member, with the types of ECS's API. Maps whose keys are the
// user's keep them.
func ecsValue(member string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, value := range v {
			if slices.Contains([]string{"dockerLabels", "options", "driverOpts", "labels"}, member) {
				out[name] = value
				continue
			}
			out[ecsName(name)] = ecsValue(ecsName(name), value)
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, value := range v {
			out = append(out, ecsValue(member, value))
		}
		return out
	case string:
		return ecsScalar(member, v)
	}
	return v
}

func ecsScalar(member, v string) any {
	numbers := []string{
		"bakeTimeInMinutes", "base", "canaryBakeTimeInMinutes", "canaryPercent", "containerPort", "cpu", "desiredCount", "hardLimit", "healthCheckGracePeriodSeconds", "hostPort", "idleTimeoutSeconds", "ignoredExitCodes",
		"ingressPortOverride", "interval", "iops", "maxSwap", "maximumPercent", "memory", "memoryReservation", "minimumHealthyPercent", "perRequestTimeoutSeconds", "port", "restartAttemptPeriod", "retries",
		"sharedMemorySize", "size", "sizeInGiB", "softLimit", "startPeriod", "startTimeout", "stepBakeTimeInMinutes", "stepPercent", "stopTimeout", "swappiness", "throughput", "timeout", "timeoutInMinutes",
		"transitEncryptionPort", "volumeInitializationRate", "weight",
	}
	booleans := []string{
		"autoprovision", "disableNetworking", "enable", "enableECSManagedTags", "enableExecuteCommand", "enableFaultInjection", "enabled", "encrypted", "essential", "initProcessEnabled",
		"interactive", "privileged", "pseudoTerminal", "readOnly", "readonlyRootFilesystem", "rollback", "cloudWatchEncryptionEnabled", "s3EncryptionEnabled",
	}
	switch {
	case slices.Contains(numbers, member) && json.Valid([]byte(v)):
		return json.Number(v)
	case slices.Contains(booleans, member) && (v == "true" || v == "false"):
		return v == "true"
	}
	return v
}
