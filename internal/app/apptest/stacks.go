package apptest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/sandboxtest"
)

// How the image of a container comes into the template of a Stack.
const (
	ByParameter = "parameter" // of the stack, called NAMEImage
	ByPins      = "pins"      // a parameter of the stack called NAMEPin with an SSM type, which reads a projection
	ByReference = "reference" // a dynamic reference without a version
	ByVersion   = "version"   // a dynamic reference with one
	ByItself    = "itself"    // written into the template
)

// Stack is an application with an environment dev whose services a stack has: service web of the
// stack is Web, and its task definition WebTask.
type Stack struct {
	Services []string // of the stack shop-dev; nil for web
	Image    string   // one of the ways above; "" for ByParameter
	Breaker  bool     // the services have a circuit breaker that rolls back
	Count    int      // desired; 0 for 2
	Deploy   string   // more of what tagboat.yaml says under deploy; "" for parameters as they are needed
	More     string   // more lines of tagboat.yaml
	// Resources and Parameters are more of the template.
	Resources, Parameters map[string]any
}

// Run runs a story in a World of its own in which version v1 of all services runs.
func (s Stack) Run(w *World) {
	w.Helper()
	if s.Services == nil {
		s.Services = []string{"web"}
	}
	s.Configure(w)
	w.AWS("ecs.CreateCluster", map[string]any{"clusterName": "dev", "capacityProviders": []string{"FARGATE"}})
	w.AWS("ecs.CreateCluster", map[string]any{"clusterName": "stack", "capacityProviders": []string{"FARGATE"}})
	for _, name := range s.Services {
		w.Push("shop/" + name + ":v1")
		w.Pin("dev", name+"=v1")
	}
	s.Create(w, "shop-dev")
}

// Configure writes tagboat.yaml.
func (s Stack) Configure(w *World) {
	w.Helper()
	config := configOf(s.Services)
	for _, name := range s.Services {
		more := s.Deploy
		if more == "" && (s.Image == "" || s.Image == ByParameter) {
			more = fmt.Sprintf(", parameters: {%sImage: %s}", title(name), name)
		}
		if len(s.Services) > 1 && !strings.Contains(more, "resource:") {
			more += ", resource: " + title(name)
		}
		fmt.Fprintf(config, "  %s: {deploy: {through: cloudformation, stack: 'shop-{environment}'%s}, containers: {app: %s}}\n", name, more, name)
	}
	config.WriteString("ledger:\n  projections: {path: '/one/{environment}/{image}', form: uri}\n")
	if !strings.Contains(s.More, "environments:") {
		config.WriteString("stages: [{name: dev}]\nenvironments:\n  dev: {stage: dev, region: us-east-1, cluster: dev}\n")
	}
	w.Write("tagboat.yaml", config.String()+s.More)
}

func title(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

// Template returns the template, in which the services run v1.
func (s Stack) Template(w *World) string {
	w.Helper()
	parameters, resources := map[string]any{}, map[string]any{}
	for _, name := range s.Services {
		uri := fmt.Sprintf("%s/shop/%s@%s", sandboxtest.Host, name, w.Pushed["shop/"+name+":v1"])
		var image any = map[string]any{"Ref": title(name) + "Image"}
		switch s.Image {
		case "", ByParameter:
			parameters[title(name)+"Image"] = map[string]any{"Type": "String", "Default": uri}
		case ByPins:
			image = map[string]any{"Ref": title(name) + "Pin"}
			parameters[title(name)+"Pin"] = map[string]any{"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/one/dev/" + name}
		case ByReference:
			image = "{{resolve:ssm:/one/dev/" + name + "}}"
		case ByVersion:
			image = "{{resolve:ssm:/one/dev/" + name + ":1}}"
		case ByItself:
			image = uri
		}
		count := s.Count
		if count == 0 {
			count = 2
		}
		resources[title(name)+"Task"] = map[string]any{"Type": "AWS::ECS::TaskDefinition", "Properties": map[string]any{
			"Family": "shop-dev-" + name, "RequiresCompatibilities": []string{"FARGATE"}, "NetworkMode": "awsvpc", "Cpu": "256", "Memory": "512",
			"ExecutionRoleArn":     "arn:aws:iam::123456789012:role/execution",
			"ContainerDefinitions": []any{map[string]any{"Name": "app", "Essential": true, "Image": image}},
		}}
		resources[title(name)] = map[string]any{"Type": "AWS::ECS::Service", "Properties": map[string]any{
			"Cluster": "stack", "LaunchType": "FARGATE", "DesiredCount": count, "TaskDefinition": map[string]any{"Ref": title(name) + "Task"},
			"NetworkConfiguration":    map[string]any{"AwsvpcConfiguration": map[string]any{"Subnets": []string{"subnet-1"}}},
			"DeploymentConfiguration": map[string]any{"DeploymentCircuitBreaker": map[string]any{"Enable": s.Breaker, "Rollback": s.Breaker}},
		}}
	}
	overlay(parameters, s.Parameters)
	overlay(resources, s.Resources)
	return encode(w, map[string]any{"Parameters": parameters, "Resources": resources})
}

// Create creates a stack with the template, and waits for its end.
func (s Stack) Create(w *World, name string) {
	w.Helper()
	w.CloudFormation("CreateStack", url.Values{"StackName": {name}, "TemplateBody": {s.Template(w)}})
	w.StackEnds(name, "CREATE_COMPLETE")
}

// CloudFormation makes a call, and returns the document that answers it.
func (w *World) CloudFormation(action string, form url.Values) string {
	w.Helper()
	return w.CloudFormationAs("sandbox", action, form)
}

// CloudFormationAs is CloudFormation in the account that an access key belongs to.
func (w *World) CloudFormationAs(key, action string, form url.Values) string {
	w.Helper()
	form.Set("Action", action)
	form.Set("Version", "2010-05-15")
	r := httptest.NewRequestWithContext(w.Context(), http.MethodPost, "http://"+sandboxtest.Host+"/", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+key+"/20260101/us-east-1/cloudformation/aws4_request, SignedHeaders=host, Signature=none")
	answer := httptest.NewRecorder()
	w.Server.ServeHTTP(answer, r)
	if answer.Code != http.StatusOK {
		w.Fatalf("%s: %d %s", action, answer.Code, answer.Body)
	}
	return answer.Body.String()
}

// StackStatus returns the status of a stack.
func (w *World) StackStatus(name string) string {
	w.Helper()
	return inElement(w.CloudFormation("DescribeStacks", url.Values{"StackName": {name}}), "StackStatus")[0]
}

// StackEnds waits until nothing goes on with a stack, and holds its status.
func (w *World) StackEnds(name, want string) {
	w.Helper()
	for range 5000 {
		if got := w.StackStatus(name); !strings.HasSuffix(got, "_IN_PROGRESS") {
			if got != want {
				w.Fatalf("stack %s is %s, want %s:\n%s", name, got, want, strings.Join(w.StackEvents(name), "\n"))
			}
			return
		}
		w.Later(time.Second)
	}
	w.Fatalf("stack %s does not end", name)
}

// StackEvents returns what happened to a stack, oldest first.
func (w *World) StackEvents(name string) []string {
	w.Helper()
	body := w.CloudFormation("DescribeStackEvents", url.Values{"StackName": {name}})
	logical, status := inElement(body, "LogicalResourceId"), inElement(body, "ResourceStatus")
	all := make([]string, len(logical))
	for i := range logical {
		all[i] = logical[i] + " " + status[i]
	}
	slices.Reverse(all)
	return all
}

// ChangeSets returns the names of the change sets that a stack has and that were not executed.
func (w *World) ChangeSets(name string) []string {
	w.Helper()
	return inElement(w.CloudFormation("ListChangeSets", url.Values{"StackName": {name}}), "ChangeSetName")
}

// NoChangeSets makes sure that no change set of a stack is left.
func (w *World) NoChangeSets(name string) {
	w.Helper()
	if left := w.ChangeSets(name); len(left) > 0 {
		w.Errorf("change sets are left: %v", left)
	}
}

// inElement returns the texts of the elements with a name.
func inElement(document, name string) []string {
	var all []string
	for _, m := range regexp.MustCompile("<"+name+">([^<]*)</"+name+">").FindAllStringSubmatch(document, -1) {
		all = append(all, m[1])
	}
	return all
}

// StackService returns the name in ECS of a service of a stack.
func (w *World) StackService(stack, logical string) string {
	w.Helper()
	arn := inElement(w.CloudFormation("DescribeStackResource", url.Values{"StackName": {stack}, "LogicalResourceId": {logical}}), "PhysicalResourceId")[0]
	return arn[strings.LastIndex(arn, "/")+1:]
}
