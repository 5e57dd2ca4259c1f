package template

import (
	"maps"
	"strings"

	"github.com/tagboat/tagboat/internal/cfn"
)

// Inputs is what is known of a stack when its template is evaluated. What is left out is unknown.
type Inputs struct {
	// Parameters has values as functions see them: of a parameter with an SSM type what Parameter
	// Store has, and not its name.
	Parameters map[string]string
	Physical   map[string]string // ids of resources in AWS, by logical id
	Pseudo     map[string]string // AWS::Region and its like
	// Dynamic returns the value of a dynamic reference, and Attribute what Fn::GetAtt answers. They
	// may be nil.
	Dynamic   func(Reference) (string, bool)
	Attribute func(logical, attribute string) (string, bool)
}

// masked is what CloudFormation answers for the value of a parameter with NoEcho.
const masked = "****"

// InputsOf returns what a stack's last create or update had: values of parameters, those of SSM
// types as they were resolved then, and resources.
func InputsOf(s cfn.Stack, resources []cfn.Resource) Inputs {
	in := Inputs{Parameters: map[string]string{}, Physical: map[string]string{}, Pseudo: pseudo(s)}
	for _, p := range s.Parameters {
		switch {
		case p.Value == masked:
		case p.Resolved != "":
			in.Parameters[p.Key] = p.Resolved
		default:
			in.Parameters[p.Key] = p.Value
		}
	}
	for _, r := range resources {
		if r.Physical != "" {
			in.Physical[r.Logical] = r.Physical
		}
	}
	return in
}

// With returns the inputs with other values of parameters.
func (in Inputs) With(values map[string]string) Inputs {
	all := maps.Clone(in.Parameters)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, values)
	in.Parameters = all
	return in
}

// Without returns the inputs as if nothing were known of some parameters.
func (in Inputs) Without(keys ...string) Inputs {
	in.Parameters = maps.Clone(in.Parameters)
	for _, key := range keys {
		delete(in.Parameters, key)
	}
	return in
}

// pseudo returns the pseudo parameters of a stack, which its ARN has.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
func pseudo(s cfn.Stack) map[string]string {
	values := map[string]string{"AWS::StackName": s.Name, "AWS::StackId": s.ID}
	parts := strings.SplitN(s.ID, ":", 6) // arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/ID
	if len(parts) < 6 {
		return values
	}
	values["AWS::Partition"], values["AWS::Region"], values["AWS::AccountId"] = parts[1], parts[3], parts[4]
	values["AWS::URLSuffix"] = "amazonaws.com"
	if parts[1] == "aws-cn" {
		values["AWS::URLSuffix"] = "amazonaws.com.cn"
	}
	return values
}
