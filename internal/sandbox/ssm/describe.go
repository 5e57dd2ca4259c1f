package ssm

import (
	"encoding/json"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

const maxDescribePage = 50

type describeInput struct {
	ParameterFilters []filter
	Filters          []json.RawMessage
	Shared           bool
	MaxResults       *int
	NextToken        string
}

type describeOutput struct {
	Parameters []metadata
	NextToken  string `json:",omitempty"`
}

// metadata is what is known of a parameter without its value.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterMetadata.html
type metadata struct {
	Name             string
	ARN              string
	Type             string
	KeyID            string `json:"KeyId,omitempty"`
	LastModifiedDate wire.Time
	LastModifiedUser string
	Description      string `json:",omitempty"`
	AllowedPattern   string `json:",omitempty"`
	Version          int64
	Tier             string
	Policies         []policy
	DataType         string
}

// describe lists parameters without their values. As with getByPath, a page counts
// what was looked at.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html
func (c call) describe(in describeInput) (describeOutput, error) {
	out := describeOutput{Parameters: []metadata{}}
	if len(in.Filters) > 0 {
		return out, wire.Errorf("ValidationException", "Filters is deprecated and the sandbox has none of it. Use ParameterFilters.")
	}
	if err := checkFilters(in.ParameterFilters, describeFilters); err != nil {
		return out, err
	}
	size, err := pageSize(in.MaxResults, maxDescribePage)
	if err != nil {
		return out, err
	}
	all := c.sorted()
	if in.Shared {
		all = nil // nothing is shared between accounts here
	}
	page, next, err := wire.Page(all, in.NextToken, size, invalidToken)
	if err != nil {
		return out, err
	}
	out.NextToken = next
	for _, p := range page {
		if v := versionByFilters(p, in.ParameterFilters); v != nil {
			out.Parameters = append(out.Parameters, c.metadata(p, v))
		}
	}
	return out, nil
}

func (c call) metadata(p *parameter, v *version) metadata {
	return metadata{
		Name:             p.Name,
		ARN:              c.arn(p.Name),
		Type:             v.Type,
		KeyID:            v.KeyID,
		LastModifiedDate: wire.At(v.At),
		LastModifiedUser: v.User,
		Description:      v.Description,
		AllowedPattern:   v.AllowedPattern,
		Version:          v.Number,
		Tier:             v.Tier,
		Policies:         append([]policy{}, v.Policies...),
		DataType:         v.DataType,
	}
}
