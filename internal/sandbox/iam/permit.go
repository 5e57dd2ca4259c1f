package iam

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/policy"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// Permit returns AWS's refusal where the caller's role may not make a call.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func (s *Service) Permit(service wire.Service, r *wire.Request) error {
	role, ok := roleOf(r.Caller.ARN)
	if !ok || service.Name == "sts" && r.Operation == "GetCallerIdentity" { // which nobody can be denied
		return nil
	}
	action := prefix(service.Name) + ":" + r.Operation
	if service.Name == "sqs" { // the right to an operation is that to its batches
		action = strings.TrimSuffix(action, "Batch")
	}
	for _, resource := range resources(service.Name, r) {
		if d := s.decide(role, action, resource); d != allowed {
			return refusal(service, r.Caller.ARN, action, resource, d)
		}
	}
	return nil
}

// prefix returns what a service's actions begin with.
func prefix(service string) string {
	if service == "monitoring" {
		return "cloudwatch"
	}
	return service
}

func refusal(service wire.Service, caller, action, resource string, d decision) error {
	why := "because no identity-based policy allows the " + action + " action"
	if d == explicitDeny {
		why = "with an explicit deny in an identity-based policy"
	}
	e := wire.Errorf("AccessDeniedException", "User: %s is not authorized to perform: %s on resource: %s %s", caller, action, resource, why)
	if service.Protocol == wire.Query {
		e.Code, e.Status = "AccessDenied", http.StatusForbidden
	}
	return e
}

// roleOf returns the name of the role that a caller has assumed; false for a user.
func roleOf(arn string) (string, bool) {
	_, session, ok := strings.Cut(arn, ":assumed-role/")
	role, _, _ := strings.Cut(session, "/")
	return role, ok
}

// resources returns what a call is about. A call that names nothing is about all there is.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
func resources(service string, r *wire.Request) []string {
	switch service {
	case "sts":
		return []string{r.Form.Get("RoleArn")}
	case "ssm":
	default:
		return []string{"*"}
	}
	var in map[string]json.RawMessage // which takes the case of letters as it is
	_ = json.Unmarshal(r.JSON, &in)   // what cannot be read is refused by the operation
	var all []string
	for _, member := range []string{"Name", "Names", "Path", "ResourceId"} {
		var names policy.List[string]
		if in[member] == nil || json.Unmarshal(in[member], &names) != nil {
			continue
		}
		for _, name := range names {
			all = append(all, parameterARN(r.Caller.Scope, name))
		}
	}
	if len(all) == 0 {
		return []string{r.Caller.Scope.ARN("ssm", "*")}
	}
	return all
}

// parameterARN returns the ARN of a parameter that a request names, with or without one, and
// perhaps with a version or a label behind it.
func parameterARN(scope wire.Scope, name string) string {
	name = strings.TrimSpace(name)
	if strings.HasPrefix(name, "arn:") {
		parts := strings.Split(name, ":")
		return strings.Join(parts[:min(6, len(parts))], ":")
	}
	name, _, _ = strings.Cut(name, ":")
	return scope.ARN("ssm", "parameter/"+strings.Trim(name, "/"))
}
