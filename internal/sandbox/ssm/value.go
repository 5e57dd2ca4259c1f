package ssm

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

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
