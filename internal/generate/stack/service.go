package stack

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tagboat/tagboat"
)

// Service is a service as tagboat.yaml and its files have it.
type Service struct {
	Name         string // in tagboat.yaml
	ServiceName  string // in ECS
	Definition   map[string]any
	Service      map[string]any        // nil where there is no file
	Images       map[string]Expression // what each container runs, from the ledger
	Repositories []string              // ARNs in ECR that its containers run from
	DependsOn    []string              // services of tagboat.yaml
	Where        tagboat.Position

	id           string
	task, inside map[string]any // the properties of the task definition, and of the service
	container    string         // that the load balancer sends to, and its port; 0 for none
	port         int
	health, from string // the path, and where it is said
	count        string // desiredCount of the file; "" for none
	mode         string // launch type
}

// prepare decides what the stack makes for a service, and what it leaves as the files have it.
func (s *Stack) prepare(v *Service) error {
	if mode := text(v.Definition, "networkMode"); mode != "awsvpc" {
		return tagboat.Usagef("the service %s has the network mode %q, and the stack's services have awsvpc", v.Name, mode).
			At(v.Where).WithHint(`write "networkMode": "awsvpc" in its task definition, or choose the other services with --service`)
	}
	if err := s.capacity(v); err != nil {
		return err
	}
	var lost, resolved []string
	v.task, lost, resolved = Convert(v.Definition)
	s.say(v, "task definition", lost, resolved)
	v.inside, lost, resolved = Convert(v.Service)
	s.say(v, "service", lost, resolved)
	if v.inside == nil {
		v.inside = map[string]any{}
	}
	if n, ok := v.Service["desiredCount"]; ok {
		v.count = fmt.Sprint(n)
	}
	s.ports(v)
	return nil
}

func (s *Stack) say(v *Service, what string, lost, resolved []string) {
	for _, member := range lost {
		s.Note("%s: CloudFormation has no property for %s of its %s file, which is left out", v.Name, member, what)
	}
	for _, member := range resolved {
		s.Note("%s: CloudFormation replaces the dynamic reference in %s of its %s file, and ECS would not", v.Name, member, what)
	}
}

// capacity makes sure that the tasks can run in a cluster that the stack makes.
func (s *Stack) capacity(v *Service) error {
	if text(v.Service, "schedulingStrategy") == "DAEMON" {
		return tagboat.Usagef("the service %s is a daemon, and the stack's services have a count of tasks", v.Name).
			At(v.Where).WithHint("choose the other services with --service")
	}
	v.mode = text(v.Service, "launchType")
	var providers []string
	for _, item := range objects(v.Service, "capacityProviderStrategy") {
		providers = append(providers, text(item, "capacityProvider"))
	}
	fargate := v.mode == "" || v.mode == "FARGATE"
	for _, p := range providers {
		fargate = fargate && (p == "FARGATE" || p == "FARGATE_SPOT")
	}
	if !fargate && s.has(Cluster) {
		return tagboat.Usagef("the service %s does not run on Fargate, and there are no templates of other capacity yet", v.Name).
			At(v.Where).WithHint("make the cluster and its capacity providers yourself, and add --existing cluster")
	}
	if v.mode == "" && len(providers) == 0 {
		v.mode = "FARGATE"
	}
	return nil
}

// ports chooses what the load balancer sends to: the first port of the task definition, or nothing
// where the service file has load balancers of its own.
func (s *Stack) ports(v *Service) {
	if len(objects(v.Service, "loadBalancers")) > 0 {
		s.Note("%s: its service file names load balancers, which are kept; the stack makes no target group for it", v.Name)
		return
	}
	ports := 0
	for _, c := range objects(v.Definition, "containerDefinitions") {
		for _, p := range objects(c, "portMappings") {
			port, _ := strconv.Atoi(fmt.Sprint(p["containerPort"]))
			if ports++; v.port == 0 {
				v.container, v.port = text(c, "name"), port
				v.health, v.from = "/", ""
				if path := healthPath(c); path != "" {
					v.health, v.from = path, "; the health check of its container has it"
				}
			}
		}
	}
	if ports > 1 {
		s.Note("%s: the load balancer sends to port %d of its container %s, and to none of the other ports", v.Name, v.port, v.container)
	}
}

var inURL = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`https?://(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?(/[^\s"'?]*)?`)
})

// healthPath returns the path that the health check of a container asks for; "" where none shows.
func healthPath(container map[string]any) string {
	check, _ := container["healthCheck"].(map[string]any)
	command, _ := check["command"].([]any)
	for _, word := range command {
		if found := inURL().FindStringSubmatch(fmt.Sprint(word)); found != nil {
			return cmpOr(found[1], "/")
		}
	}
	return ""
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// text returns a member that is a string; "" for none.
func text(object map[string]any, member string) string {
	t, _ := object[member].(string)
	return t
}

// objects returns a member that is a list of objects.
func objects(object map[string]any, member string) []map[string]any {
	list, _ := object[member].([]any)
	var all []map[string]any
	for _, item := range list {
		if o, ok := item.(map[string]any); ok {
			all = append(all, o)
		}
	}
	return all
}

// strings of a member that is a list of them.
func texts(object map[string]any, member string) []string {
	list, _ := object[member].([]any)
	var all []string
	for _, item := range list {
		if t, ok := item.(string); ok {
			all = append(all, t)
		}
	}
	return all
}

// within returns an object in an object, which is made where it is not there.
func within(object map[string]any, member string) map[string]any {
	nested, ok := object[member].(map[string]any)
	if !ok {
		nested = map[string]any{}
		object[member] = nested
	}
	return nested
}

// subnets returns those of a service file, as JSON.
func (v *Service) subnets() []string {
	network, _ := v.Service["networkConfiguration"].(map[string]any)
	vpc, _ := network["awsvpcConfiguration"].(map[string]any)
	return texts(vpc, "subnets")
}

// definition returns the resource of the task definition.
func (s *Stack) definition(v *Service, logs map[string]string) string {
	for _, c := range v.task["ContainerDefinitions"].([]any) {
		container := c.(map[string]any)
		if image, ok := v.Images[fmt.Sprint(container["Name"])]; ok {
			container["Image"] = image
		}
		if log, ok := container["LogConfiguration"].(map[string]any); ok {
			options, _ := log["Options"].(map[string]any)
			if id := logs[fmt.Sprint(options["awslogs-group"])]; id != "" && s.here(options) {
				options["awslogs-group"], options["awslogs-region"] = Expression("!Ref "+id), Expression("!Ref AWS::Region")
			}
		}
	}
	v.roles(s)
	return "  " + v.id + "TaskDefinition:\n    Type: AWS::ECS::TaskDefinition\n" +
		"    DeletionPolicy: Delete\n    UpdateReplacePolicy: Retain # the revision before stays, for a rollback\n    Properties:\n" + block(6, v.task)
}

// here reports whether a log of the driver awslogs is in the stack's region.
func (s *Stack) here(options map[string]any) bool {
	region := text(options, "awslogs-region")
	return region == "" || region == s.Region
}

// service returns the resource of the service.
func (s *Stack) service(v *Service) string {
	p := v.inside
	p["ServiceName"], p["TaskDefinition"], p["DesiredCount"] = v.ServiceName, ref(v.id+"TaskDefinition"), ref(v.id+"Count")
	p["Cluster"] = s.clusterRef()
	if v.mode != "" {
		p["LaunchType"] = v.mode
	}
	if v.port > 0 {
		p["LoadBalancers"] = []any{map[string]any{"ContainerName": v.container, "ContainerPort": v.port, "TargetGroupArn": ref(v.id + "Targets")}}
		if _, ok := p["HealthCheckGracePeriodSeconds"]; !ok {
			p["HealthCheckGracePeriodSeconds"] = 60
		}
	}
	s.network(v)
	s.deployments(v)
	return "  " + v.id + "Service:\n    Type: AWS::ECS::Service\n" + s.after(v) + "    Properties:\n" + block(6, p)
}

// after returns what must be there before the service: a rule, since a target group that no load
// balancer has is refused, and the services of dependsOn.
func (s *Stack) after(v *Service) string {
	var ids []string
	if v.port > 0 {
		ids = append(ids, v.id+"Rule")
	}
	for _, name := range v.DependsOn {
		if i := slices.IndexFunc(s.Services, func(o Service) bool { return o.Name == name }); i >= 0 {
			ids = append(ids, s.Services[i].id+"Service")
		}
	}
	if len(ids) == 0 {
		return ""
	}
	return "    DependsOn:\n      - " + strings.Join(ids, "\n      - ") + "\n"
}

func (s *Stack) network(v *Service) {
	vpc := within(within(v.inside, "NetworkConfiguration"), "AwsvpcConfiguration")
	if slices.Equal(v.subnets(), s.subnets()) || len(v.subnets()) == 0 {
		vpc["Subnets"] = ref("Subnets")
	} else {
		s.Note("%s: its service file has other subnets than the parameter Subnets begins with, and keeps them", v.Name)
	}
	groups, _ := vpc["SecurityGroups"].([]any)
	vpc["SecurityGroups"] = append([]any{ref(v.id + "SecurityGroup")}, groups...)
	if _, ok := vpc["AssignPublicIp"]; !ok {
		vpc["AssignPublicIp"] = "DISABLED"
	}
}

// subnets are those that the parameter begins with: of the first service that has some.
func (s *Stack) subnets() []string {
	for i := range s.Services {
		if of := s.Services[i].subnets(); len(of) > 0 {
			return of
		}
	}
	return nil
}

// deployments adds the circuit breaker, if the file has none, and the stack's alarms.
func (s *Stack) deployments(v *Service) {
	controller, _ := v.Service["deploymentController"].(map[string]any)
	if kind := text(controller, "type"); kind != "" && kind != "ECS" {
		s.Note("%s: its deployments are those of %s, which take no alarms and no circuit breaker of ECS", v.Name, kind)
		return
	}
	d := within(v.inside, "DeploymentConfiguration")
	if _, ok := d["DeploymentCircuitBreaker"]; !ok && cmpOr(text(d, "Strategy"), "ROLLING") == "ROLLING" {
		d["DeploymentCircuitBreaker"] = map[string]any{"Enable": true, "Rollback": true}
	}
	alarms := within(d, "Alarms")
	names, _ := alarms["AlarmNames"].([]any)
	if v.port > 0 {
		names = append(names, ref(v.id+"Errors"))
	}
	alarms["AlarmNames"] = append(names, ref(v.id+"Cpu"))
	for _, member := range []string{"Enable", "Rollback"} {
		if _, ok := alarms[member]; !ok {
			alarms[member] = true
		}
	}
}

func ref(id string) Expression { return Expression("!Ref " + id) }

func (s *Stack) clusterRef() any {
	if s.has(Cluster) {
		return ref("Cluster")
	}
	return s.Cluster
}
