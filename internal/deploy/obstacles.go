package deploy

import (
	"fmt"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
)

// obstacles are the problems that leave nothing to plan: there is no cluster, no
// service, or one that Tagboat cannot roll.
func obstacles(d Desired, o Observed) []tagboat.Problem {
	var hint, message string
	switch {
	case o.ClusterMissing:
		message = fmt.Sprintf("cluster %q does not exist", d.Cluster)
		hint = "correct cluster under environments in tagboat.yaml, or create it: aws ecs create-cluster --cluster-name " + d.Cluster
	case o.Service == nil && d.ServiceDefinition == nil:
		message = fmt.Sprintf("service %q does not exist in cluster %q", d.ServiceName, d.Cluster)
		hint = "correct the name, or give the service a service: file in tagboat.yaml to create it from"
	case o.Service == nil:
		return nil
	case o.Service.Status == ecs.Draining:
		message = fmt.Sprintf("service %q in cluster %q is being deleted", d.ServiceName, d.Cluster)
		hint = "wait until it is gone and deploy again"
	case o.Service.Controller != "" && o.Service.Controller != "ECS":
		message = fmt.Sprintf("service %q is rolled by %s, not by ECS itself", d.ServiceName, o.Service.Controller)
		hint = "only services with the deployment controller ECS can be deployed"
	default:
		return nil
	}
	return []tagboat.Problem{d.problem("", hint, message)}
}
