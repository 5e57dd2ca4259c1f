package deploy_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/deploy"
)

func TestPreflightOfTheTaskDefinition(t *testing.T) {
	for name, test := range map[string]struct {
		members string // beside the family and the containers
		want    []string
	}{
		"a role's name":         {`"taskRoleArn":"app"`, nil},
		"a role's ARN":          {`"executionRoleArn":"arn:aws-cn:iam::123456789012:role/service/app"`, nil},
		"an ARN of a user":      {`"taskRoleArn":"arn:aws:iam::123456789012:user/app"`, []string{`taskRoleArn "arn:aws:iam::123456789012:user/app" is not the ARN of a role`}},
		"an account too short":  {`"executionRoleArn":"arn:aws:iam::1234:role/app"`, []string{`executionRoleArn "arn:aws:iam::1234:role/app" is not the ARN of a role`}},
		"Fargate, right":        {`"requiresCompatibilities":["FARGATE"],"cpu":"512","memory":"1024"`, nil},
		"Fargate, with units":   {`"requiresCompatibilities":["FARGATE"],"cpu":".5 vCPU","memory":"2 GB"`, nil},
		"Fargate, too little":   {`"requiresCompatibilities":["FARGATE"],"cpu":"1024","memory":"512"`, []string{`Fargate has no task with cpu "1024" and memory "512"`}},
		"Fargate, between":      {`"requiresCompatibilities":["FARGATE"],"cpu":"8 vCPU","memory":"17GB"`, []string{`Fargate has no task with cpu "8 vCPU" and memory "17GB"`}},
		"Fargate, none":         {`"requiresCompatibilities":["FARGATE"],"memory":"512"`, []string{"a task for Fargate needs cpu"}},
		"Fargate, a size later": {`"requiresCompatibilities":["FARGATE"],"cpu":"32768","memory":"61440"`, nil},
		"EC2":                   {`"cpu":"1024","memory":"512"`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			wanted := target(t, newFake().client(), "v1")
			wanted.Desired.Definition = parse(t, fmt.Sprintf(`{"family":"api",%s,"containerDefinitions":[{"name":"app","image":%q}]}`, test.members, reference("v1").Pinned()))
			problems, err := deploy.Preflight(t.Context(), deploy.NewPlan(wanted, deploy.Observed{}))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range problems {
				got = append(got, p.Message)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPreflightLogGroups(t *testing.T) {
	for name, test := range map[string]struct {
		log  string
		want int
	}{
		"missing":             {`{"logDriver":"awslogs","options":{"awslogs-group":"/x"}}`, 1},
		"there":               {`{"logDriver":"awslogs","options":{"awslogs-group":"/c/api","awslogs-region":"r"}}`, 0},
		"created by the task": {`{"logDriver":"awslogs","options":{"awslogs-group":"/x","awslogs-create-group":"true"}}`, 0},
		"in another region":   {`{"logDriver":"awslogs","options":{"awslogs-group":"/x","awslogs-region":"q"}}`, 0},
		"another driver":      {`{"logDriver":"splunk","options":{"awslogs-group":"/x"}}`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			wanted := target(t, newFake().client(), "v1")
			wanted.Desired.Definition = parse(t, fmt.Sprintf(`{"family":"api","containerDefinitions":[{"name":"app","image":%q,"logConfiguration":%s}]}`, reference("v1").Pinned(), test.log))
			problems, err := deploy.Preflight(t.Context(), deploy.NewPlan(wanted, deploy.Observed{}))
			if err != nil {
				t.Fatal(err)
			}
			if len(problems) != test.want {
				t.Errorf("problems: %+v", problems)
			}
		})
	}
}

func TestPreflightWithoutAnAnswerIsNoProblem(t *testing.T) {
	f := newFake()
	f.refuse = func(op string) error {
		if op == "image" {
			return errKilled
		}
		return nil
	}
	_, err := deploy.Prepare(t.Context(), []deploy.Target{target(t, f.client(), "v1")})
	if err == nil {
		t.Error("a registry that did not answer was taken for an answer")
	}
}
