package config

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/tagboat/tagboat"
)

var parameterPattern = regexp.MustCompile(`^(/[a-zA-Z0-9_.-]+)+$`)

// Parameter Store's limits of a name. The length counts the ARN before the name, whose
// account and region may not be known yet: this is the longest.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
const (
	maxLevels  = 15
	maxARN     = 1011
	longestARN = "arn:aws-us-gov:ssm:ap-southeast-1:111111111111:parameter"
)

// CheckParameterName returns an error of kind Usage where Parameter Store would not accept
// a name.
func CheckParameterName(name string) error {
	if problem := parameterNameProblem(name); problem != "" {
		return tagboat.Usagef("%q: %s", name, problem).WithHint("write it like /containers/prod/shop")
	}
	return nil
}

// parameterNameProblem says what Parameter Store would not accept in a name, or "".
func parameterNameProblem(name string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(strings.ToLower(name), "/"), "/")
	switch {
	case !strings.HasPrefix(name, "/"):
		return "the name of a parameter must begin with /"
	case !parameterPattern.MatchString(name):
		return "the name of a parameter has letters, digits, dots, dashes and underscores between single slashes"
	case strings.HasPrefix(first, "aws"), strings.HasPrefix(first, "ssm"):
		return fmt.Sprintf("the name of a parameter must not begin with %q", "/"+first[:3])
	case strings.Count(name, "/") > maxLevels:
		return "the name of a parameter has at most fifteen levels"
	case len(longestARN)+len(name) > maxARN:
		return fmt.Sprintf("the name of a parameter has at most %d characters with its ARN, and this one is %d too long", maxARN, len(longestARN)+len(name)-maxARN)
	default:
		return ""
	}
}
