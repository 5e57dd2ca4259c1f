package express

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// create makes a service and all that it needs.
func (c call) create(in request) (createOut, error) {
	if err := in.checkNew(); err != nil {
		return createOut{}, err
	}
	cluster := cmp.Or(in.Cluster, "default")
	if !strings.HasPrefix(cluster, "arn:") {
		cluster = c.caller.Scope.ARN("ecs", "cluster/"+cluster)
	}
	name := in.ServiceName
	if name == "" {
		name = c.nameOf(&in)
	}
	now := c.deps.Clock.Now()
	g := &gateway{
		ARN: c.caller.Scope.ARN("ecs", "service/"+lastPart(cluster)+"/"+name), Name: name, ClusterARN: cluster, InfrastructureRole: in.InfrastructureRoleARN,
		CreatedAt: now, UpdatedAt: now, Revisions: map[string]settings{},
		Settings: settings{HealthCheckPath: cmp.Or(in.HealthCheckPath, defaultPath), Scaling: defaultScaling().merge(in.ScalingTarget)},
	}
	if in.NetworkConfiguration != nil {
		g.Settings.Network = *in.NetworkConfiguration
	}
	if err := g.Settings.Scaling.check(); err != nil {
		return createOut{}, err
	}
	if err := c.free(g); err != nil {
		return createOut{}, err
	}
	definition, err := c.firstDefinition(g, &in)
	if err != nil {
		return createOut{}, err
	}
	port := *definition.container().Port
	if err := c.provision(g, port); err != nil {
		return createOut{}, err
	}
	var made struct{ Service serviceRecord }
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-work.html
	if err := c.do(g, "ecs", "CreateService", map[string]any{
		"cluster": cluster, "serviceName": name, "taskDefinition": definition.text("taskDefinitionArn"), "desiredCount": g.Settings.Scaling.Least,
		"capacityProviderStrategy": []any{map[string]any{"capacityProvider": "FARGATE", "base": 1, "weight": 1}},
		"networkConfiguration":     g.network(), "loadBalancers": g.loadBalancers(port), "healthCheckGracePeriodSeconds": 300,
		"enableECSManagedTags": true, "propagateTags": "SERVICE", "tags": in.Tags,
		"deploymentConfiguration": map[string]any{
			"strategy": "CANARY", "bakeTimeInMinutes": 3, "canaryConfiguration": map[string]any{"canaryPercent": 5, "canaryBakeTimeInMinutes": 3},
			"alarms": map[string]any{"alarmNames": []string{g.Made.Alarm}, "enable": true, "rollback": true},
		},
	}, &made); err != nil {
		return createOut{}, err
	}
	c.gateways[g.ARN] = g
	g.note(made.Service)
	out, err := c.show(g, made.Service, true)
	return createOut{out}, err
}

type createOut struct {
	Service gatewayRecord `json:"service"`
}

// nameOf returns a name for a service that has none: that of its image, and what makes it unique.
func (c call) nameOf(in *request) string {
	name := "service"
	if in.PrimaryContainer != nil {
		name, _, _ = strings.Cut(lastPart(in.PrimaryContainer.Image), "@")
		name, _, _ = strings.Cut(name, ":")
	}
	name = strings.Map(func(r rune) rune {
		if r == '.' {
			return '-'
		}
		return r
	}, name)
	return name + "-" + c.id("name", 4)
}

// free makes sure that the cluster, which is made where it is the default one, can have the service.
func (c call) free(g *gateway) error {
	if lastPart(g.ClusterARN) == "default" {
		if err := c.do(g, "ecs", "CreateCluster", map[string]any{"clusterName": "default", "capacityProviders": []string{"FARGATE"}}, nil); err != nil {
			return err
		}
	}
	old, err := c.record(g)
	switch {
	case err != nil:
		return err
	case old.Status == "ACTIVE":
		return invalid("Creation of service was not idempotent.")
	case old.Status == "DRAINING":
		return invalid("Unable to Start a service that is still Draining.")
	}
	return nil
}

// firstDefinition returns the task definition of a new service: the caller's, or one that is
// registered.
func (c call) firstDefinition(g *gateway, in *request) (definition, error) {
	g.Made.LogGroup = "/aws/ecs/" + lastPart(g.ClusterARN) + "/" + g.Name + "-" + c.id("log", 4)
	if in.TaskDefinitionARN != "" {
		return c.definition(g, in.TaskDefinitionARN, true)
	}
	own := *in.PrimaryContainer
	own.Logs = cmp.Or(own.Logs, &awsLogs{})
	own.Logs = &awsLogs{cmp.Or(own.Logs.Group, g.Made.LogGroup), own.Logs.Prefix}
	if own.Logs.Group == g.Made.LogGroup {
		if err := c.do(g, "logs", "CreateLogGroup", map[string]any{"logGroupName": g.Made.LogGroup}, nil); err != nil {
			return nil, err
		}
	}
	with := *in
	with.PrimaryContainer = &own
	return c.register(g, newDefinition(g.family(), c.caller.Region, &with))
}

// family is the one that Express Mode registers task definitions of a service in.
func (g *gateway) family() string { return lastPart(g.ClusterARN) + "-" + g.Name }

func (c call) register(g *gateway, d definition) (definition, error) {
	var out struct {
		TaskDefinition definition `json:"taskDefinition"`
	}
	err := c.do(g, "ecs", "RegisterTaskDefinition", d, &out)
	return out.TaskDefinition, err
}

// definition reads a task definition; somebody else's has to fit.
func (c call) definition(g *gateway, arn string, foreign bool) (definition, error) {
	var out struct {
		TaskDefinition definition `json:"taskDefinition"`
	}
	err := c.do(g, "ecs", "DescribeTaskDefinition", map[string]any{"taskDefinition": arn}, &out)
	if err == nil && foreign {
		err = out.TaskDefinition.fits()
	}
	return out.TaskDefinition, err
}

// update changes what a request says, by a canary deployment where a task changes.
func (c call) update(in request) (updateOut, error) {
	if err := in.check(); err != nil {
		return updateOut{}, err
	}
	g, was, err := c.find(in.ServiceARN, "ServiceNotFoundException")
	if err != nil {
		return updateOut{}, err
	}
	if err := notActive(was); err != nil {
		return updateOut{}, err
	}
	wanted := settings{cmp.Or(in.HealthCheckPath, g.Settings.HealthCheckPath), g.Settings.Scaling.merge(in.ScalingTarget), g.Settings.Network}
	if in.NetworkConfiguration != nil {
		wanted.Network = *in.NetworkConfiguration
	}
	if err := wanted.Scaling.check(); err != nil {
		return updateOut{}, err
	}
	before, after, err := c.newDefinition(g, was, &in)
	if err != nil {
		return updateOut{}, err
	}
	if wanted.HealthCheckPath != g.Settings.HealthCheckPath {
		for _, group := range g.Made.Groups {
			if err := c.do(g, "elasticloadbalancing", "ModifyTargetGroup", map[string]any{"TargetGroupArn": group, "HealthCheckPath": wanted.HealthCheckPath}, nil); err != nil {
				return updateOut{}, err
			}
		}
	}
	g.Settings, g.UpdatedAt = wanted, c.deps.Clock.Now()
	change := map[string]any{"cluster": g.ClusterARN, "service": g.Name, "taskDefinition": after.text("taskDefinitionArn")}
	if port := *after.container().Port; port != *before.container().Port {
		change["loadBalancers"] = g.loadBalancers(port)
	}
	if in.NetworkConfiguration != nil {
		change["networkConfiguration"] = g.network()
	}
	if desired := min(max(was.Desired, *wanted.Scaling.Least), *wanted.Scaling.Most); desired != was.Desired {
		change["desiredCount"] = desired
	}
	var now struct{ Service serviceRecord }
	if err := c.do(g, "ecs", "UpdateService", change, &now); err != nil {
		return updateOut{}, err
	}
	g.note(now.Service)
	shown, err := c.configuration(g, now.Service.newest())
	return updateOut{updatedRecord{
		ARN: g.ARN, Name: g.Name, Cluster: lastPart(g.ClusterARN), Status: gatewayStatus{now.Service.Status},
		Target: shown, CreatedAt: wire.At(g.CreatedAt), UpdatedAt: wire.At(g.UpdatedAt),
	}}, err
}

type updateOut struct {
	Service updatedRecord `json:"service"`
}

// newDefinition returns the task definition that a service has, and the one that it gets, which is
// registered where it is another one.
func (c call) newDefinition(g *gateway, was serviceRecord, in *request) (before, after definition, err error) {
	if before, err = c.definition(g, was.primary(), false); err != nil {
		return nil, nil, err
	}
	if in.TaskDefinitionARN != "" {
		after, err = c.definition(g, in.TaskDefinitionARN, true)
		return before, after, err
	}
	changed := before.input()
	changed.change(c.caller.Region, in)
	if reflect.DeepEqual(normal(changed), before.input()) {
		return before, before, nil
	}
	changed["family"] = g.family()
	after, err = c.register(g, changed)
	return before, after, err
}

// notActive refuses a service that is deleted (terraform-provider-aws, express_gateway_service.go).
func notActive(s serviceRecord) error {
	switch s.Status {
	case "ACTIVE":
		return nil
	case "DRAINING":
		return wire.Errorf("ServiceNotActiveException", "Service is in DRAINING status.")
	default:
		return wire.Errorf("ServiceNotActiveException", "Cannot perform this operation on a service in %s status.", s.Status)
	}
}

// delete begins to end a service.
func (c call) delete(in struct{ ServiceARN string }) (createOut, error) {
	g, was, err := c.find(in.ServiceARN, "ServiceNotFoundException")
	if err == nil {
		err = notActive(was)
	}
	if err != nil {
		return createOut{}, err
	}
	var ended struct{ Service serviceRecord }
	if err := c.do(g, "ecs", "DeleteService", map[string]any{"cluster": g.ClusterARN, "service": g.Name, "force": true}, &ended); err != nil {
		return createOut{}, err
	}
	if err := c.release(g); err != nil {
		return createOut{}, err
	}
	g.UpdatedAt, g.Made = c.deps.Clock.Now(), resources{LogGroup: g.Made.LogGroup, Endpoint: g.Made.Endpoint}
	out, err := c.show(g, ended.Service, false)
	return createOut{out}, err
}

type describeIn struct {
	ServiceARN string
	Include    []string
}

func (c call) describe(in describeIn) (createOut, error) {
	if i := slices.IndexFunc(in.Include, func(member string) bool { return member != "TAGS" }); i >= 0 {
		return createOut{}, invalid("include should be one of [TAGS]")
	}
	g, record, err := c.find(in.ServiceARN, "ResourceNotFoundException")
	if err != nil {
		return createOut{}, err
	}
	out, err := c.show(g, record, len(in.Include) > 0)
	return createOut{out}, err
}

func lastPart(of string) string { return of[strings.LastIndex(of, "/")+1:] }
