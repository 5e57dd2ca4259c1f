package deploy

import (
	"fmt"
	"regexp"

	"github.com/tagboat/tagboat"
)

// roles finds roles that cannot be ones: IAM's are checked by ECS only when the first
// task starts.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
func roles(d Desired, r record) []tagboat.Problem {
	pattern := regexp.MustCompile(`^(arn:aws[a-z-]*:iam::[0-9]{12}:role/)?[\w+=,.@/-]+$`)
	var problems []tagboat.Problem
	for _, role := range []struct{ member, value string }{
		{"taskRoleArn", r.TaskRoleARN},
		{"executionRoleArn", r.ExecutionRoleARN},
	} {
		if role.value == "" || pattern.MatchString(role.value) {
			continue
		}
		problems = append(problems, d.problem(
			d.where(role.member),
			"write it as arn:aws:iam::111111111111:role/NAME, or the role's name alone",
			fmt.Sprintf("%s %q is not the ARN of a role", role.member, role.value),
		))
	}
	return problems
}
