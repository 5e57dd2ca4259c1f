package template

import (
	"slices"
	"strings"
)

// Use is a place where a value needs a parameter, a pseudo parameter or a resource.
type Use struct {
	Name      string
	Attribute string // of Fn::GetAtt; "" of Ref
	of        string // Fn::GetAtt
}

// Uses returns what a value needs, in its order; maps in order of their keys.
func Uses(v any) []Use {
	var all []Use
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			all = append(all, Uses(item)...)
		}
	case map[string]any:
		name, argument := function(v)
		switch name {
		case "Ref":
			return []Use{{Name: text(argument)}}
		case "Fn::GetAtt":
			logical, attribute := getAtt(argument)
			name := text(attribute)
			if !isScalar(attribute) {
				name = "*" // known once it is evaluated
			}
			return append(Uses(attribute), Use{Name: logical, Attribute: name, of: "Fn::GetAtt"})
		case "Fn::Sub":
			return subUses(argument)
		}
		for _, key := range sorted(v) {
			all = append(all, Uses(v[key])...)
		}
	}
	return all
}

// function returns the name and the argument of a call; "" where a map is none.
func function(m map[string]any) (name string, argument any) {
	if len(m) != 1 {
		return "", nil
	}
	for key, value := range m {
		if key == "Ref" || strings.HasPrefix(key, "Fn::") {
			return key, value
		}
	}
	return "", nil
}

// getAtt returns a call's resource, "" where it is not one, and its attribute.
func getAtt(argument any) (logical string, attribute any) {
	if dotted, ok := argument.(string); ok {
		logical, name, _ := strings.Cut(dotted, ".")
		return logical, name
	}
	if parts, _ := argument.([]any); len(parts) == 2 {
		logical, _ = parts[0].(string)
		return logical, parts[1]
	}
	return "", nil
}

func subUses(argument any) []Use {
	format, variables, ok := subArguments(argument)
	if !ok {
		return nil
	}
	all := Uses(variables)
	for _, part := range subParts(format) {
		if _, own := variables[part.name]; part.name != "" && !own {
			logical, attribute, _ := strings.Cut(part.name, ".")
			all = append(all, Use{Name: logical, Attribute: attribute})
		}
	}
	return all
}

// pseudo returns the pseudo parameters.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
func pseudo() []string {
	return []string{"AWS::AccountId", "AWS::NoValue", "AWS::NotificationARNs", "AWS::Partition", "AWS::Region", "AWS::StackId", "AWS::StackName", "AWS::URLSuffix"}
}

// check holds that everything that is named is there, and that nothing needs itself.
func (t *Template) check() error {
	for _, name := range sorted(t.Conditions) {
		if err := t.checkUses(t.Conditions[name], "Template error: ", false); err != nil {
			return err
		}
	}
	for _, name := range sorted(t.Resources) {
		r := t.Resources[name]
		if err := t.checkCondition(r.Condition); err != nil {
			return err
		}
		if err := t.checkUses(r.Properties, "Resources", true); err != nil {
			return err
		}
		for _, other := range r.DependsOn {
			if t.Resources[other] == nil {
				return unresolved(other, "Resources")
			}
		}
	}
	for _, name := range sorted(t.Outputs) {
		o := t.Outputs[name]
		if err := t.checkCondition(o.Condition); err != nil {
			return err
		}
		if err := t.checkUses([]any{o.Value, o.Export}, "Outputs", true); err != nil {
			return err
		}
	}
	if circle := t.circle(); circle != nil {
		return Errorf("Circular dependency between resources: [%s]", strings.Join(circle, ", "))
	}
	return nil
}

func unresolved(name, block string) error {
	return formatError("Unresolved resource dependencies [%s] in the %s block of the template", name, block)
}

func (t *Template) checkCondition(name string) error {
	if _, ok := t.Conditions[name]; name != "" && !ok {
		return Errorf("Template format error: Unresolved condition dependency %s in the Resources block of the template", name)
	}
	return nil
}

// checkUses checks the functions of a value and what they name.
func (t *Template) checkUses(v any, block string, resources bool) error {
	if name := unknownFunction(v); name != "" {
		return unsupported(name)
	}
	for _, use := range Uses(v) {
		_, isResource := t.Resources[use.Name]
		_, isParameter := t.Parameters[use.Name]
		switch {
		case use.of != "" && (use.Name == "" || use.Attribute == ""):
			return Errorf("Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute")
		case use.Attribute != "" && !isResource:
			return Errorf("Template error: instance of Fn::GetAtt references undefined resource %s", use.Name)
		case isResource && !resources:
			return Errorf("Template format error: Unresolved dependencies [%s]. Cannot reference resources in the Conditions block of the template", use.Name)
		case !isResource && !isParameter && !slices.Contains(pseudo(), use.Name):
			return unresolved(use.Name, block)
		}
	}
	return nil
}

func unknownFunction(v any) string {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if name := unknownFunction(item); name != "" {
				return name
			}
		}
	case map[string]any:
		for _, key := range sorted(v) {
			if strings.HasPrefix(key, "Fn::") && !slices.Contains(functions(), key) {
				return key
			}
			if name := unknownFunction(v[key]); name != "" {
				return name
			}
		}
	}
	return ""
}

// Needs returns the resources that one needs, by its references and its DependsOn.
func (t *Template) Needs(name string) []string {
	r := t.Resources[name]
	needs := slices.Clone(r.DependsOn)
	for _, use := range Uses(r.Properties) {
		if t.Resources[use.Name] != nil {
			needs = append(needs, use.Name)
		}
	}
	slices.Sort(needs)
	return slices.Compact(needs)
}

// Order returns the resources, each behind those that it needs.
func (t *Template) Order() []string {
	var order []string
	done := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		if done[name] {
			return
		}
		done[name] = true
		for _, other := range t.Needs(name) {
			visit(other)
		}
		order = append(order, name)
	}
	for _, name := range sorted(t.Resources) {
		visit(name)
	}
	return order
}

// circle returns the resources that need one another, nil where there are none.
func (t *Template) circle() []string {
	left := map[string][]string{}
	for name := range t.Resources {
		left[name] = t.Needs(name)
	}
	for removed := true; removed; {
		removed = false
		for name, needs := range left {
			if !slices.ContainsFunc(needs, func(other string) bool { _, there := left[other]; return there }) {
				delete(left, name)
				removed = true
			}
		}
	}
	if len(left) == 0 {
		return nil
	}
	return sorted(left)
}
