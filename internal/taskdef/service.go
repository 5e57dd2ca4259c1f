package taskdef

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
)

// ServiceChanges compares a rendered service with the record that DescribeServices
// gives of it, in what the file sets and nothing else: what the file leaves out is
// somebody else's, autoscaling's desiredCount among it. It returns the members that
// an UpdateService call must send (an empty Definition for none) and a diff of them.
// A change that ECS does not allow is an error of kind Usage with a hint.
//
// Neither the task definition, which a deployment compares by itself, nor tags, see
// ServiceTags, are looked at. Nor are monitoring and
// gatewayConnectors, unless the record has them: DescribeServices does not tell them.
func ServiceChanges(wanted Definition, observed json.RawMessage) (changes Definition, diff string, err error) {
	record, err := FromJSON(observed)
	if err != nil {
		return Definition{}, "", fmt.Errorf("reading the record of the service: %w", err)
	}
	wanted = wanted.backToLaunchType(record)
	differ := map[string]any{}
	var problems []error
	for _, member := range slices.Sorted(maps.Keys(wanted.members)) {
		have, visible := record.serviceMember(member)
		if !visible || covers(member, wanted.members[member], have) {
			continue
		}
		if err := refuse(member, wanted, record); err != nil {
			problems = append(problems, err)
			continue
		}
		differ[member] = clone(wanted.members[member])
	}
	if err := errors.Join(problems...); err != nil {
		return Definition{}, "", err
	}
	return Definition{members: differ}, serviceDiff(differ, record), nil
}

// backToLaunchType returns d with an empty capacity provider strategy in place of its
// launch type, where the service has a strategy and d has none: that is how ECS is asked
// for it.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
func (d Definition) backToLaunchType(record Definition) Definition {
	if isEmpty(record.members["capacityProviderStrategy"]) || d.members["launchType"] == nil || !isEmpty(d.members["capacityProviderStrategy"]) {
		return d
	}
	changed := maps.Clone(d.members)
	delete(changed, "launchType")
	changed["capacityProviderStrategy"] = []any{}
	return Definition{members: changed}
}

// ServiceTags compares the tags of a rendered service with those that it has. It returns
// the ones to set and the keys to remove, and a diff of them. A file without tags leaves
// them to others, and one with some has them all, but for AWS's own and Tagboat's.
func ServiceTags(wanted Definition, have map[string]string) (set map[string]string, remove []string, diff string) {
	tags := objects(wanted.members["tags"])
	if len(tags) == 0 {
		return nil, nil, ""
	}
	set = map[string]string{}
	for _, tag := range tags {
		set[text(tag["key"])] = text(tag["value"])
	}
	from, to := map[string]string{}, map[string]string{}
	for key, value := range have {
		if isSystemKey(key) || strings.HasPrefix(key, tagPrefix) {
			continue
		}
		switch wanted, ok := set[key]; {
		case !ok:
			remove = append(remove, key)
			from["tags["+key+"]"] = display(value)
		case wanted == value:
			delete(set, key)
		default:
			from["tags["+key+"]"] = display(value)
		}
	}
	for key, value := range set {
		to["tags["+key+"]"] = display(value)
	}
	slices.Sort(remove)
	return set, remove, diffLines(from, to)
}

// tagPrefix is what the tags begin with that Tagboat itself puts on services.
const tagPrefix = "tagboat:"

// serviceMember returns what a service's record has for a member of CreateService's input,
// and false where the member is none that can be compared.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html
func (d Definition) serviceMember(member string) (any, bool) {
	switch member {
	case "taskDefinition", "cluster", "clientToken", "tags":
		return nil, false
	case "role":
		return d.members["roleArn"], true
	case "serviceConnectConfiguration", "volumeConfigurations", "vpcLatticeConfigurations":
		return d.primary()[member], true
	case "monitoring", "gatewayConnectors":
		have, ok := d.members[member]
		return have, ok
	default:
		return d.members[member], true
	}
}

// primary returns the deployment that the service is going to: the record has some
// of the configuration there alone.
func (d Definition) primary() map[string]any {
	for _, deployment := range objects(d.members["deployments"]) {
		if deployment["status"] == "PRIMARY" {
			return deployment
		}
	}
	return nil
}

// refuse returns an error where UpdateService cannot change a member.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
func refuse(member string, wanted, record Definition) error {
	have, _ := record.serviceMember(member)
	if _, ok := loadShapes().Structures[updateService].Members[member]; !ok {
		return tagboat.Usagef("%s cannot be changed from %s to %s: ECS fixes it when a service is created",
			member, display(have), display(wanted.members[member])).
			WithHint("put the old value back into the file, or delete the service and deploy again")
	}
	controller, _ := record.members["deploymentController"].(map[string]any)
	allowed, limited := updatable(text(controller["type"]))
	if limited && !slices.Contains(allowed, member) {
		return tagboat.Usagef("%s cannot be changed: the service's deployment controller is %s", member, text(controller["type"])).
			WithHint("with that controller only these can: %s", strings.Join(allowed, ", "))
	}
	return nil
}

// updatable returns the members that UpdateService takes for a deployment controller,
// and false where it takes all.
func updatable(controller string) ([]string, bool) {
	members := []string{
		"desiredCount", "healthCheckGracePeriodSeconds", "placementConstraints",
		"placementStrategy", "enableECSManagedTags", "propagateTags",
	}
	switch controller {
	case "CODE_DEPLOY":
		return append(members, "deploymentConfiguration"), true
	case "EXTERNAL":
		return members, true
	default:
		return nil, false
	}
}

func display(v any) string {
	if isEmpty(v) {
		return "nothing"
	}
	return string(encode(v))
}

// NewService shows the members of a service that is to be created.
func NewService(d Definition) string { return serviceDiff(d.members, Definition{}) }

// serviceDiff shows the members that differ, each only as far as the file sets it.
func serviceDiff(differ map[string]any, record Definition) string {
	from, to := map[string]string{}, map[string]string{}
	for member, want := range differ {
		have, _ := record.serviceMember(member)
		if have = project(member, want, have); have != nil {
			flattenInto(from, member, have)
		}
		flattenInto(to, member, want)
	}
	return diffLines(from, to)
}
