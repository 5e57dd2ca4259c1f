package sandbox_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/tagboat/tagboat/internal/expect"
)

// TestChangeSetsWithValues have what properties were and are to be for who asks, and the same
// request twice makes one change set.
func TestChangeSetsWithValues(t *testing.T) {
	const template = `{"Parameters": {"Value": {"Type": "String"}}, "Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "Value"}}}}}`
	withStacks(t, func(s stacks) {
		if err := s.create("one", template, "Value=old"); err != nil {
			s.Fatal(err)
		}
		s.ends("one", types.StackStatusCreateComplete)
		in := &cfn.CreateChangeSetInput{
			StackName: aws.String("one"), ChangeSetName: aws.String("set"), ClientToken: aws.String("set"), UsePreviousTemplate: aws.Bool(true), Parameters: given("Value=new"),
		}
		first, second := expect.Value(s.CreateChangeSet(s.Context(), in))(s), expect.Value(s.CreateChangeSet(s.Context(), in))(s)
		if *first.Id != *second.Id {
			s.Errorf("a request that was retried made %s beside %s", *second.Id, *first.Id)
		}
		s.Later(3 * time.Second)
		for values, want := range map[bool][3]string{true: {"/Properties/Value", "old", "new"}, false: {}} {
			set := expect.Value(s.DescribeChangeSet(s.Context(), &cfn.DescribeChangeSetInput{ChangeSetName: first.Id, IncludePropertyValues: &values}))(s)
			target := set.Changes[0].ResourceChange.Details[0].Target
			if got := [3]string{aws.ToString(target.Path), aws.ToString(target.BeforeValue), aws.ToString(target.AfterValue)}; got != want {
				s.Errorf("with values %v: %q, want %q", values, got, want)
			}
		}
	})
}
