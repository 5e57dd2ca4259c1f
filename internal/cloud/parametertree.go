package cloud

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/tagboat/tagboat/internal/ledger"
)

// Below returns the newest versions of all parameters below a path, at any depth, without
// the one that is called like it. Secure strings stay encrypted.
//
// A page can be empty and still not be the last.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
func (p *Parameters) Below(ctx context.Context, path string) ([]ledger.Parameter, error) {
	var found []ledger.Parameter
	in := &ssm.GetParametersByPathInput{Path: aws.String(path), Recursive: aws.Bool(true), MaxResults: aws.Int32(parametersACall)}
	for {
		out, err := p.client.GetParametersByPath(ctx, in)
		if err != nil {
			return nil, explain(err)
		}
		for _, got := range out.Parameters {
			found = append(found, parameterOf(got))
		}
		if aws.ToString(out.NextToken) == "" {
			return found, nil
		}
		in.NextToken = out.NextToken
	}
}
