package ssm

import (
	"maps"
	"slices"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

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
