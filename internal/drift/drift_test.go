package drift_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/app/apptest"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

// world is a World with stacks.
type world struct {
	*apptest.World
	stacks *cfn.Client
}

// run runs a story in which the service web is owned by nobody yet, and v1 of it is pinned in dev.
func run(t *testing.T, story func(w world)) {
	t.Helper()
	apptest.Run(t, sandbox.Config{Clusters: []string{"dev"}}, func(w *apptest.World) {
		w.Write("tagboat.yaml", `
app: shop
registry: `+sandboxtest.Host+`
images: {web: {repository: shop/web}}
services:
  web: {taskDefinition: {family: web}, containers: {app: web}}
stages: [{name: dev}]
environments: {dev: {stage: dev, region: us-east-1, cluster: dev}}
`)
		for _, tag := range []string{"v1", "v2", "v3"} {
			w.Push("shop/web:" + tag)
		}
		w.Pin("dev", "web=v1")
		story(world{w, client(w.World, "sandbox")})
	})
}

func client(w *sandboxtest.World, key string) *cfn.Client {
	return cfn.New(cfn.Options{
		Region: "us-east-1", BaseEndpoint: aws.String("http://" + sandboxtest.Host), HTTPClient: &http.Client{Transport: sandboxtest.Carrier{Handler: w.Server}},
		Credentials: credentials.NewStaticCredentialsProvider(key, "sandbox", ""), Retryer: wiretest.Once{},
	})
}

// stackTemplate is a stack with the service web, whose container has that image.
func stackTemplate(parameters, image string) string {
	return strings.NewReplacer("PARAMETERS", parameters, "IMAGE", image).Replace(`
PARAMETERS
Resources:
  Definition:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: web
      NetworkMode: awsvpc
      RequiresCompatibilities: [FARGATE]
      Cpu: "256"
      Memory: "512"
      ContainerDefinitions:
        - Name: app
          Image: IMAGE
  Service:
    Type: AWS::ECS::Service
    Properties:
      ServiceName: web
      Cluster: dev
      LaunchType: FARGATE
      DesiredCount: 1
      TaskDefinition: !Ref Definition
      NetworkConfiguration: {AwsvpcConfiguration: {Subnets: [subnet-1]}}
`)
}

func (w world) create(body string, parameters ...string) {
	w.Helper()
	name := "shop-dev"
	expect.OK(w, expect.Err(w.stacks.CreateStack(w.Context(), &cfn.CreateStackInput{StackName: &name, TemplateBody: &body, Parameters: given(parameters)})))
	w.ends(types.StackStatusCreateComplete)
}

// given returns parameters as KEY=VALUE says them; KEY alone keeps its previous value.
func given(parameters []string) []types.Parameter {
	var all []types.Parameter
	for _, p := range parameters {
		key, value, has := strings.Cut(p, "=")
		one := types.Parameter{ParameterKey: &key, UsePreviousValue: aws.Bool(true)}
		if has {
			one.ParameterValue, one.UsePreviousValue = &value, nil
		}
		all = append(all, one)
	}
	return all
}

func (w world) stack() types.Stack {
	w.Helper()
	return expect.Value(w.stacks.DescribeStacks(w.Context(), &cfn.DescribeStacksInput{StackName: aws.String("shop-dev")}))(w).Stacks[0]
}

func (w world) ends(want ...types.StackStatus) {
	w.Helper()
	for range 1000 {
		if s := w.stack(); !strings.HasSuffix(string(s.StackStatus), "IN_PROGRESS") {
			if !slices.Contains(want, s.StackStatus) {
				w.Fatalf("the stack is %s: %s", s.StackStatus, aws.ToString(s.StackStatusReason))
			}
			return
		}
		w.Later(time.Second)
	}
	w.Fatal("the stack does not end")
}

// running returns the service's revision and the version of its container.
func (w world) running() (revision, image string) {
	w.Helper()
	service := w.AWS("ecs.DescribeServices", map[string]any{"cluster": "dev", "services": []string{"web"}})["services"].([]any)[0].(map[string]any)
	arn := service["taskDefinition"].(string)
	definition := w.AWS("ecs.DescribeTaskDefinition", map[string]any{"taskDefinition": arn})["taskDefinition"].(map[string]any)
	return arn[strings.LastIndex(arn, "/")+1:], definition["containerDefinitions"].([]any)[0].(map[string]any)["image"].(string)
}

// deployPast deploys a version past the stack, as CI does.
func (w world) deployPast(tag string) {
	w.Helper()
	w.Pin("dev", "web="+tag)
	w.Expect(w.One(), tagboat.VerdictSucceeded)
}

// byHand registers a revision with more memory, and puts the service on it.
func (w world) byHand() {
	w.Helper()
	_, image := w.running()
	arn := w.AWS("ecs.RegisterTaskDefinition", map[string]any{
		"family": "web", "networkMode": "awsvpc", "requiresCompatibilities": []string{"FARGATE"}, "cpu": "256", "memory": "1024",
		"containerDefinitions": []map[string]any{{"name": "app", "image": image}},
	})["taskDefinition"].(map[string]any)["taskDefinitionArn"]
	w.AWS("ecs.UpdateService", map[string]any{"cluster": "dev", "service": "web", "taskDefinition": arn})
	w.Later(5 * time.Minute)
}

func (w world) parameter(name, value string) {
	w.Helper()
	w.AWS("ssm.PutParameter", map[string]any{"Name": name, "Value": value, "Type": "String", "Overwrite": true})
}

func (w world) report(predict bool) tagboat.DriftDocument {
	w.Helper()
	return expect.Value(w.Open().Drift.Report(w.Context(), fleet.Selection{}, predict))(w)
}

func v(n string) string { return sandboxtest.Host + "/shop/web:v" + n }

const (
	groupJSON = "Parameters: {Pins: {Type: AWS::SSM::Parameter::Value<String>, Default: /containers/dev/shop}}"
	ofGroup   = `!Sub ["` + sandboxtest.Host + `/shop/web@sha256:${Pin}", {Pin: !Select [1, !Split ["sha256:", !Select [0, !Split ['"', !Select [1, !Split ['"web":"', !Ref Pins]]]]]]}]`
	plain     = "Parameters: {Image: {Type: String}}"
	uri       = "Parameters: {Image: {Type: AWS::SSM::Parameter::Value<String>, Default: /image}}"
)

// prophecies are stacks, what happened to their service, and the effects that are foreseen of the
// three updates.
var prophecies = []struct {
	name                   string
	parameters, image      string
	given                  []string
	then                   func(w world)
	update, change, revert tagboat.Effect
}{
	{"literal", "", v("1"), nil, nil, "nothing", "same", "nothing"},
	{"literal, deployed past", "", v("1"), nil, func(w world) { w.deployPast("v2") }, "nothing", "other", "other"},
	{"literal, by hand", "", v("1"), nil, world.byHand, "nothing", "same", "same"},
	{"parameter, deployed past", plain, "!Ref Image", []string{"Image=" + v("1")}, func(w world) { w.deployPast("v2") }, "nothing", "other", "other"},
	{"pins, pinned since", groupJSON, ofGroup, nil, func(w world) { w.Pin("dev", "web=v2") }, "pinned", "pinned", "pinned"},
	{"pins, deployed past", groupJSON, ofGroup, nil, func(w world) { w.deployPast("v2") }, "same", "same", "same"},
	{"pins, nothing since", groupJSON, ofGroup, nil, nil, "nothing", "same", "nothing"},
	{"pins, by hand", groupJSON, ofGroup, nil, world.byHand, "nothing", "same", "same"},
	{"pins, the image is gone", groupJSON, ofGroup, nil, func(w world) { w.parameter("/containers/dev/shop", `{}`) }, "fails", "fails", "fails"},
	{"stored, moved on", uri, "!Ref Image", nil, func(w world) { w.parameter("/image", v("3")) }, "other", "other", "other"},
	{"stored, gone", uri, "!Ref Image", nil, func(w world) { w.AWS("ssm.DeleteParameter", map[string]any{"Name": "/image"}) }, "fails", "fails", "fails"},
	{"dynamic, moved on", "", `"{{resolve:ssm:/image}}"`, nil, func(w world) { w.parameter("/image", v("3")) }, "nothing", "other", "nothing"},
	{"dynamic, pinned and moved", "", `"{{resolve:ssm:/image}}"`, nil, func(w world) {
		w.Pin("dev", "web=v2")
		w.parameter("/image", v("2"))
	}, "nothing", "pinned", "nothing"},
	{"dynamic, deployed past", "", `"{{resolve:ssm:/image}}"`, nil, func(w world) { w.deployPast("v2") }, "nothing", "other", "other"},
	{"dynamic with a version", "", `"{{resolve:ssm:/image:1}}"`, nil, func(w world) {
		w.parameter("/image", v("3"))
		w.deployPast("v2")
	}, "nothing", "other", "other"},
}

// What drift foresees is what happens: each update is made, and its end is held to what was said.
func TestPropheciesComeTrue(t *testing.T) {
	for _, c := range prophecies {
		for act, effect := range map[string]tagboat.Effect{"update": c.update, "change": c.change, "revert": c.revert} {
			t.Run(c.name+"/"+act, func(t *testing.T) {
				run(t, func(w world) {
					w.parameter("/image", v("1"))
					body := stackTemplate(c.parameters, c.image)
					w.create(body, c.given...)
					if c.then != nil {
						c.then(w)
					}
					said := w.report(false).Services[0].Stack
					if said == nil {
						t.Fatal("no stack is found")
					}
					foreseen := map[string]tagboat.Prophecy{"update": said.Update, "change": said.Change, "revert": said.Revert}[act]
					t.Log(foreseen.Text)
					if foreseen.Effect != effect {
						t.Fatalf("%s is foreseen, want %s", foreseen.Effect, effect)
					}
					w.comesTrue(foreseen, w.act(act, body, c.given))
				})
			})
		}
	}
}

// act updates the stack in one of three ways, and returns how the service was before, and whether the
// update failed.
func (w world) act(act, body string, parameters []string) (before state) {
	w.Helper()
	before.revision, before.image = w.running()
	name := "shop-dev"
	in := &cfn.UpdateStackInput{StackName: &name, UsePreviousTemplate: aws.Bool(true)}
	for _, p := range parameters {
		key, _, _ := strings.Cut(p, "=")
		in.Parameters = append(in.Parameters, given([]string{key})...)
	}
	var err error
	switch act {
	case "change":
		changed := strings.Replace(body, `Memory: "512"`, `Memory: "2048"`, 1)
		in.UsePreviousTemplate, in.TemplateBody = nil, &changed
		_, err = w.stacks.UpdateStack(w.Context(), in)
	case "revert":
		err = w.revert(in.Parameters)
	default:
		_, err = w.stacks.UpdateStack(w.Context(), in)
	}
	if err != nil {
		before.refused = err.Error()
		return before
	}
	w.ends(types.StackStatusUpdateComplete, types.StackStatusUpdateRollbackComplete)
	before.failed = w.stack().StackStatus != types.StackStatusUpdateComplete
	return before
}

type state struct {
	revision, image, refused string
	failed                   bool
}

// revert executes a change set that reverts drift; one that changes nothing is no error.
func (w world) revert(parameters []types.Parameter) error {
	w.Helper()
	name, set := "shop-dev", "revert"
	made, err := w.stacks.CreateChangeSet(w.Context(), &cfn.CreateChangeSetInput{
		StackName: &name, ChangeSetName: &set, UsePreviousTemplate: aws.Bool(true), Parameters: parameters, DeploymentMode: types.DeploymentModeRevertDrift,
	})
	if err != nil {
		return err
	}
	w.Later(5 * time.Second)
	if _, err := w.stacks.ExecuteChangeSet(w.Context(), &cfn.ExecuteChangeSetInput{ChangeSetName: made.Id}); err != nil {
		return err
	}
	return nil
}

// comesTrue compares what was foreseen with what there is.
func (w world) comesTrue(foreseen tagboat.Prophecy, before state) {
	w.Helper()
	revision, image := w.running()
	switch foreseen.Effect {
	case tagboat.EffectNothing:
		if revision != before.revision || before.failed {
			w.Errorf("%s became %s", before.revision, revision)
		}
	case tagboat.EffectFails:
		if !before.failed && (before.refused == "" || strings.Contains(before.refused, "No updates")) {
			w.Errorf("the update did not fail: %s", before.refused)
		}
	default:
		want, has := foreseen.Images[0].Version, strings.Contains
		named := want.Digest != "" && has(image, string(want.Digest)) || has(image, ":"+want.Tag)
		if before.refused != "" || before.failed || revision == before.revision || !named {
			w.Errorf("%s with %s became %s with %s, foreseen was %+v: %s", before.revision, before.image, revision, image, want, before.refused)
		}
	}
}
