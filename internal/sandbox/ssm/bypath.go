package ssm

import (
	"strings"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

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
	size, err := pageSize(in.MaxResults, maxPathPage)
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
	var found []*parameter
	all := st.sorted()
	if strings.HasPrefix(path+"/", publicPrefix) {
		all = public(st.scope.Region)
	}
	for _, p := range all {
		if isBelow(p.Name, path, true) {
			found = append(found, p)
		}
	}
	return found
}

// isBelow tells whether a name is in a path, or directly in it. Everything is below
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
