package logs

import (
	"maps"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

const maxTags = 50

type tagInput struct {
	ARN  string            `json:"resourceArn"`
	Tags map[string]string `json:"tags"`
}

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TagResource.html
func (c call) tagResource(in tagInput) (struct{}, error) {
	g, err := c.group("", in.ARN)
	if err != nil {
		return struct{}{}, err
	}
	merged := map[string]string{}
	maps.Copy(merged, g.Tags)
	maps.Copy(merged, in.Tags)
	if len(merged) > maxTags {
		return struct{}{}, wire.Errorf("TooManyTagsException", "A resource can have no more than %d tags.", maxTags)
	}
	g.Tags = merged
	return struct{}{}, nil
}

type untagInput struct {
	ARN  string   `json:"resourceArn"`
	Keys []string `json:"tagKeys"`
}

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_UntagResource.html
func (c call) untagResource(in untagInput) (struct{}, error) {
	g, err := c.group("", in.ARN)
	if err != nil {
		return struct{}{}, err
	}
	for _, key := range in.Keys {
		delete(g.Tags, key)
	}
	return struct{}{}, nil
}

type tagsOutput struct {
	Tags map[string]string `json:"tags"`
}

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_ListTagsForResource.html
func (c call) listTags(in tagInput) (tagsOutput, error) {
	g, err := c.group("", in.ARN)
	if err != nil {
		return tagsOutput{}, err
	}
	return tagsOutput{Tags: maps.Clone(g.Tags)}, nil
}
