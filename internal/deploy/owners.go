package deploy

import (
	"fmt"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
)

// StackTag is on a service that a stack of CloudFormation has made.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
const StackTag = "aws:cloudformation:stack-name"

// ownedByStack warns of a service that a stack has made, and that is deployed past the stack.
func ownedByStack(p Plan) findings {
	if p.Observed.Service == nil || p.Observed.Service.Tags[StackTag] == "" || p.Desired.Stack != nil {
		return findings{}
	}
	stack := p.Observed.Service.Tags[StackTag]
	hint := fmt.Sprintf("tagboat drift --env %s says what it would put back; or deploy through the stack: deploy: {through: cloudformation, stack: %s}", p.Desired.Environment, stack)
	if p.Desired.Express {
		hint = "have the template of the stack name the same image before its next update"
	}
	return findings{warnings: []tagboat.Problem{p.Desired.problemAt(p.Desired.place(), hint,
		fmt.Sprintf("service %q belongs to the stack %s, whose next update may put back what it had before", p.Desired.ServiceName, ecs.LastPart(stack)),
	)}}
}
