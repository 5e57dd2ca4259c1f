package ssm

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// The rules of names. The longest name includes the ARN in front of it.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
const (
	maxLevels    = 15
	maxARNLength = 1011
	arnColons    = 5
)

var namePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9_.\-/]+$`) })

// cleanName drops the spaces around a name, as AWS does, and reports whether what is
// left can name a parameter, be it one that exists or not.
func cleanName(s string) (string, error) {
	name := strings.TrimSpace(s)
	switch {
	case name == "":
		return "", invalidMember(s, "name", "have length greater than or equal to 1")
	case !namePattern().MatchString(name) || strings.Contains(name, "//"):
		return "", wire.Errorf("ValidationException", `Parameter name: can't be prefixed with "ssm" (case-insensitive). `+
			`If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as `+
			`a mix of letters, numbers and the following 3 symbols .-_`)
	case strings.Contains(name, "/") && name[0] != '/':
		return "", wire.Errorf("ValidationException", "Parameter name must be a fully qualified name.")
	case strings.HasSuffix(name, "/"):
		return "", wire.Errorf("ValidationException", "Parameter name must not end with slash.")
	}
	return name, nil
}

// checkNewName checks whether a parameter may be created under a name from cleanName.
func (st *store) checkNewName(name string) error {
	words := strings.ToLower(strings.TrimPrefix(name, "/"))
	switch {
	case strings.HasPrefix(words, "aws/"):
		return wire.Errorf("AccessDeniedException", "No access to reserved parameter name: %s.", name)
	case strings.HasPrefix(words, "aws"), strings.HasPrefix(words, "ssm"):
		return wire.Errorf("ValidationException", `Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive).`)
	case levels(name) > maxLevels:
		return wire.Errorf("HierarchyLevelLimitExceededException", "A hierarchy can have a maximum of %d levels.", maxLevels)
	case len(st.arn(name)) > maxARNLength:
		return wire.Errorf("ValidationException",
			"The maximum length of a parameter name is %d characters, with the ARN that precedes it.", maxARNLength)
	}
	return nil
}

// levels counts as AWS does: the name at the end is a level of its own.
func levels(name string) int { return strings.Count("/"+strings.TrimPrefix(name, "/"), "/") }

// reference is how a request names a parameter, and perhaps one of its versions.
type reference struct {
	name     string
	selector string     // a number, a label, or "" for the latest version
	scope    wire.Scope // of an ARN; zero where just a name was given
}

// parseReference reads a name or an ARN, each with or without :version or :label.
func parseReference(s string) (reference, error) {
	var r reference
	rest := strings.TrimSpace(s)
	if strings.HasPrefix(rest, "arn:") && strings.Count(rest, ":") >= arnColons { // arn can be a name too
		var ok bool
		if r.scope, rest, ok = cutARN(rest); !ok {
			return reference{}, wire.Errorf("ValidationException", "Invalid parameter ARN: %s", s)
		}
	}
	name, selector, selected := strings.Cut(rest, ":")
	if selected && (selector == "" || strings.Contains(selector, ":")) {
		return reference{}, wire.Errorf("ValidationException", "Invalid version or label in parameter name: %s", s)
	}
	name, err := cleanName(name)
	if err != nil {
		return reference{}, err
	}
	r.name, r.selector = name, selector
	return r, nil
}

// cutARN splits the ARN of a parameter. The rest is the name, with the slash of a
// hierarchy in front, and what follows it.
func cutARN(s string) (scope wire.Scope, rest string, ok bool) {
	parts := strings.SplitN(s, ":", arnColons+1)
	public := len(parts) > arnColons && strings.HasPrefix(parts[arnColons], "parameter"+publicPrefix) // of no account
	if len(parts) <= arnColons || parts[2] != "ssm" || parts[3] == "" || parts[4] == "" && !public {
		return wire.Scope{}, "", false
	}
	rest, ok = strings.CutPrefix(parts[arnColons], "parameter/")
	if strings.Contains(rest, "/") {
		rest = "/" + rest
	}
	return wire.Scope{Account: parts[4], Region: parts[3]}, rest, ok
}

// The types and data types of parameters.
const (
	typeString       = "String"
	typeStringList   = "StringList"
	typeSecureString = "SecureString"

	dataTypeText = "text"

	defaultKey = "alias/aws/ssm"
)

// setType settles type and key. A type never changes.
func (v *version) setType(in putInput) error {
	types := []string{typeSecureString, typeStringList, typeString}
	switch {
	case in.Type == "" && v.Type == "":
		return wire.Errorf("ValidationException", "A parameter type is required when you create a parameter.")
	case in.Type != "" && !slices.Contains(types, in.Type):
		return invalidMember(in.Type, "type", "satisfy enum value set: ["+strings.Join(types, ", ")+"]")
	case in.Type != "" && v.Type != "" && in.Type != v.Type:
		return wire.Errorf("HierarchyTypeMismatchException", "Parameter Store doesn't support changing a parameter type in a "+
			"hierarchy. For example, you can't change a parameter from a String type to a SecureString type. "+
			"You must create a new, unique parameter.")
	case in.Type != "":
		v.Type = in.Type
	}
	return v.setKey(in.KeyID)
}

func (v *version) setKey(given *string) error {
	keep(&v.KeyID, given)
	if v.Type != typeSecureString {
		if v.KeyID != "" {
			return wire.Errorf("ValidationException", "KeyId is required for SecureString type parameter only.")
		}
		return nil
	}
	if v.KeyID == "" {
		v.KeyID = defaultKey
	}
	return nil
}

// nested is a value between double brackets, which AWS keeps for its own references.
var nested = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?s)\{\{.*\}\}`) })

// checkValue checks the value by the version's own pattern and data type. Patterns are
// Go's; what only Java has, such as looking ahead, is answered as an invalid pattern.
func (v *version) checkValue(putInput) error {
	if nested().MatchString(v.Value) {
		return wire.Errorf("ValidationException", `Parameter value can't nest another parameter. Do not use "{{}}" in the value.`)
	}
	if !slices.Contains([]string{dataTypeText, "aws:ec2:image", "aws:ssm:integration"}, v.DataType) {
		return wire.Errorf("ValidationException",
			"The following data type is not supported: %s (Data type names are all lowercase.)", v.DataType)
	}
	if v.AllowedPattern == "" {
		return nil
	}
	// AWS says that a value of 10,000 breaks \d{1,4}, so the whole value has to match.
	whole, err := regexp.Compile(`^(?:` + v.AllowedPattern + `)$`)
	if err != nil {
		return wire.Errorf("InvalidAllowedPatternException", "The request does not meet the regular expression requirement.")
	}
	if !whole.MatchString(v.Value) {
		return wire.Errorf("ParameterPatternMismatchException",
			"Parameter value, cannot be validated against allowedPattern: %s", v.AllowedPattern)
	}
	return nil
}
