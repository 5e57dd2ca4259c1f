package cloudformation

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/cloudformation/template"
)

// kind is what CloudFormation knows of one type of resource.
type kind struct {
	properties []string // nil: any
	replaced   []string // those whose change replaces the resource
	all        bool     // all of them do, except Tags
	act        func(w worker, r *resource) error
	settled    func(w worker, r *resource) (bool, error) // nil: at once
}

// replaces reports whether a change of a property replaces the resource.
func (k kind) replaces(property string) bool {
	return k.all && property != "Tags" || slices.Contains(k.replaced, property)
}

// check refuses properties that the type does not have.
func (k kind) check(logical string, properties map[string]any) error {
	for _, name := range differences(properties, nil) {
		if k.properties != nil && !slices.Contains(k.properties, name) {
			return template.Errorf("Properties validation failed for resource %s with message:\n#: extraneous key [%s] is not permitted", logical, name)
		}
	}
	return nil
}

// standInReason is what events say of resources that are there in name only.
const standInReason = "The sandbox keeps this resource as a stand-in"

// kindOf returns the type of a resource. What each property does is in AWS's reference of types.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-template-resource-type-ref.html
func kindOf(name string) kind {
	if strings.HasPrefix(name, "Custom::") || name == "AWS::CloudFormation::CustomResource" {
		return kind{replaced: []string{"ServiceToken"}, act: worker.custom, settled: worker.customSettled}
	}
	if b, ok := balancingOf(name); ok {
		return kind{properties: b.properties(), replaced: b.replaced(), act: worker.balancing}
	}
	switch name {
	case nested:
		return kind{act: worker.nested}
	case "AWS::ECS::TaskDefinition":
		return kind{all: true, act: worker.taskDefinition, properties: []string{
			"ContainerDefinitions", "Cpu", "EnableFaultInjection", "EphemeralStorage", "ExecutionRoleArn", "Family", "InferenceAccelerators", "IpcMode", "Memory",
			"NetworkMode", "PidMode", "PlacementConstraints", "ProxyConfiguration", "RequiresCompatibilities", "RuntimePlatform", "Tags", "TaskRoleArn", "Volumes",
		}}
	case "AWS::ECS::Service":
		return kind{
			replaced: []string{"Cluster", "DeploymentController", "LaunchType", "Role", "SchedulingStrategy", "ServiceName"},
			act:      worker.service, settled: worker.serviceSettled, properties: []string{
				"AvailabilityZoneRebalancing", "CapacityProviderStrategy", "Cluster", "DeploymentConfiguration", "DeploymentController", "DesiredCount", "EnableECSManagedTags",
				"EnableExecuteCommand", "HealthCheckGracePeriodSeconds", "LaunchType", "LoadBalancers", "NetworkConfiguration", "PlacementConstraints", "PlacementStrategies",
				"PlatformVersion", "PropagateTags", "Role", "SchedulingStrategy", "ServiceConnectConfiguration", "ServiceName", "ServiceRegistries", "Tags",
				"TaskDefinition", "VolumeConfigurations", "VpcLatticeConfigurations",
			},
		}
	case "AWS::ECS::Cluster":
		return kind{
			replaced: []string{"ClusterName"}, act: worker.cluster,
			properties: []string{"CapacityProviders", "ClusterName", "ClusterSettings", "Configuration", "DefaultCapacityProviderStrategy", "ServiceConnectDefaults", "Tags"},
		}
	case "AWS::SSM::Parameter":
		return kind{
			replaced: []string{"Name"}, act: worker.ssmParameter,
			properties: []string{"AllowedPattern", "DataType", "Description", "Name", "Policies", "Tags", "Tier", "Type", "Value"},
		}
	case "AWS::Logs::LogGroup":
		return kind{
			replaced: []string{"LogGroupName", "LogGroupClass"}, act: worker.logGroup,
			properties: []string{"KmsKeyId", "LogGroupClass", "LogGroupName", "RetentionInDays", "Tags"},
		}
	}
	return kind{act: worker.standIn}
}

// nested is the type of a stack in a stack, which a template may have under a condition that does
// not hold.
const nested = "AWS::CloudFormation::Stack"

func (w worker) nested(r *resource) error {
	return template.Errorf("the sandbox does not have resources of type %s", r.Type)
}

// standIn makes a resource that is there in name only: it never fails and is never replaced.
func (w worker) standIn(r *resource) error {
	if w.work.Doing == "create" {
		r.Physical = w.st.name(r.Logical)
	}
	return nil
}

func isStandIn(name string) bool {
	_, balances := balancingOf(name)
	return !balances && !strings.HasPrefix(name, "Custom::") && !slices.Contains([]string{
		"AWS::CloudFormation::CustomResource", "AWS::ECS::TaskDefinition", "AWS::ECS::Service", "AWS::ECS::Cluster", "AWS::SSM::Parameter", "AWS::Logs::LogGroup",
	}, name)
}

// ref returns what Ref answers.
func (r *resource) ref() string { return r.Physical }

// attribute returns what Fn::GetAtt answers. Attributes of stand-ins are texts that stay the same.
func (r *resource) attribute(st *stack, name string) (any, error) {
	if value, ok := r.Attributes[name]; ok {
		return value, nil
	}
	if !isStandIn(r.Type) {
		if strings.HasPrefix(r.Type, "Custom::") || r.Type == "AWS::CloudFormation::CustomResource" {
			return nil, template.Errorf("CustomResource attribute error: Vendor response doesn't contain %s attribute in object %s", name, r.Physical)
		}
		return nil, template.Errorf("Template error: resource %s does not support attribute type %s in Fn::GetAtt", r.Logical, name)
	}
	if !strings.HasSuffix(name, "Arn") {
		return r.Physical + "." + name, nil
	}
	parts := strings.Split(r.Type, "::") // AWS::Service::Kind
	service, kind := strings.ToLower(parts[1]), strings.ToLower(parts[len(parts)-1])
	switch service {
	case "iam":
		return "arn:aws:iam::" + st.Scope.Account + ":" + kind + "/" + r.Physical, nil
	case "sqs", "sns":
		return st.Scope.ARN(service, r.Physical), nil
	case "lambda":
		return st.Scope.ARN(service, kind+":"+r.Physical), nil
	default:
		return st.Scope.ARN(service, kind+"/"+r.Physical), nil
	}
}

// word returns a property that is a string.
func (r *resource) word(name string) string {
	value, _ := r.Properties[name].(string)
	return value
}

// do makes a call to another service, as whoever asked for the operation.
func (w worker) do(service, operation string, in map[string]any) (map[string]any, error) {
	return w.deps.Call(w.ctx, w.work.Caller, service, operation, in)
}

// changes reports whether a property changes.
func (w worker) changes(name string) bool { return slices.Contains(w.work.Changed, name) }

// tags returns tags as they are written in templates: a list, or a map.
func (r *resource) tags() map[string]any {
	if tags, ok := r.Properties["Tags"].(map[string]any); ok {
		return tags
	}
	tags := map[string]any{}
	list, _ := r.Properties["Tags"].([]any)
	for _, item := range list {
		one, _ := item.(map[string]any)
		if key, ok := one["Key"].(string); ok {
			tags[key] = one["Value"]
		}
	}
	return tags
}

// tagList returns tags as a list whose members are called so.
func (r *resource) tagList(key, value string) []any {
	tags := r.tags()
	list := []any{}
	for _, name := range differences(tags, nil) {
		list = append(list, map[string]any{key: name, value: tags[name]})
	}
	return list
}

// ssmParameter makes, changes and deletes an AWS::SSM::Parameter.
func (w worker) ssmParameter(r *resource) error {
	if w.work.Doing == "delete" {
		_, err := w.do("ssm", "DeleteParameter", map[string]any{"Name": r.Physical})
		return err
	}
	if r.word("Type") == "SecureString" {
		return template.Errorf("Properties validation failed for resource %s with message:\n#/Type: SecureString is not a valid enum value", r.Logical)
	}
	in := map[string]any{"Name": r.Physical, "Overwrite": true}
	if w.work.Doing != "update" {
		if in["Name"] = r.word("Name"); in["Name"] == "" {
			in["Name"] = "CFN-" + w.st.name(r.Logical)[len(w.st.Name)+1:]
		}
		in["Overwrite"], in["Tags"] = false, r.tagList("Key", "Value")
	}
	for _, name := range []string{"Type", "Value", "Description", "AllowedPattern", "DataType", "Policies", "Tier"} {
		if value := r.word(name); value != "" {
			in[name] = value
		}
	}
	if _, err := w.do("ssm", "PutParameter", in); err != nil {
		return err
	}
	r.Physical, _ = in["Name"].(string)
	r.Attributes = map[string]string{"Type": r.word("Type"), "Value": r.word("Value")}
	if w.work.Doing == "update" && w.changes("Tags") {
		_, err := w.do("ssm", "AddTagsToResource", map[string]any{"ResourceType": "Parameter", "ResourceId": r.Physical, "Tags": r.tagList("Key", "Value")})
		return err
	}
	return nil
}

// logGroup makes, changes and deletes an AWS::Logs::LogGroup.
func (w worker) logGroup(r *resource) error {
	if w.work.Doing == "delete" {
		_, err := w.do("logs", "DeleteLogGroup", map[string]any{"logGroupName": r.Physical})
		return err
	}
	switch {
	case w.work.Doing != "update":
		name := r.word("LogGroupName")
		if name == "" {
			name = w.st.name(r.Logical)
		}
		in := map[string]any{"logGroupName": name, "tags": r.tags()}
		for property, member := range map[string]string{"LogGroupClass": "logGroupClass", "KmsKeyId": "kmsKeyId"} {
			if value := r.word(property); value != "" {
				in[member] = value
			}
		}
		if _, err := w.do("logs", "CreateLogGroup", in); err != nil {
			return err
		}
		r.Physical = name
		r.Attributes = map[string]string{"Arn": w.st.Scope.ARN("logs", "log-group:"+name+":*")}
	case w.changes("KmsKeyId"):
		return template.Errorf("the sandbox does not change the KmsKeyId of a log group")
	case w.changes("Tags"):
		if _, err := w.do("logs", "TagResource", map[string]any{"resourceArn": w.st.Scope.ARN("logs", "log-group:"+r.Physical), "tags": r.tags()}); err != nil {
			return err
		}
	}
	return w.retention(r)
}

func (w worker) retention(r *resource) error {
	if !w.changes("RetentionInDays") {
		return nil
	}
	in := map[string]any{"logGroupName": r.Physical}
	if r.word("RetentionInDays") == "" {
		_, err := w.do("logs", "DeleteRetentionPolicy", in)
		return err
	}
	days, err := strconv.Atoi(r.word("RetentionInDays"))
	if err != nil {
		return template.Errorf("Properties validation failed for resource %s with message:\n#/RetentionInDays: expected type: Number, found: String", r.Logical)
	}
	in["retentionInDays"] = days
	_, err = w.do("logs", "PutRetentionPolicy", in)
	return err
}
