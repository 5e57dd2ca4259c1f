package template

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Parameter is a parameter as the template declares it.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
type Parameter struct {
	Type          string
	Default       *string
	Description   string
	NoEcho        bool
	AllowedValues []string
	pattern       *regexp.Regexp
	written       string // the pattern
	constraint    string // ConstraintDescription
	limits        map[string]float64
}

// SSM reports whether the parameter's value names a parameter of Parameter Store.
func (p *Parameter) SSM() bool { return strings.HasPrefix(p.Type, "AWS::SSM::Parameter::Value<") }

func (p *Parameter) isList() bool {
	inner := strings.TrimSuffix(strings.TrimPrefix(p.Type, "AWS::SSM::Parameter::Value<"), ">")
	return strings.HasPrefix(p.Type, "List<") || inner == "CommaDelimitedList" || p.SSM() && strings.HasPrefix(inner, "List<")
}

// Split returns a value as Ref answers it: a list where the type is one.
func (p *Parameter) Split(value string) any {
	if !p.isList() {
		return value
	}
	list := []any{}
	for part := range strings.SplitSeq(value, ",") {
		list = append(list, strings.TrimSpace(part))
	}
	return list
}

func knownType(name string) bool {
	plain := []string{"String", "Number", "List<Number>", "CommaDelimitedList", "AWS::SSM::Parameter::Name"}
	if slices.Contains(plain, name) {
		return true
	}
	inner, isSSM := strings.CutPrefix(name, "AWS::SSM::Parameter::Value<")
	if isSSM {
		name = strings.TrimSuffix(inner, ">")
		if name == "String" || name == "List<String>" || name == "CommaDelimitedList" {
			return true
		}
	}
	if inner, isList := strings.CutPrefix(name, "List<"); isList {
		name = strings.TrimSuffix(inner, ">")
	}
	return slices.Contains([]string{"AWS::EC2::AvailabilityZone::Name", "AWS::EC2::Image::Id", "AWS::EC2::Instance::Id", "AWS::EC2::KeyPair::KeyName", "AWS::EC2::SecurityGroup::GroupName", "AWS::EC2::SecurityGroup::Id", "AWS::EC2::Subnet::Id", "AWS::EC2::Volume::Id", "AWS::EC2::VPC::Id", "AWS::Route53::HostedZone::Id"}, name)
}

func parameter(name string, v any) (*Parameter, error) {
	members, _ := v.(map[string]any)
	p := &Parameter{limits: map[string]float64{}}
	for _, member := range sorted(members) {
		value := members[member]
		var err error
		switch member {
		case "Type":
			p.Type = text(value)
		case "Default":
			written, bad := wantText(value, "[/Parameters/"+name+"/Default]")
			p.Default, err = &written, bad
		case "Description":
			p.Description = text(value)
		case "ConstraintDescription":
			p.constraint = text(value)
		case "NoEcho":
			p.NoEcho = text(value) == "true"
		case "AllowedPattern":
			p.written = text(value)
			if p.pattern, err = regexp.Compile("^(?:" + p.written + ")$"); err != nil {
				err = formatError("the sandbox cannot read the AllowedPattern of parameter %s", name)
			}
		case "AllowedValues":
			items, _ := value.([]any)
			for _, item := range items {
				p.AllowedValues = append(p.AllowedValues, text(item))
			}
		case "MinLength", "MaxLength", "MinValue", "MaxValue":
			if p.limits[member], err = strconv.ParseFloat(text(value), 64); err != nil {
				err = formatError("[/Parameters/%s/%s] must be a number", name, member)
			}
		default:
			err = Errorf("Invalid template parameter property '%s'", member)
		}
		if err != nil {
			return nil, err
		}
	}
	switch {
	case p.Type == "":
		return nil, formatError("Every Parameters object must contain a Type member.")
	case !knownType(p.Type):
		return nil, formatError("Unrecognized parameter type: %s", p.Type)
	case p.Default != nil:
		return p, p.check(name, *p.Default)
	}
	return p, nil
}

// check holds a value to what the template allows. The values of lists are held one by one, and
// of parameters in Parameter Store the name is held, not what it has.
func (p *Parameter) check(name, value string) error {
	values := []string{value}
	if p.isList() && !p.SSM() {
		values = strings.Split(value, ",")
	}
	for _, one := range values {
		if err := p.checkOne(name, strings.TrimSpace(one)); err != nil {
			return err
		}
	}
	if strings.Contains(value, "{{resolve:ssm:") && !strings.Contains(strings.TrimPrefix(value, "{{resolve:ssm:"), ":") {
		return Errorf("Parameter %s: a dynamic reference in a parameter needs a version", name)
	}
	return nil
}

func (p *Parameter) checkOne(name, value string) error {
	n, notNumber := strconv.ParseFloat(value, 64)
	limit := func(member string, breaks func(limit float64) bool) bool {
		most, has := p.limits[member]
		return has && breaks(most)
	}
	wrong := ""
	switch isNumber := strings.Contains(p.Type, "Number"); {
	case isNumber && notNumber != nil:
		return Errorf("Parameter '%s' must be a number.", name)
	case len(p.AllowedValues) > 0 && !slices.Contains(p.AllowedValues, value):
		wrong = "must be one of AllowedValues"
	case p.pattern != nil && !p.pattern.MatchString(value):
		wrong = "must match pattern " + p.written
	case limit("MinLength", func(l float64) bool { return float64(len(value)) < l }):
		wrong = "must contain at least " + strconv.Itoa(int(p.limits["MinLength"])) + " characters"
	case limit("MaxLength", func(l float64) bool { return float64(len(value)) > l }):
		wrong = "must contain at most " + strconv.Itoa(int(p.limits["MaxLength"])) + " characters"
	case isNumber && limit("MinValue", func(l float64) bool { return n < l }):
		wrong = "must be a number not less than " + strconv.FormatFloat(p.limits["MinValue"], 'f', -1, 64)
	case isNumber && limit("MaxValue", func(l float64) bool { return n > l }):
		wrong = "must be a number not greater than " + strconv.FormatFloat(p.limits["MaxValue"], 'f', -1, 64)
	}
	switch {
	case wrong == "":
		return nil
	case p.constraint != "":
		return Errorf("Parameter '%s' failed to satisfy constraint: %s", name, p.constraint)
	default:
		return Errorf("Parameter '%s' %s", name, wrong)
	}
}

// Given is what a caller says of a parameter.
type Given struct {
	Key      string  `json:"ParameterKey"`
	Value    *string `json:"ParameterValue"`
	Previous bool    `json:"UsePreviousValue"`
}

// Values returns the value of every parameter: what the caller gives, what it was before, or the
// default. Those of Parameter Store are names.
func (t *Template) Values(given []Given, before map[string]string) (map[string]string, error) {
	values := map[string]string{}
	var unknown, missing []string
	for _, g := range given {
		previous, had := before[g.Key]
		switch {
		case g.Previous && g.Value != nil:
			return nil, Errorf("Invalid input for parameter key %s. Either specify usePreviousValue as true or specify a value for the parameter", g.Key)
		case g.Previous && !had:
			return nil, Errorf("Invalid input for parameter key %s. Cannot specify usePreviousValue as true for a parameter key not in the previous template", g.Key)
		case t.Parameters[g.Key] == nil:
			unknown = append(unknown, g.Key)
		case g.Previous:
			values[g.Key] = previous
		case g.Value != nil:
			values[g.Key] = *g.Value
		}
	}
	if len(unknown) > 0 {
		return nil, Errorf("Parameters: [%s] do not exist in the template", strings.Join(unknown, ", "))
	}
	for _, name := range sorted(t.Parameters) {
		p := t.Parameters[name]
		if _, has := values[name]; !has && p.Default != nil {
			values[name] = *p.Default
		}
		value, has := values[name]
		if !has {
			missing = append(missing, name)
			continue
		}
		if err := p.check(name, value); err != nil {
			return nil, err
		}
	}
	if len(missing) > 0 {
		return nil, Errorf("Parameters: [%s] must have values", strings.Join(missing, ", "))
	}
	return values, nil
}
