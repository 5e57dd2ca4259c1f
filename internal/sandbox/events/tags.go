package events

import (
	"slices"
	"strings"
)

type tag struct{ Key, Value string }

type tagInput struct {
	ResourceARN string
	Tags        []tag
	TagKeys     []string
}

type tagsOutput struct{ Tags []tag }

// tagged returns the tags of a bus or a rule of the caller's.
func (c call) tagged(arn string) (*[]tag, error) {
	for _, b := range c.sorted(func(b *bus) bool { return b.Scope == c.caller.Scope }) {
		if b.arn() == arn {
			return &b.Tags, nil
		}
		for _, r := range b.Rules {
			if r.arn() == arn {
				return &r.Tags, nil
			}
		}
	}
	kind := "Rule"
	if strings.Contains(arn, ":event-bus/") {
		kind = "Event bus"
	}
	return nil, notFound("%s %s does not exist.", kind, arn[strings.LastIndex(arn, "/")+1:])
}

func (c call) tag(in tagInput) (nothing, error) {
	tags, err := c.tagged(in.ResourceARN)
	if err != nil {
		return nothing{}, err
	}
	for _, t := range in.Tags {
		*tags = append(slices.DeleteFunc(slices.Clone(*tags), func(there tag) bool { return there.Key == t.Key }), t)
	}
	return nothing{}, nil
}

func (c call) untag(in tagInput) (nothing, error) {
	tags, err := c.tagged(in.ResourceARN)
	if err == nil {
		*tags = slices.DeleteFunc(slices.Clone(*tags), func(t tag) bool { return slices.Contains(in.TagKeys, t.Key) })
	}
	return nothing{}, err
}

func (c call) listTags(in tagInput) (tagsOutput, error) {
	tags, err := c.tagged(in.ResourceARN)
	if err != nil {
		return tagsOutput{}, err
	}
	return tagsOutput{append([]tag{}, *tags...)}, nil
}
