package taskdef

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// RevisionMembers are the members of UpdateService's input that a service revision holds:
// those that ECS brings back where it rolls a deployment back by itself.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceRevision.html
func RevisionMembers() []string {
	return []string{
		"capacityProviderStrategy", "gatewayConnectors", "loadBalancers", "monitoring", "networkConfiguration", "platformVersion",
		"serviceConnectConfiguration", "serviceRegistries", "volumeConfigurations", "vpcLatticeConfigurations",
	}
}

// Former returns what an UpdateService call must send to bring members of a service back to
// what they were: was is the record of the service or of one of its revisions, and is has
// the members as they are now. A member that was absent gets the value that takes it
// away. The second result names those that nothing can bring back.
func Former(members []string, was, is json.RawMessage) (map[string]json.RawMessage, []string, error) {
	before, err := FromJSON(was)
	if err != nil {
		return nil, nil, fmt.Errorf("reading what the service was: %w", err)
	}
	now, err := FromJSON(is)
	if err != nil {
		return nil, nil, fmt.Errorf("reading what the service is: %w", err)
	}
	former, stays := map[string]json.RawMessage{}, []string(nil)
	for _, name := range members {
		had, visible := before.member(name)
		has := now.members[name]
		if bytes.Equal(encode(simplify(clone(had))), encode(simplify(clone(has)))) {
			continue
		}
		value, ok := formerMember(name, had, has)
		if !visible || !ok {
			stays = append(stays, name)
			continue
		}
		var unknown []string // of the future: they cannot be sent
		former[name] = encode(withKnown(clone(value), loadShapes().Structures[updateService].Members[name], name, &unknown))
	}
	slices.Sort(stays)
	return former, stays, nil
}

// FormerService returns what a service that has the settings of its record must be given to
// have those of one of its revisions again, as the input of CreateService that ServiceChanges
// takes. The platform version stays as it is: a revision has the number that LATEST stood for.
func FormerService(revision, service json.RawMessage) (Definition, error) {
	record, err := FromJSON(service)
	if err != nil {
		return Definition{}, fmt.Errorf("reading what the service is: %w", err)
	}
	var members []string
	now := map[string]any{}
	for _, name := range RevisionMembers() {
		if have, visible := record.serviceMember(name); visible && name != "platformVersion" {
			members, now[name] = append(members, name), have
		}
	}
	former, _, err := Former(members, revision, encode(now)) // all of them can be taken away
	if err != nil {
		return Definition{}, err
	}
	return FromJSON(encode(former))
}

// member returns a member of a service's record, or of a service revision's.
func (d Definition) member(member string) (any, bool) {
	if d.Has("serviceRevisionArn") {
		return d.members[member], true
	}
	return d.serviceMember(member)
}

// formerMember returns what brings one member back, and false where nothing does.
func formerMember(name string, had, has any) (any, bool) {
	if isEmpty(had) {
		value, ok := removals()[name]
		return value, ok
	}
	object, ok := clone(had).(map[string]any)
	if name != "deploymentConfiguration" || !ok {
		return had, true
	}
	// UpdateService keeps what it is not told of this one.
	now, _ := has.(map[string]any)
	for member := range now {
		if value, ok := configurationRemovals()[member]; ok && object[member] == nil {
			object[member] = value
		}
	}
	return object, true
}

// removals is what takes members of a service away.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
func removals() map[string]any {
	none := []any{}
	return map[string]any{
		"capacityProviderStrategy": none, "gatewayConnectors": none, "loadBalancers": none, "placementConstraints": none,
		"placementStrategy": none, "serviceRegistries": none, "volumeConfigurations": none, "vpcLatticeConfigurations": none,
		"serviceConnectConfiguration": map[string]any{"enabled": false},
		"enableECSManagedTags":        false, "enableExecuteCommand": false, "healthCheckGracePeriodSeconds": number("0"),
		"platformVersion": "LATEST", "propagateTags": "NONE", "availabilityZoneRebalancing": "DISABLED", "desiredCount": number("0"),
	}
}

// configurationRemovals is removals for the members of a deployment configuration. Those of a
// strategy go with it.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
func configurationRemovals() map[string]any {
	return map[string]any{
		"strategy": "ROLLING", "bakeTimeInMinutes": number("0"), "lifecycleHooks": []any{},
		"alarms":                   map[string]any{"alarmNames": []any{}, "enable": false, "rollback": false},
		"deploymentCircuitBreaker": map[string]any{"enable": false, "rollback": false},
		"earlySuccessCriteria":     map[string]any{"enable": false},
	}
}
