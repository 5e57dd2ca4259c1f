package taskdef

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

// asInput returns the input that an answer of describe-task-definition or describe-services
// stands for, and a note of what was left out. Any other file is returned as it is. A
// single member of an answer is more likely a mistake.
func asInput(root *source.Node, shape string) (*source.Node, *tagboat.Error) {
	answer, wrapped := unwrap(root, shape)
	if !wrapped && !isAnswer(answer, shape) {
		return root, nil
	}
	input := &source.Node{Kind: source.Map, At: answer.At, Path: answer.Path}
	known := loadShapes().Structures[shape].Members
	var left []string
	for _, f := range answer.Fields {
		_, takes := known[f.Name]
		switch {
		case f.Name == "tags":
			f.Value = withoutAWSTags(f.Value)
			input.Fields = append(input.Fields, f)
		case takes && misplacedHint(shape, f.Name) == "" && !isDaemonCount(answer, f.Name):
			input.Fields = append(input.Fields, f)
		case f.Name != "roleArn" || serviceLinked(f):
			left = append(left, f.Name)
		}
	}
	if shape == createService {
		input.Fields = append(input.Fields, membersElsewhere(answer, input)...)
	}
	command := map[string]string{registerTaskDefinition: "describe-task-definition", createService: "describe-services"}[shape]
	note := answer.Errorf("the file is an answer of %s; what only answers have is left out: %s", command, strings.Join(left, ", "))
	return input, note.WithHint("remove these members, and every image, from the file to silence this note")
}

// RunningService returns the input of CreateService that ECS's record of a service stands
// for. Where returns the place in the user's files that a member is held against.
func RunningService(record json.RawMessage, where func(member string) tagboat.Position) *source.Node {
	answer, err := FromJSON(record)
	if err != nil {
		return nil
	}
	input, _ := asInput(source.Make(answer.members, tagboat.Position{}, ""), createService)
	for i, f := range input.Fields {
		at := where(f.Name)
		input.Fields[i] = source.Field{Name: f.Name, At: at, Value: source.Make(f.Value.Value(), at, f.Name)}
	}
	input.At = where("")
	return input
}

// unwrap returns what a describing command's answer is about, with the tags that stand
// beside it, and whether there was something around it.
func unwrap(root *source.Node, shape string) (*source.Node, bool) {
	if root.Kind == source.List && len(root.Items) == 1 && isAnswer(root.Items[0], shape) {
		return root.Items[0], true
	}
	switch inner := root.Field("taskDefinition"); {
	case shape == registerTaskDefinition && inner != nil && inner.Kind == source.Map:
		whole := *inner
		for _, f := range root.Fields {
			if f.Name == "tags" && inner.Field("tags") == nil {
				whole.Fields = append(slices.Clone(inner.Fields), f)
			}
		}
		return &whole, true
	case shape == createService:
		if all := root.Field("services"); all != nil && len(all.Items) == 1 && all.Items[0].Kind == source.Map {
			return all.Items[0], true
		}
	}
	return root, false
}

// isAnswer reports whether a file has what answers have and no input does, of which somebody
// may have removed some.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html
func isAnswer(n *source.Node, shape string) bool {
	marks := responseOnly()
	if shape == createService {
		marks = responseOnlyService()
	}
	const enough = 2 // one may be a mistake
	return len(slices.DeleteFunc(marks, func(mark string) bool { return n.Field(mark) == nil })) >= enough
}

// isDaemonCount reports whether a member is the desired count of a daemon: ECS counts it itself,
// answers it, and takes none.
func isDaemonCount(answer *source.Node, member string) bool {
	return member == "desiredCount" && fieldText(answer, "schedulingStrategy") == "DAEMON"
}

// membersElsewhere returns the members of the input that an answer has under another name, or in
// the deployment that the service is going to.
func membersElsewhere(answer, input *source.Node) []source.Field {
	var found []source.Field
	for _, f := range answer.Fields {
		if f.Name == "roleArn" && !serviceLinked(f) {
			f.Name = "role"
			found = append(found, f)
		}
		if f.Name != "deployments" {
			continue
		}
		for _, deployment := range f.Value.Items {
			if fieldText(deployment, "status") != "PRIMARY" {
				continue
			}
			for _, member := range deployment.Fields {
				if slices.Contains(inDeployments(), member.Name) && input.Field(member.Name) == nil {
					found = append(found, member)
				}
			}
		}
	}
	return found
}

// serviceLinked reports whether a role is the one that ECS takes by itself.
func serviceLinked(f source.Field) bool {
	return strings.Contains(f.Value.Text, ":role/aws-service-role/")
}

// inDeployments returns the members of a service's input that an answer has in its
// deployments alone.
func inDeployments() []string {
	return []string{"serviceConnectConfiguration", "volumeConfigurations", "vpcLatticeConfigurations"}
}

// withoutAWSTags drops the tags that AWS writes itself and lets nobody write.
func withoutAWSTags(tags *source.Node) *source.Node {
	kept := *tags
	kept.Items = slices.DeleteFunc(slices.Clone(tags.Items), func(tag *source.Node) bool {
		return tag.Kind == source.Map && isSystemKey(fieldText(tag, "key"))
	})
	return &kept
}

// responseOnly is what DescribeTaskDefinition answers beside what
// RegisterTaskDefinition takes.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html
func responseOnly() []string {
	return []string{
		"taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities",
		"registeredAt", "registeredBy", "deregisteredAt", "deleteRequestedAt",
	}
}

// responseOnlyService is what DescribeServices answers beside what CreateService takes.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html
func responseOnlyService() []string {
	return []string{
		"serviceArn", "clusterArn", "status", "runningCount", "pendingCount", "platformFamily", "taskSets", "deployments",
		"events", "createdAt", "createdBy", "currentServiceDeployment", "currentServiceRevisions", "resourceManagementType",
	}
}

// misplacedHint returns why a field cannot stand in a template although ECS knows it,
// or "".
func misplacedHint(structure, field string) string {
	switch {
	case structure == registerTaskDefinition && slices.Contains(responseOnly(), field):
		return "describe-task-definition answers it, and register-task-definition does not take it: remove it"
	case structure == createService && slices.Contains(responseOnlyService(), field):
		return "describe-services answers it, and create-service does not take it: remove it"
	case structure == createService && field == "roleArn":
		return "describe-services answers it: remove it, or call it role if it is not the service-linked one"
	case structure == createService && field == "taskDefinition":
		return "remove it: Tagboat registers the task definition and sets it"
	case structure == createService && field == "cluster":
		return "remove it: the environment in tagboat.yaml says the cluster"
	case structure == createService && field == "clientToken":
		return "remove it: it belongs to one request"
	default:
		return ""
	}
}

// checkUnwrapped returns an error where the file is the whole answer of a describing call,
// the definition inside it.
func checkUnwrapped(n *source.Node, structure string) error {
	outer := map[string]string{registerTaskDefinition: "taskDefinition", createService: "services"}[structure]
	if outer == "" || n.Field(outer) == nil {
		return nil
	}
	return n.Errorf("this looks like the answer of a describing command").
		WithHint("keep only what is inside %s, without what AWS added to it", outer)
}
