package template

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Env is what functions are evaluated against. It is not safe for concurrent use.
type Env struct {
	Template *Template
	Values   map[string]string // of parameters, those of Parameter Store resolved
	Pseudo   map[string]string // AWS::Region, …
	Ref      func(logical string) (any, error)
	GetAtt   func(logical, attribute string) (any, error)
	Import   func(name string) (string, error)

	known map[string]bool // conditions that were evaluated
}

// nothing is what AWS::NoValue leaves.
type nothing struct{}

// Value evaluates all functions in v. AWS::NoValue removes a member of a map or a list.
func (e *Env) Value(v any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		if name, argument := function(v); name != "" {
			return e.call(name, argument)
		}
		return e.object(v)
	case []any:
		return e.list(v)
	default:
		return v, nil
	}
}

func (e *Env) object(v map[string]any) (any, error) {
	out := make(map[string]any, len(v))
	for _, key := range sorted(v) {
		value, err := e.Value(v[key])
		if err != nil {
			return nil, err
		}
		if _, gone := value.(nothing); !gone {
			out[key] = value
		}
	}
	return out, nil
}

func (e *Env) list(v []any) (any, error) {
	out := make([]any, 0, len(v))
	for _, item := range v {
		value, err := e.Value(item)
		if err != nil {
			return nil, err
		}
		if _, gone := value.(nothing); !gone {
			out = append(out, value)
		}
	}
	return out, nil
}

// Text evaluates v, which has to be a string.
func (e *Env) Text(v any) (string, error) {
	value, err := e.Value(v)
	if err == nil && !isScalar(value) {
		err = Errorf("Template error: every value that is used as a string must be a string")
	}
	return text(value), err
}

// Properties evaluates the properties of a resource, to maps, lists and strings.
func (e *Env) Properties(r *Resource) (map[string]any, error) {
	value, err := e.object(r.Properties)
	if err != nil {
		return nil, err
	}
	properties, _ := Plain(value).(map[string]any)
	return properties, nil
}

// call evaluates a function.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
func (e *Env) call(name string, argument any) (any, error) {
	switch name {
	case "Ref":
		return e.ref(text(argument))
	case "Fn::GetAtt":
		logical, attribute := getAtt(argument)
		attributeName, err := e.Text(attribute)
		if err != nil || logical == "" {
			return nil, Errorf("Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute")
		}
		return e.GetAtt(logical, attributeName)
	case "Fn::Sub":
		return e.sub(argument)
	case "Fn::If":
		return e.choose(argument)
	case "Fn::Base64":
		plain, err := e.Text(argument)
		return base64.StdEncoding.EncodeToString([]byte(plain)), err
	case "Fn::ImportValue":
		export, err := e.Text(argument)
		if err != nil {
			return nil, err
		}
		return e.Import(export)
	case "Fn::GetAZs":
		region, err := e.Text(argument)
		if region == "" {
			region = e.Pseudo["AWS::Region"]
		}
		return []any{region + "a", region + "b", region + "c"}, err
	case "Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not":
		return e.holds(map[string]any{name: argument}, nil)
	}
	return e.callWithList(name, argument)
}

// callWithList evaluates the functions whose argument is a list.
func (e *Env) callWithList(name string, argument any) (any, error) {
	given, _ := argument.([]any)
	items := make([]any, 0, len(given))
	for _, item := range given {
		value, err := e.Value(item)
		if err != nil {
			return nil, err
		}
		items = append(items, value)
	}
	switch {
	case name == "Fn::Join" && len(items) == 2:
		if list, ok := items[1].([]any); ok {
			return join(text(items[0]), list)
		}
	case name == "Fn::Split" && len(items) == 2 && isScalar(items[1]) && text(items[0]) != "":
		parts := []any{}
		for part := range strings.SplitSeq(text(items[1]), text(items[0])) {
			parts = append(parts, part)
		}
		return parts, nil
	case name == "Fn::Select" && len(items) == 2:
		return choice(items[0], items[1])
	case name == "Fn::FindInMap" && len(items) == 3:
		return e.find(text(items[0]), text(items[1]), text(items[2]))
	}
	return nil, Errorf("Template error: %s", map[string]string{
		"Fn::Join":      "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.",
		"Fn::Split":     "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split.",
		"Fn::Select":    "Fn::Select requires a list argument with two elements: an integer index and a list",
		"Fn::FindInMap": "every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value",
	}[name])
}

func join(delimiter string, list []any) (any, error) {
	parts := make([]string, 0, len(list))
	for _, item := range list {
		if !isScalar(item) {
			return nil, Errorf("Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.")
		}
		parts = append(parts, text(item))
	}
	return strings.Join(parts, delimiter), nil
}

func choice(index, of any) (any, error) {
	list, isList := of.([]any)
	n, err := strconv.Atoi(text(index))
	if err != nil || !isList {
		return nil, Errorf("Template error: Fn::Select requires a list argument with two elements: an integer index and a list")
	}
	if n < 0 || n >= len(list) {
		return nil, Errorf("Template error: Fn::Select cannot select nonexistent value at index %d", n)
	}
	return list[n], nil
}

func (e *Env) find(name, top, second string) (any, error) {
	m, _ := e.Template.Mappings[name].(map[string]any)
	if m == nil {
		return nil, Errorf("Template error: Mapping named '%s' is not present in the 'Mappings' section of template.", name)
	}
	inner, _ := m[top].(map[string]any)
	value, ok := inner[second]
	if !ok {
		return nil, Errorf("Template error: Unable to get mapping for %s::%s::%s", name, top, second)
	}
	return value, nil
}

func (e *Env) ref(name string) (any, error) {
	if p := e.Template.Parameters[name]; p != nil {
		return p.Split(e.Values[name]), nil
	}
	switch name {
	case "AWS::NoValue":
		return nothing{}, nil
	case "AWS::NotificationARNs":
		return []any{}, nil
	}
	if value, ok := e.Pseudo[name]; ok {
		return value, nil
	}
	return e.Ref(name)
}

func (e *Env) choose(argument any) (any, error) {
	items, _ := argument.([]any)
	if len(items) != 3 {
		return nil, Errorf("Template error: Fn::If requires a list argument with three elements")
	}
	holds, err := e.Condition(text(items[0]))
	switch {
	case err != nil:
		return nil, err
	case holds:
		return e.Value(items[1])
	default:
		return e.Value(items[2])
	}
}

// Condition reports whether a condition holds; one without a name does.
func (e *Env) Condition(name string) (bool, error) { return e.condition(name, nil) }

// condition knows the conditions that it is being asked for, so that a circle ends.
func (e *Env) condition(name string, asked []string) (bool, error) {
	if name == "" {
		return true, nil
	}
	v, ok := e.Template.Conditions[name]
	if !ok {
		return false, formatError("Unresolved condition dependency %s in the Resources block of the template", name)
	}
	if slices.Contains(asked, name) {
		return false, formatError("Found circular condition dependency between conditions: [%s]", strings.Join(asked, ", "))
	}
	if holds, known := e.known[name]; known {
		return holds, nil
	}
	holds, err := e.holds(v, append(asked, name))
	if err == nil {
		if e.known == nil {
			e.known = map[string]bool{}
		}
		e.known[name] = holds
	}
	return holds, err
}

func (e *Env) holds(v any, asked []string) (bool, error) {
	m, _ := v.(map[string]any)
	if other, is := m["Condition"]; is && len(m) == 1 {
		return e.condition(text(other), asked)
	}
	name, argument := function(m)
	items, _ := argument.([]any)
	if name == "Fn::Equals" && len(items) == 2 {
		left, err := e.Value(items[0])
		if err != nil {
			return false, err
		}
		right, err := e.Value(items[1])
		return err == nil && Same(left, right), err
	}
	if !(name == "Fn::Not" && len(items) == 1) && !((name == "Fn::And" || name == "Fn::Or") && len(items) >= 2 && len(items) <= 10) {
		return false, formatError("Conditions can only be boolean operations on parameters and other conditions")
	}
	for _, item := range items {
		holds, err := e.holds(item, asked)
		switch {
		case err != nil:
			return false, err
		case name == "Fn::Not":
			return !holds, nil
		case holds == (name == "Fn::Or"): // which settles it
			return holds, nil
		}
	}
	return name == "Fn::And", nil
}

// part is a piece of Fn::Sub: a text, or the name of a variable.
type part struct{ text, name string }

var variable = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$\{([^}]*)\}`) })

func subParts(format string) []part {
	var parts []part
	at := 0
	for _, m := range variable().FindAllStringSubmatchIndex(format, -1) {
		parts = append(parts, part{text: format[at:m[0]]})
		name := strings.TrimSpace(format[m[2]:m[3]])
		if literal, is := strings.CutPrefix(name, "!"); is {
			parts = append(parts, part{text: "${" + literal + "}"})
		} else {
			parts = append(parts, part{name: name})
		}
		at = m[1]
	}
	return append(parts, part{text: format[at:]})
}

func subArguments(argument any) (format string, variables map[string]any, ok bool) {
	if format, ok = argument.(string); ok {
		return format, nil, true
	}
	items, _ := argument.([]any)
	if len(items) != 2 {
		return "", nil, false
	}
	format, isText := items[0].(string)
	variables, isMap := items[1].(map[string]any)
	return format, variables, isText && isMap
}

// sub evaluates Fn::Sub.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-sub.html
func (e *Env) sub(argument any) (any, error) {
	format, variables, ok := subArguments(argument)
	if !ok {
		return nil, Errorf("Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string")
	}
	var out strings.Builder
	for _, p := range subParts(format) {
		if p.name == "" {
			out.WriteString(p.text)
			continue
		}
		value, err := e.named(p.name, variables)
		if err != nil {
			return nil, err
		}
		if !isScalar(value) {
			return nil, Errorf("Template error: variable %s in Fn::Sub expression does not resolve to a string", p.name)
		}
		out.WriteString(text(value))
	}
	return out.String(), nil
}

func (e *Env) named(name string, variables map[string]any) (any, error) {
	if own, is := variables[name]; is {
		return e.Value(own)
	}
	if logical, attribute, dotted := strings.Cut(name, "."); dotted {
		return e.GetAtt(logical, attribute)
	}
	return e.ref(name)
}
