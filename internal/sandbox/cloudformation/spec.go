package cloudformation

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/tagboat/tagboat/internal/sandbox/cloudformation/template"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// wanted is what requests say of a template and of its parameters.
type wanted struct {
	Body         string
	Previous     bool
	Parameters   []template.Given
	Capabilities []string
	Tags         []tag
}

// spec reads what a request wants of a stack, nil for a new one. Parameters of Parameter Store are
// read anew every time, also where their previous value is kept: that is the name.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html
func (c call) spec(in wanted, before *stack) (spec, *template.Template, error) {
	body, values := in.Body, map[string]string{}
	switch {
	case in.Previous && before == nil, in.Body == "" && !in.Previous:
		return spec{}, nil, wire.Errorf(invalid, "Either Template URL or Template Body must be specified.")
	case in.Previous && in.Body != "":
		return spec{}, nil, wire.Errorf(invalid, "You can't specify both UsePreviousTemplate and a template body")
	case in.Previous:
		body = before.Spec.Body
	}
	if before != nil {
		values = before.Spec.Values
	}
	t, err := template.Parse(body)
	if err != nil {
		return spec{}, nil, err
	}
	if err := acknowledged(t, in.Capabilities); err != nil {
		return spec{}, nil, err
	}
	s := spec{Body: body, Description: t.Description, Tags: in.Tags, Capabilities: in.Capabilities, Resolved: map[string]string{}}
	if in.Tags == nil && before != nil {
		s.Tags = before.Spec.Tags
	}
	if s.Values, err = t.Values(in.Parameters, values); err != nil {
		return spec{}, nil, err
	}
	var missing []string
	for key, p := range t.Parameters {
		if !p.SSM() {
			continue
		}
		if s.Resolved[key], err = c.parameter(c.ctx, c.caller, s.Values[key]); err != nil {
			missing = append(missing, s.Values[key])
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return spec{}, nil, wire.Errorf(invalid, "Unable to fetch parameters [%s] from parameter store for this account.", strings.Join(missing, ","))
	}
	return s, t, c.known(t)
}

func acknowledged(t *template.Template, capabilities []string) error {
	needs, _ := t.Capabilities()
	for _, need := range needs {
		if !slices.Contains(capabilities, need) && !(need == "CAPABILITY_IAM" && slices.Contains(capabilities, "CAPABILITY_NAMED_IAM")) {
			return wire.Errorf("InsufficientCapabilitiesException", "Requires capabilities : [%s]", need)
		}
	}
	return nil
}

// known refuses types that could not be kept as stand-ins, as something would be missing.
func (c call) known(t *template.Template) error {
	for _, r := range t.Resources {
		if r.Type == nested && r.Condition == "" {
			return wire.Errorf(invalid, "Template format error: the sandbox does not have resources of type %s", nested)
		}
	}
	for _, kind := range t.Types() {
		if kind == "AWS::CloudFormation::WaitCondition" || kind == "AWS::CloudFormation::Macro" {
			return wire.Errorf(invalid, "Template format error: the sandbox does not have resources of type %s", kind)
		}
		if strings.HasPrefix(kind, "AWS::") && !resourceType().MatchString(kind) || strings.HasSuffix(kind, "::MODULE") {
			return wire.Errorf(invalid, "Template format error: Unrecognized resource types: [%s]", kind)
		}
	}
	return nil
}

var resourceType = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^AWS::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}$`)
})

// parameter reads a parameter of Parameter Store, a SecureString never.
func (s *Service) parameter(ctx context.Context, caller wire.Caller, name string) (string, error) {
	out, err := s.deps.Call(ctx, caller, "ssm", "GetParameter", map[string]any{"Name": name})
	if err != nil {
		return "", err
	}
	p, _ := out["Parameter"].(map[string]any)
	if p["Type"] == "SecureString" {
		return "", template.Errorf("Parameters [%s] referenced by template have types not supported by CloudFormation.", name)
	}
	value, _ := p["Value"].(string)
	return value, nil
}

// env returns what functions are evaluated against.
func (st *stack) env(s *Service, t *template.Template, values map[string]string) *template.Env {
	return &template.Env{
		Template: t, Values: values,
		Pseudo: map[string]string{
			"AWS::AccountId": st.Scope.Account, "AWS::Region": st.Scope.Region, "AWS::Partition": "aws",
			"AWS::StackId": st.ID, "AWS::StackName": st.Name, "AWS::URLSuffix": "amazonaws.com",
		},
		Ref: func(logical string) (any, error) {
			if r := st.Resources[logical]; r != nil && r.Physical != "" {
				return r.ref(), nil
			}
			return nil, template.Errorf("Template format error: Unresolved resource dependencies [%s] in the Resources block of the template", logical)
		},
		GetAtt: func(logical, attribute string) (any, error) {
			if r := st.Resources[logical]; r != nil && r.Physical != "" {
				return r.attribute(st, attribute)
			}
			return nil, template.Errorf("Template error: instance of Fn::GetAtt references undefined resource %s", logical)
		},
		Import: func(name string) (string, error) {
			for _, other := range s.stacks {
				for _, o := range other.Outputs {
					if other.Scope == st.Scope && o.Export == name {
						st.Imports = append(st.Imports, name)
						return o.Value, nil
					}
				}
			}
			return "", template.Errorf("No export named %s found.", name)
		},
	}
}

var (
	dynamic = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{\{resolve:([^{}]*)\}\}`) })
	ofSSM   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^ssm:([a-zA-Z0-9_.\-/]+(?::\d+)?)$`) })
)

// resolve replaces the dynamic references in a value by what they name now.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-ssm.html
func (w worker) resolve(v any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			resolved, err := w.resolve(value)
			if err != nil {
				return nil, err
			}
			out[key] = resolved
		}
		return out, nil
	case []any:
		out := make([]any, 0, len(v))
		for _, value := range v {
			resolved, err := w.resolve(value)
			if err != nil {
				return nil, err
			}
			out = append(out, resolved)
		}
		return out, nil
	case string:
		var errs []error
		out := dynamic().ReplaceAllStringFunc(v, func(reference string) string {
			value, err := w.reference(strings.TrimSuffix(strings.TrimPrefix(reference, "{{resolve:"), "}}"))
			errs = append(errs, err)
			return value
		})
		return out, errors.Join(errs...)
	}
	return v, nil
}

func (w worker) reference(what string) (string, error) {
	m := ofSSM().FindStringSubmatch(what)
	if m == nil {
		service, _, _ := strings.Cut(what, ":")
		if service == "ssm" {
			return "", template.Errorf("Incorrect format is used in the following SSM reference: [{{resolve:%s}}]", what)
		}
		return "", template.Errorf("the sandbox does not have dynamic references to %s", service)
	}
	value, err := w.parameter(w.ctx, w.work.Caller, m[1])
	var refused *wire.Error
	if errors.As(err, &refused) && refused.Code != invalid {
		return "", template.Errorf("Parameters: [ssm:%s] cannot be found.", m[1])
	}
	return value, err
}
