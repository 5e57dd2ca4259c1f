package deploy_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cfn"
	"github.com/tagboat/tagboat/internal/cfn/template"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/expect"
)

func digest(n int) tagboat.Digest {
	return tagboat.Digest("sha256:" + strings.Repeat(fmt.Sprint(n), 64))
}

// plannedIn plans version 2 of a service whose stack has version 1 and that status.
func plannedIn(t *testing.T, status string, began cfn.Event, change *deploy.StackChange) deploy.Plan {
	t.Helper()
	body := `{"Parameters": {"Image": {"Type": "String"}}, "Resources": {
	 "Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": [{"Name": "app", "Image": {"Ref": "Image"}}]}},
	 "Web": {"Type": "AWS::ECS::Service", "Properties": {"TaskDefinition": {"Ref": "Task"}}}}}`
	read := expect.Value(template.Read(body))(t)
	stack := cfn.Stack{ID: "arn:aws:cloudformation:eu-west-1:111111111111:stack/shop/1", Name: "shop", Status: status, Parameters: []cfn.Parameter{{Key: "Image", Value: "r/web@" + string(digest(1))}}}
	record := json.RawMessage(fmt.Sprintf(`{"family": "web", "containerDefinitions": [{"name": "app", "image": "r/web@%s"}]}`, digest(1)))
	registered := ecs.TaskDefinition{ARN: "arn:aws:ecs:eu-west-1:111111111111:task-definition/web:1", Family: "web", Revision: 1, Status: ecs.Active, Record: record}
	in := template.InputsOf(stack, nil)
	service, _ := read.Service("Web", in)
	definition, _ := read.TaskDefinition("Task", in)
	d := deploy.Desired{
		Environment: "dev", Service: "web", Cluster: "dev", ServiceName: "shop-web",
		Stack:  &deploy.Stack{Name: "shop", Parameters: map[string]tagboat.ImageName{"Image": "web"}},
		Images: []deploy.Image{{Container: "app", Image: "web", Pinned: tagboat.Reference{Repository: "r/web", Digest: digest(2)}}},
	}
	primary := ecs.Deployment{ID: "ecs-svc/1", Status: ecs.Primary, RolloutState: ecs.RolloutCompleted, TaskDefinition: registered.ARN}
	return deploy.NewPlan(deploy.Target{Desired: d}, deploy.Observed{
		Service: &ecs.Service{Name: "shop-web", Status: "ACTIVE", Controller: "ECS", Deployments: []ecs.Deployment{primary}}, Current: &registered,
		Stack: &deploy.ObservedStack{
			Stack: stack, Template: read, Inputs: in, Service: service, TaskDefinition: definition, Registered: &registered, UnderWay: began, Change: change,
		},
	})
}

// TestEveryStateOfAStack says of each whether an update can begin, and else what to do.
func TestEveryStateOfAStack(t *testing.T) {
	for status, hint := range map[string]string{
		"CREATE_COMPLETE": "", "UPDATE_COMPLETE": "", "UPDATE_ROLLBACK_COMPLETE": "", "IMPORT_COMPLETE": "", "IMPORT_ROLLBACK_COMPLETE": "",
		"CREATE_IN_PROGRESS": "wait", "UPDATE_IN_PROGRESS": "wait", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "wait", "UPDATE_ROLLBACK_IN_PROGRESS": "wait",
		"UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "wait", "ROLLBACK_IN_PROGRESS": "wait", "IMPORT_IN_PROGRESS": "wait",
		"DELETE_IN_PROGRESS": "being deleted", "REVIEW_IN_PROGRESS": "execute that, or delete",
		"UPDATE_ROLLBACK_FAILED": "continue-update-rollback", "UPDATE_FAILED": "rollback-stack",
		"ROLLBACK_COMPLETE": "delete-stack", "ROLLBACK_FAILED": "delete-stack", "CREATE_FAILED": "delete-stack", "DELETE_FAILED": "delete-stack",
		"DELETE_COMPLETE": "create it again", "IMPORT_ROLLBACK_FAILED": "events", "SOMETHING_NEW": "events",
	} {
		p := plannedIn(t, status, cfn.Event{}, nil)
		switch {
		case hint == "" && (len(p.Problems) > 0 || !p.UpdatesStack()):
			t.Errorf("%s: %+v", status, p.Problems)
		case hint != "" && (len(p.Problems) != 1 || !strings.Contains(p.Problems[0].Hint, hint) || len(p.Steps) > 0):
			t.Errorf("%s: %+v, want a hint to %q", status, p.Problems, hint)
		}
	}
	ours := plannedIn(t, "UPDATE_ROLLBACK_IN_PROGRESS", cfn.Event{Status: "UPDATE_IN_PROGRESS", Token: "tagboat-1"}, nil)
	expect.Equal(t, []deploy.Step{deploy.FollowUpdate{Stack: "shop", Token: "tagboat-1"}}, ours.Steps)
}

// TestWhatAnUpdateMayChange is the service and its task definition, what refers to them without being
// changed, and what is allowed.
func TestWhatAnUpdateMayChange(t *testing.T) {
	modify := func(logical, kind, replacement string, details ...cfn.Detail) cfn.Change {
		return cfn.Change{Action: "Modify", Logical: logical, Type: kind, Replacement: replacement, Details: details}
	}
	task, web := modify("Task", cfn.TypeTaskDefinition, "True"), modify("Web", cfn.TypeService, "False")
	refers := func(cause, evaluation string) cfn.Change {
		return modify("Scaling", "AWS::ApplicationAutoScaling::ScalableTarget", "Conditional", cfn.Detail{Property: "ResourceId", Evaluation: evaluation, Source: "ResourceAttribute", Cause: cause})
	}
	for _, test := range []struct {
		name    string
		changes []cfn.Change
		allow   []string
		want    string
	}{
		{"the service and its task definition", []cfn.Change{task, web}, nil, ""},
		{"the task definition alone", []cfn.Change{task}, nil, ""},
		{"a replaced service", []cfn.Change{task, modify("Web", cfn.TypeService, "True")}, nil, "Web"},
		{"a service that may be replaced", []cfn.Change{task, modify("Web", cfn.TypeService, "Conditional")}, nil, "Web"},
		{"a deleted service", []cfn.Change{{Action: "Remove", Logical: "Web", Type: cfn.TypeService}}, nil, "Web"},
		{"a deleted service, which nobody can allow", []cfn.Change{{Action: "Remove", Logical: "Web", Type: cfn.TypeService}}, []string{"Web"}, "Web"},
		{"another deleted service that is allowed", []cfn.Change{task, web, {Action: "Remove", Logical: "Api", Type: cfn.TypeService}}, []string{"Api"}, ""},
		{"a replaced service that is allowed", []cfn.Change{task, modify("Web", cfn.TypeService, "True")}, []string{"Web"}, ""},
		{"a deleted task definition", []cfn.Change{{Action: "Remove", Logical: "Task", Type: cfn.TypeTaskDefinition}}, nil, "Task"},
		{"another service", []cfn.Change{task, web, modify("Api", cfn.TypeService, "False")}, nil, "Api"},
		{"another resource", []cfn.Change{task, web, modify("Role", "AWS::IAM::Role", "False")}, nil, "Role"},
		{"another resource that is allowed", []cfn.Change{task, web, modify("Role", "AWS::IAM::Role", "True")}, []string{"Role"}, ""},
		{"a new resource", []cfn.Change{{Action: "Add", Logical: "Topic", Type: "AWS::SNS::Topic"}}, nil, "Topic"},
		{"what refers to the service's name", []cfn.Change{task, web, refers("Web.Name", "Dynamic")}, nil, ""},
		{"what refers to a replaced service's name", []cfn.Change{task, modify("Web", cfn.TypeService, "True"), refers("Web.Name", "Dynamic")}, []string{"Web"}, "Scaling"},
		{"what changes for certain", []cfn.Change{task, web, refers("Web.Name", "Static")}, nil, "Scaling"},
		{"what refers to the task definition", []cfn.Change{task, web, refers("Task.TaskDefinitionArn", "Dynamic")}, nil, "Scaling"},
	} {
		change := deploy.StackChange{Own: map[string]bool{"Task": true, "Web": true}, Set: cfn.ChangeSet{Status: "CREATE_COMPLETE", Changes: test.changes}}
		var names []string
		for _, c := range change.Beyond(test.allow) {
			names = append(names, c.Logical)
		}
		if got := strings.Join(names, " "); got != test.want {
			t.Errorf("%s: %q goes beyond, want %q", test.name, got, test.want)
		}
	}
}

// TestChangeSetsThatDoNotBringThePin are refused by the values that they have.
func TestChangeSetsThatDoNotBringThePin(t *testing.T) {
	set := func(image tagboat.Digest, status, reason string) *deploy.StackChange {
		return &deploy.StackChange{Own: map[string]bool{"Task": true, "Web": true}, Set: cfn.ChangeSet{
			Status: status, Reason: reason, Parameters: []cfn.Parameter{{Key: "Image", Value: "r/web@" + string(image)}},
		}}
	}
	for name, test := range map[string]struct {
		change *deploy.StackChange
		want   string
	}{
		"the pin":          {set(digest(2), "CREATE_COMPLETE", ""), ""},
		"another version":  {set(digest(3), "CREATE_COMPLETE", ""), "would give it r/web@sha256:333"},
		"nothing to do":    {set(digest(2), "FAILED", "The submitted information didn't contain changes."), "finds nothing to change"},
		"nothing, and old": {set(digest(1), "FAILED", "No updates are to be performed."), "has nothing to change, and gives it"},
	} {
		p := plannedIn(t, "UPDATE_COMPLETE", cfn.Event{}, test.change)
		text := ""
		for _, problem := range p.Problems {
			text += problem.Message
		}
		if (test.want == "") != (text == "") || !strings.Contains(text, test.want) {
			t.Errorf("%s: %q, want %q", name, text, test.want)
		}
	}
}

// only has the resources of a stack, and nothing else.
type only struct {
	deploy.Stacks
	resources []cfn.Resource
}

// Resources implements deploy.Stacks.
func (o only) Resources(context.Context, string) ([]cfn.Resource, error) {
	if o.resources == nil {
		return nil, fmt.Errorf("%w: it is not there", ecs.ErrNotFound)
	}
	return o.resources, nil
}

// TestServicesAreFoundInTheirStack by their ARNs of both forms; what is ambiguous is an error with the names.
func TestServicesAreFoundInTheirStack(t *testing.T) {
	web := cfn.Resource{Logical: "Web", Type: cfn.TypeService, Physical: "arn:aws:ecs:eu-west-1:111111111111:service/theirs/shop-Web-1"}
	old := cfn.Resource{Logical: "Old", Type: cfn.TypeService, Physical: "arn:aws:ecs:eu-west-1:111111111111:service/shop-Old-1"}
	for _, test := range []struct {
		name      string
		resource  string
		resources []cfn.Resource
		want      string // cluster/name, or a part of why it is absent
	}{
		{"the only one", "", []cfn.Resource{web, {Logical: "Task", Type: cfn.TypeTaskDefinition}}, "theirs/shop-Web-1"},
		{"an ARN of the old form", "", []cfn.Resource{old}, "own/shop-Old-1"},
		{"the one that is named", "Old", []cfn.Resource{web, old}, "own/shop-Old-1"},
		{"several", "", []cfn.Resource{web, old}, "several services: Old, Web"},
		{"another name", "Wep", []cfn.Resource{web}, "no service Wep: it has Web"},
		{"not made yet", "", []cfn.Resource{{Logical: "Web", Type: cfn.TypeService}}, "does not exist yet"},
		{"nested", "", []cfn.Resource{{Logical: "Inner", Type: "AWS::CloudFormation::Stack"}}, "nested stacks: Inner"},
		{"none", "", []cfn.Resource{}, "has no service of ECS"},
		{"deleted", "", []cfn.Resource{{Logical: "Web", Type: cfn.TypeService, Status: "DELETE_COMPLETE", Physical: web.Physical}}, "has no service of ECS"},
		{"no stack", "", nil, "there is no stack"},
	} {
		d := deploy.Desired{Cluster: "own", Stack: &deploy.Stack{Name: "shop", Resource: test.resource, Reader: &deploy.StackReader{}}}
		d = expect.Value(d.Find(t.Context(), &deploy.Client{Stacks: only{resources: test.resources}}))(t)
		got := d.Cluster + "/" + d.ServiceName
		if d.Stack.Absent != nil {
			got = d.Stack.Absent.Why
		}
		if !strings.Contains(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
