package logs

import (
	"maps"
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

const (
	classStandard   = "STANDARD"
	maxDescribePage = 50
)

type createGroupInput struct {
	Name  string            `json:"logGroupName"`
	Class string            `json:"logGroupClass"`
	KeyID string            `json:"kmsKeyId"`
	Tags  map[string]string `json:"tags"`
}

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
func (c call) createGroup(in createGroupInput) (struct{}, error) {
	if err := checkGroupName(in.Name); err != nil {
		return struct{}{}, err
	}
	classes := []string{classStandard, "INFREQUENT_ACCESS", "DELIVERY"}
	if in.Class != "" && !slices.Contains(classes, in.Class) {
		return struct{}{}, invalidMember(in.Class, "logGroupClass", "satisfy enum value set: ["+strings.Join(classes, ", ")+"]")
	}
	if c.groups[in.Name] != nil {
		return struct{}{}, wire.Errorf("ResourceAlreadyExistsException", "The specified log group already exists")
	}
	g := c.addGroup(in.Name, c.now)
	g.KeyID = in.KeyID
	if in.Class != "" {
		g.Class = in.Class
	}
	maps.Copy(g.Tags, in.Tags)
	return struct{}{}, nil
}

type groupInput struct {
	Name string `json:"logGroupName"`
}

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteLogGroup.html
func (c call) deleteGroup(in groupInput) (struct{}, error) {
	g, err := c.group(in.Name, "")
	if err != nil {
		return struct{}{}, err
	}
	delete(c.groups, g.Name)
	return struct{}{}, nil
}

type retentionInput struct {
	groupInput
	Days int `json:"retentionInDays"`
}

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
func (c call) putRetention(in retentionInput) (struct{}, error) {
	g, err := c.group(in.Name, "")
	if err != nil {
		return struct{}{}, err
	}
	allowed := []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
	if !slices.Contains(allowed, in.Days) {
		return struct{}{}, wire.Errorf(invalidParameter, "1 validation error detected: Value '%d' at 'retentionInDays' failed to "+
			"satisfy constraint: Member must satisfy enum value set: %v", in.Days, allowed)
	}
	g.Retention = in.Days
	return struct{}{}, nil
}

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteRetentionPolicy.html
func (c call) deleteRetention(in groupInput) (struct{}, error) {
	g, err := c.group(in.Name, "")
	if err != nil {
		return struct{}{}, err
	}
	g.Retention = 0
	return struct{}{}, nil
}

type describeGroupsInput struct {
	Prefix      string   `json:"logGroupNamePrefix"`
	Pattern     string   `json:"logGroupNamePattern"`
	Class       string   `json:"logGroupClass"`
	Identifiers []string `json:"logGroupIdentifiers"`
	Limit       *int     `json:"limit"`
	NextToken   string   `json:"nextToken"`
}

type describeGroupsOutput struct {
	Groups    []groupOutput `json:"logGroups"`
	NextToken string        `json:"nextToken,omitempty"`
}

// groupOutput is a log group as it is described. Some members are left out where
// groups were searched for by a pattern.
type groupOutput struct {
	ARN                string `json:"arn"`
	CreationTime       int64  `json:"creationTime"`
	DeletionProtection *bool  `json:"deletionProtectionEnabled,omitempty"`
	KeyID              string `json:"kmsKeyId,omitempty"`
	GroupARN           string `json:"logGroupArn"`
	Class              string `json:"logGroupClass"`
	Name               string `json:"logGroupName"`
	MetricFilterCount  int    `json:"metricFilterCount"`
	Retention          int    `json:"retentionInDays,omitempty"`
	StoredBytes        *int64 `json:"storedBytes,omitempty"`
}

// describeGroups lists groups by name.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html
func (c call) describeGroups(in describeGroupsInput) (describeGroupsOutput, error) {
	out := describeGroupsOutput{Groups: []groupOutput{}}
	if in.Prefix != "" && in.Pattern != "" {
		return out, wire.Errorf(invalidParameter, "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	}
	size, err := wire.PageLimit(in.Limit, maxDescribePage, invalidParameter, "limit")
	if err != nil {
		return out, err
	}
	var groups []*group
	for _, name := range slices.Sorted(maps.Keys(c.groups)) {
		if g := c.groups[name]; in.matches(g, c.groupARN(name)) {
			groups = append(groups, g)
		}
	}
	page, next, err := wire.Page(groups, in.NextToken, size, invalidParameter)
	if err != nil {
		return out, badToken()
	}
	out.NextToken = next
	for _, g := range page {
		out.Groups = append(out.Groups, c.describeGroup(g, in.Pattern == ""))
	}
	return out, nil
}

func (in describeGroupsInput) matches(g *group, arn string) bool {
	listed := len(in.Identifiers) == 0 || slices.Contains(in.Identifiers, g.Name) || slices.Contains(in.Identifiers, arn)
	return listed && strings.HasPrefix(g.Name, in.Prefix) && strings.Contains(g.Name, in.Pattern) &&
		(in.Class == "" || in.Class == g.Class)
}

func (st *store) describeGroup(g *group, whole bool) groupOutput {
	arn := st.groupARN(g.Name)
	out := groupOutput{ARN: arn + ":*", CreationTime: g.CreatedAt, GroupARN: arn, Class: g.Class, Name: g.Name}
	if !whole {
		return out
	}
	var bytes int64
	for _, s := range g.Streams {
		bytes += s.storedBytes()
	}
	out.KeyID, out.Retention, out.StoredBytes, out.DeletionProtection = g.KeyID, g.Retention, &bytes, new(bool)
	return out
}

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
