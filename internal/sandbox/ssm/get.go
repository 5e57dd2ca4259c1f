package ssm

import (
	"errors"
	"strconv"
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// maxNames is how many parameters one call can name.
const maxNames = 10

// parameterOutput is a parameter as the reading operations answer it.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Parameter.html
type parameterOutput struct {
	Name             string
	Type             string
	Value            string
	Version          int64
	Selector         string `json:",omitempty"`
	LastModifiedDate wire.Time
	ARN              string
	DataType         string
}

func (c call) output(p *parameter, v *version, selector string, decrypt bool) parameterOutput {
	if selector != "" {
		selector = ":" + selector
	}
	return parameterOutput{
		Name:             p.Name,
		Type:             v.Type,
		Value:            v.read(decrypt),
		Version:          v.Number,
		Selector:         selector,
		LastModifiedDate: wire.At(v.At),
		ARN:              c.arn(p.Name),
		DataType:         v.DataType,
	}
}

type getInput struct {
	Name           string
	WithDecryption bool
}

type getOutput struct{ Parameter parameterOutput }

// get answers one parameter.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
func (c call) get(in getInput) (getOutput, error) {
	out, err := c.resolve(in.Name, in.WithDecryption)
	return getOutput{Parameter: out}, err
}

type getManyInput struct {
	Names          []string
	WithDecryption bool
}

type getManyOutput struct {
	Parameters        []parameterOutput
	InvalidParameters []string
}

// getMany answers up to ten parameters. Those that do not exist, or have no such
// version, are no error.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html
func (c call) getMany(in getManyInput) (getManyOutput, error) {
	out := getManyOutput{Parameters: []parameterOutput{}, InvalidParameters: []string{}}
	if err := checkNames(in.Names); err != nil {
		return out, err
	}
	for _, name := range in.Names {
		p, err := c.resolve(name, in.WithDecryption)
		var e *wire.Error
		switch {
		case err == nil:
			out.Parameters = append(out.Parameters, p)
		case errors.As(err, &e) && (e.Code == "ParameterNotFound" || e.Code == "ParameterVersionNotFound"):
			out.InvalidParameters = append(out.InvalidParameters, name)
		default:
			return out, err
		}
	}
	return out, nil
}

// checkNames reports whether a call may name that many parameters.
func checkNames(names []string) error {
	list := "[" + strings.Join(names, ", ") + "]"
	switch {
	case len(names) == 0:
		return invalidMember(list, "names", "have length greater than or equal to 1")
	case len(names) > maxNames:
		return invalidMember(list, "names", "have length less than or equal to "+strconv.Itoa(maxNames))
	}
	return nil
}

// resolve reads what a name, an ARN, or either with a selector stands for.
func (c call) resolve(s string, decrypt bool) (parameterOutput, error) {
	r, err := parseReference(s)
	if err != nil {
		return parameterOutput{}, err
	}
	p := c.find(r)
	if p == nil {
		p = c.public(r.name)
	}
	if p == nil {
		return parameterOutput{}, notFound()
	}
	v := p.selected(r.selector)
	if v == nil {
		return parameterOutput{}, versionNotFound(p.Name, r.selector)
	}
	return c.output(p, v, r.selector, decrypt), nil
}

// selected returns the version that a selector stands for, or nil. No label looks
// like a number, since none begins with a digit.
func (p *parameter) selected(selector string) *version {
	if selector == "" {
		return p.latest()
	}
	if number, err := strconv.ParseInt(selector, 10, 64); err == nil {
		return p.byNumber(number)
	}
	return p.byLabel(selector)
}

const maxPathPage = 10

type byPathInput struct {
	Path             string
	Recursive        bool
	ParameterFilters []filter
	WithDecryption   bool
	MaxResults       *int
	NextToken        string
}

type byPathOutput struct {
	Parameters []parameterOutput
	NextToken  string `json:",omitempty"`
}

// getByPath answers the parameters below a path. A page counts what was looked at and
// not what matched, so it can be short or empty and still not be the last.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
func (c call) getByPath(in byPathInput) (byPathOutput, error) {
	out := byPathOutput{Parameters: []parameterOutput{}}
	path, err := cleanPath(in.Path)
	if err != nil {
		return out, err
	}
	if err := checkFilters(in.ParameterFilters, byPathFilters); err != nil {
		return out, err
	}
	size, err := wire.PageLimit(in.MaxResults, maxPathPage, invalid, "maxResults")
	if err != nil {
		return out, err
	}
	page, next, err := wire.Page(c.below(path), in.NextToken, size, invalidToken)
	if err != nil {
		return out, err
	}
	out.NextToken = next
	for _, p := range page {
		if v := versionByFilters(p, in.ParameterFilters); v != nil && isBelow(p.Name, path, in.Recursive) {
			out.Parameters = append(out.Parameters, c.output(p, v, "", in.WithDecryption))
		}
	}
	return out, nil
}

// below returns the parameters at any depth below a path, by name.
func (st *store) below(path string) []*parameter {
	var parameters []*parameter
	all := st.sorted()
	if strings.HasPrefix(path+"/", publicPrefix) {
		all = public(st.scope.Region)
	}
	for _, p := range all {
		if isBelow(p.Name, path, true) {
			parameters = append(parameters, p)
		}
	}
	return parameters
}

// isBelow reports whether a name is in a path, or directly in it. Everything is below
// "/", names without a hierarchy too.
func isBelow(name, path string, recursive bool) bool {
	rest, ok := strings.CutPrefix("/"+strings.TrimPrefix(name, "/"), strings.TrimSuffix(path, "/")+"/")
	return ok && (recursive || !strings.Contains(rest, "/"))
}

// cleanPath checks a path, which may end with a slash.
func cleanPath(s string) (string, error) {
	path := strings.TrimSpace(s)
	if path == "/" {
		return path, nil
	}
	clean, err := cleanName(strings.TrimSuffix(path, "/"))
	if err != nil || clean[0] != '/' {
		return "", wire.Errorf("ValidationException", "The parameter doesn't meet the parameter name requirements. "+
			"The parameter name must begin with a forward slash \"/\". It can't be prefixed with \"aws\" or \"ssm\" "+
			"(case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), "+
			"_ (underscore). Special characters are not allowed. All sub-paths, if specified, must use the forward slash "+
			"symbol \"/\". Valid example: /get/parameters2-/by1./path0_.")
	}
	return clean, nil
}

const maxHistoryPage = 50

type historyInput struct {
	Name           string
	WithDecryption bool
	MaxResults     *int
	NextToken      string
}

type historyOutput struct {
	Parameters []historyRow
	NextToken  string `json:",omitempty"`
}

// historyRow is one version with all that is known of it.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterHistory.html
type historyRow struct {
	Name             string
	Type             string
	KeyID            string `json:"KeyId,omitempty"`
	LastModifiedDate wire.Time
	LastModifiedUser string
	Description      string `json:",omitempty"`
	Value            string
	AllowedPattern   string `json:",omitempty"`
	Version          int64
	Labels           []string
	Tier             string
	Policies         []policy
	DataType         string
}

// history answers the versions of a parameter, oldest first.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameterHistory.html
func (c call) history(in historyInput) (historyOutput, error) {
	out := historyOutput{Parameters: []historyRow{}}
	r, err := parseReference(in.Name)
	if err != nil {
		return out, err
	}
	size, err := wire.PageLimit(in.MaxResults, maxHistoryPage, invalid, "maxResults")
	if err != nil {
		return out, err
	}
	p := c.find(r)
	if p == nil || r.selector != "" {
		return out, notFound()
	}
	page, next, err := wire.Page(p.Versions, in.NextToken, size, invalidToken)
	if err != nil {
		return out, err
	}
	out.NextToken = next
	for _, v := range page {
		out.Parameters = append(out.Parameters, row(p.Name, v, in.WithDecryption))
	}
	return out, nil
}

func row(name string, v *version, decrypt bool) historyRow {
	return historyRow{
		Name:             name,
		Type:             v.Type,
		KeyID:            v.KeyID,
		LastModifiedDate: wire.At(v.At),
		LastModifiedUser: v.User,
		Description:      v.Description,
		Value:            v.read(decrypt),
		AllowedPattern:   v.AllowedPattern,
		Version:          v.Number,
		Labels:           append([]string{}, v.Labels...),
		Tier:             v.Tier,
		Policies:         append([]policy{}, v.Policies...),
		DataType:         v.DataType,
	}
}
