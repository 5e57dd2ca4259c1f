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

// checkNames tells whether a call may name that many parameters.
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
