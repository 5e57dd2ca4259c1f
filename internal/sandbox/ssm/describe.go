package ssm

import (
	"slices"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

const maxDescribePage = 50

type describeInput struct {
	ParameterFilters []filter
	Filters          []oldFilter
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
	if err := checkOldFilters(in); err != nil {
		return out, err
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
		if v := versionByFilters(p, in.ParameterFilters); v != nil && matchOld(p, v, in.Filters) {
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

// oldFilter is what there was before ParameterFilters: names by how they begin, types and
// keys as a whole.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParametersFilter.html
type oldFilter struct {
	Key    string
	Values []string
}

func checkOldFilters(in describeInput) error {
	if len(in.Filters) > 0 && len(in.ParameterFilters) > 0 {
		return wire.Errorf("ValidationException", "You can use either Filters or ParameterFilters in a single request.")
	}
	for _, f := range in.Filters {
		if !slices.Contains([]string{"Name", "Type", "KeyId"}, f.Key) {
			return invalidMember(f.Key, "filters.1.member.key", "satisfy enum value set: [Type, KeyId, Name]")
		}
		if len(f.Values) == 0 {
			return wire.Errorf("InvalidFilterValue", "The following filter values are missing : null for filter key %s.", f.Key)
		}
	}
	return nil
}

func matchOld(p *parameter, v *version, filters []oldFilter) bool {
	return !slices.ContainsFunc(filters, func(f oldFilter) bool {
		return !slices.ContainsFunc(f.Values, func(value string) bool {
			switch f.Key {
			case "Name":
				return strings.HasPrefix(p.Name, value)
			case "Type":
				return v.Type == value
			default:
				return v.KeyID == value
			}
		})
	})
}
