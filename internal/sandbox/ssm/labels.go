package ssm

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

const (
	maxLabels      = 10
	maxLabelLength = 100
)

var labelPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z_.\-][a-zA-Z0-9_.\-]*$`) })

type labelInput struct {
	Name             string
	ParameterVersion int64
	Labels           []string
}

type labelOutput struct {
	InvalidLabels    []string
	ParameterVersion int64
}

// label puts labels on a version; a label that another version has moves. Those that
// break the rules are answered, and are no error.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html
func (c call) label(in labelInput) (labelOutput, error) {
	p, v, err := c.labelTarget(in)
	if err != nil {
		return labelOutput{}, err
	}
	out := labelOutput{InvalidLabels: []string{}, ParameterVersion: v.Number}
	labels := slices.Clone(v.Labels)
	var added []string
	for _, l := range in.Labels {
		switch {
		case !validLabel(l):
			out.InvalidLabels = append(out.InvalidLabels, l)
		case !slices.Contains(labels, l):
			labels, added = append(labels, l), append(added, l)
		}
	}
	if len(labels) > maxLabels {
		return labelOutput{}, wire.Errorf("ParameterVersionLabelLimitExceeded", "A parameter version can have maximum %d labels."+
			"Move one or more labels to another version and try again.", maxLabels)
	}
	for _, other := range p.Versions {
		other.drop(added)
	}
	v.Labels = labels
	return out, nil
}

type unlabelOutput struct {
	RemovedLabels []string
	InvalidLabels []string
}

// unlabel takes labels off a version. Those that it does not have are answered.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UnlabelParameterVersion.html
func (c call) unlabel(in labelInput) (unlabelOutput, error) {
	_, v, err := c.labelTarget(in)
	if err != nil {
		return unlabelOutput{}, err
	}
	out := unlabelOutput{RemovedLabels: []string{}, InvalidLabels: []string{}}
	for _, l := range in.Labels {
		if slices.Contains(v.Labels, l) {
			out.RemovedLabels = append(out.RemovedLabels, l)
		} else {
			out.InvalidLabels = append(out.InvalidLabels, l)
		}
	}
	v.drop(out.RemovedLabels)
	return out, nil
}

// labelTarget returns the version that a request means; none means the latest.
func (c call) labelTarget(in labelInput) (*parameter, *version, error) {
	name, err := cleanName(in.Name)
	if err != nil {
		return nil, nil, err
	}
	if err := checkLabels(in.Labels); err != nil {
		return nil, nil, err
	}
	p := c.parameters[name]
	if p == nil {
		return nil, nil, notFound()
	}
	if in.ParameterVersion == 0 {
		return p, p.latest(), nil
	}
	v := p.byNumber(in.ParameterVersion)
	if v == nil {
		return nil, nil, versionNotFound(name, strconv.FormatInt(in.ParameterVersion, 10))
	}
	return p, v, nil
}

func checkLabels(labels []string) error {
	list := "[" + strings.Join(labels, ", ") + "]"
	if len(labels) == 0 {
		return invalidMember(list, "labels", "have length greater than or equal to 1")
	}
	if slices.ContainsFunc(labels, func(l string) bool { return l == "" || len(l) > maxLabelLength }) {
		return invalidMember(list, "labels", "satisfy constraint: "+
			"[Member must have length less than or equal to 100, Member must have length greater than or equal to 1]")
	}
	return nil
}

func validLabel(l string) bool {
	low := strings.ToLower(l)
	return labelPattern().MatchString(l) && !strings.HasPrefix(low, "aws") && !strings.HasPrefix(low, "ssm")
}

func (v *version) drop(labels []string) {
	v.Labels = slices.DeleteFunc(v.Labels, func(l string) bool { return slices.Contains(labels, l) })
}

const maxTags = 50

type tag struct{ Key, Value string }

// resource names what tags belong to. Only parameters have tags here.
type resource struct {
	ResourceType string
	ResourceID   string `json:"ResourceId"`
}

func (c call) tagged(r resource) (*parameter, error) {
	if r.ResourceType != "Parameter" {
		return nil, wire.Errorf("InvalidResourceType", "The resource type is not valid. The sandbox has tags on Parameter only.")
	}
	p := c.parameters[r.ResourceID]
	if p == nil {
		return nil, wire.Errorf("InvalidResourceId", "The resource ID is not valid. Verify that you entered the correct ID and try again.")
	}
	return p, nil
}

type addTagsInput struct {
	resource
	Tags []tag
}

// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AddTagsToResource.html
func (c call) addTags(in addTagsInput) (struct{}, error) {
	p, err := c.tagged(in.resource)
	if err != nil {
		return struct{}{}, err
	}
	return struct{}{}, p.tag(in.Tags)
}

// tag adds all tags or, where there would be too many, none.
func (p *parameter) tag(tags []tag) error {
	merged := map[string]string{}
	maps.Copy(merged, p.Tags)
	for _, t := range tags {
		if t.Key == "" {
			return invalidMember("", "tags.1.member.key", "have length greater than or equal to 1")
		}
		merged[t.Key] = t.Value
	}
	if len(merged) > maxTags {
		return wire.Errorf("TooManyTagsError", "Number of tags exceeds the maximum allowed limit: %d", maxTags)
	}
	p.Tags = merged
	return nil
}

type listTagsOutput struct{ TagList []tag }

// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ListTagsForResource.html
func (c call) listTags(in resource) (listTagsOutput, error) {
	out := listTagsOutput{TagList: []tag{}}
	p, err := c.tagged(in)
	if err != nil {
		return out, err
	}
	for _, key := range slices.Sorted(maps.Keys(p.Tags)) {
		out.TagList = append(out.TagList, tag{Key: key, Value: p.Tags[key]})
	}
	return out, nil
}

type removeTagsInput struct {
	resource
	TagKeys []string
}

// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_RemoveTagsFromResource.html
func (c call) removeTags(in removeTagsInput) (struct{}, error) {
	p, err := c.tagged(in.resource)
	if err != nil {
		return struct{}{}, err
	}
	for _, key := range in.TagKeys {
		delete(p.Tags, key)
	}
	return struct{}{}, nil
}
