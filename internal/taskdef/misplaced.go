package taskdef

import (
	"slices"

	"github.com/tagboat/tagboat/internal/source"
)

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

// misplaced returns why a field cannot stand in a template although ECS knows it,
// or "".
func misplaced(structure, field string) string {
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

// wrapped returns an error where the file is the whole answer of a describing call,
// the definition inside it.
func wrapped(n *source.Node, structure string) error {
	outer := map[string]string{registerTaskDefinition: "taskDefinition", createService: "services"}[structure]
	if outer == "" || n.Field(outer) == nil {
		return nil
	}
	return n.Errorf("this looks like the answer of a describing command").
		WithHint("keep only what is inside %s, without what AWS added to it", outer)
}
