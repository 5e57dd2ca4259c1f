package ssm

import (
	"slices"
	"strconv"
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
	size, err := wire.PageLimit(in.MaxResults, maxDescribePage, invalid, "maxResults")
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

// filter is one condition of a search.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html
type filter struct {
	Key    string
	Option string
	Values []string
}

// rule says that a key can be searched for, and how. The first option is the default.
type rule struct {
	key     string
	options []string
}

var (
	byPathFilters = []rule{
		{"Type", []string{"Equals", "BeginsWith"}},
		{"KeyId", []string{"Equals", "BeginsWith"}},
		{"Label", []string{"Equals"}},
	}
	describeFilters = []rule{
		{"Path", []string{"OneLevel", "Recursive"}},
		{"Name", []string{"Equals", "BeginsWith", "Contains"}},
		{"Type", []string{"Equals", "BeginsWith"}},
		{"KeyId", []string{"Equals", "BeginsWith"}},
		{"Tier", []string{"Equals", "BeginsWith"}},
		{"DataType", []string{"Equals", "BeginsWith"}},
		{"tag:", []string{"Equals", "BeginsWith"}},
	}
)

// checkFilters reports whether an operation can search that way.
func checkFilters(filters []filter, rules []rule) error {
	seen := map[string]bool{}
	for i, f := range filters {
		if err := f.check(i, rules); err != nil {
			return err
		}
		if seen[f.Key] {
			return wire.Errorf("InvalidFilterKey", "The following filter is duplicated in the request: %s. "+
				"A request can contain only one occurrence of a specific filter.", f.Key)
		}
		seen[f.Key] = true
	}
	return nil
}

func (f filter) check(i int, rules []rule) error {
	r := slices.IndexFunc(rules, func(r rule) bool {
		return f.Key == r.key || r.key == "tag:" && len(f.Key) > len(r.key) && strings.HasPrefix(f.Key, r.key)
	})
	known := slices.Contains([]string{"Name", "Type", "KeyId", "Path", "Label", "Tier", "DataType"}, f.Key)
	switch {
	case r < 0 && !known && !strings.HasPrefix(f.Key, "tag:"):
		return invalidMember(f.Key, "parameterFilters."+strconv.Itoa(i+1)+".member.key",
			"satisfy regular expression pattern: tag:.+|Name|Type|KeyId|Path|Label|Tier|DataType")
	case r < 0:
		return wire.Errorf("InvalidFilterKey", "The following filter key is not valid: %s. Valid filter keys include: [%s].",
			f.Key, strings.Join(keysOf(rules), ", "))
	case f.Option != "" && !slices.Contains(rules[r].options, f.Option):
		return wire.Errorf("InvalidFilterOption", "The following filter option is not valid: %s. Valid options include: [%s].",
			f.Option, strings.Join(rules[r].options, ", "))
	case len(f.Values) == 0 && rules[r].key != "tag:":
		return wire.Errorf("InvalidFilterValue", "The following filter values are missing : null for filter key %s.", f.Key)
	case f.Key == "Path":
		return checkPaths(f.Values)
	}
	return nil
}

func checkPaths(paths []string) error {
	for _, p := range paths {
		if _, err := cleanPath(p); err != nil {
			return err
		}
	}
	return nil
}

func keysOf(rules []rule) []string {
	keys := make([]string, len(rules))
	for i, r := range rules {
		keys[i] = r.key
	}
	return keys
}

// versionByFilters returns the version of p that the filters ask for: the one with a
// label, else the latest; nil where p does not match.
func versionByFilters(p *parameter, filters []filter) *version {
	v := p.latest()
	for _, f := range filters {
		if f.Key == "Label" {
			v = p.labelled(f.Values)
		}
	}
	if v == nil || slices.ContainsFunc(filters, func(f filter) bool { return !f.matches(p, v) }) {
		return nil
	}
	return v
}

func (p *parameter) labelled(labels []string) *version {
	for _, l := range labels {
		if v := p.byLabel(l); v != nil {
			return v
		}
	}
	return nil
}

func (f filter) matches(p *parameter, v *version) bool {
	if f.Key == "Label" {
		return true // it chose the version
	}
	subject, ok := f.subject(p, v)
	if !ok || len(f.Values) == 0 {
		return ok
	}
	return slices.ContainsFunc(f.Values, func(value string) bool { return f.compare(subject, value) })
}

// subject returns what a filter looks at; a tag may be missing.
func (f filter) subject(p *parameter, v *version) (string, bool) {
	switch f.Key {
	case "Name", "Path":
		return p.Name, true
	case "Type":
		return v.Type, true
	case "KeyId":
		return v.KeyID, true
	case "Tier":
		return v.Tier, true
	case "DataType":
		return v.DataType, true
	}
	value, ok := p.Tags[strings.TrimPrefix(f.Key, "tag:")]
	return value, ok
}

func (f filter) compare(subject, value string) bool {
	switch {
	case f.Key == "Path":
		return isBelow(subject, value, f.Option == "Recursive")
	case f.Option == "BeginsWith":
		return strings.HasPrefix(subject, value)
	case f.Option == "Contains":
		return strings.Contains(subject, value)
	default:
		return subject == value
	}
}
