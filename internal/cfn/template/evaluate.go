package template

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tagboat/tagboat/internal/cfn"
	"github.com/tagboat/tagboat/internal/source"
)

// evaluator evaluates one expression, and notes what it is made of.
type evaluator struct {
	t       *Template
	in      Inputs
	when    string // the condition that nobody knows about, under which this counts
	sources []Source
	refused string
	shared  *shared
}

// shared is what evaluators of one question have between them.
type shared struct {
	conditions map[string]truth // those that were asked for; unsettled until they are answered
	steps      int
}

func (t *Template) evaluator(in Inputs, when string) *evaluator {
	return &evaluator{t: t, in: in, when: when, shared: &shared{conditions: map[string]truth{}}}
}

// What one expression may take. Images have a few hundred characters, and are made in a few steps.
const (
	mostSteps = 20_000
	mostText  = 64 << 10
)

// value is what an expression gives. Of an unknown one, text is how a person would write it.
type value struct {
	text    string
	items   []value
	list    bool
	node    *source.Node // of a map: not evaluated
	nothing bool         // AWS::NoValue
	unknown bool
}

// plain reports whether a value is a text that is known.
func (v value) plain() bool { return !v.unknown && !v.list && !v.nothing && v.node == nil }

func (e *evaluator) note(s Source) {
	s.When = e.when
	if !slices.Contains(e.sources, s) {
		e.sources = append(e.sources, s)
	}
}

// refuse notes why CloudFormation would not evaluate the expression.
func (e *evaluator) refuse(format string, args ...any) value {
	if e.refused == "" && e.when == "" {
		e.refused = fmt.Sprintf(format, args...)
	}
	return value{unknown: true}
}

// call returns the name and argument of a function; "" where a node is none.
func call(n *source.Node) (name string, argument *source.Node) {
	if n == nil || n.Kind != source.Map || len(n.Fields) != 1 {
		return "", nil
	}
	f := n.Fields[0]
	if f.Name != "Ref" && f.Name != "Condition" && !strings.HasPrefix(f.Name, "Fn::") {
		return "", nil
	}
	return f.Name, f.Value
}

// eval evaluates a node.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
func (e *evaluator) eval(n *source.Node) value {
	if n == nil {
		return value{unknown: true}
	}
	if e.shared.steps++; e.shared.steps > mostSteps {
		return value{text: "…", unknown: true}
	}
	name, argument := call(n)
	switch {
	case name != "":
		return e.call(name, argument)
	case n.Kind == source.List:
		return e.listOf(n)
	case n.Kind == source.Map:
		return value{node: n}
	default:
		return value{text: textOf(n)}
	}
}

func (e *evaluator) listOf(n *source.Node) value {
	list := value{list: true}
	for _, item := range n.Items {
		if v := e.eval(item); !v.nothing {
			list.items = append(list.items, v)
		}
	}
	return list
}

func (e *evaluator) call(name string, argument *source.Node) value {
	switch name {
	case "Ref":
		return e.ref(textOf(argument))
	case "Fn::GetAtt":
		return e.getAtt(argument)
	case "Fn::Sub":
		return e.sub(argument)
	case "Fn::If":
		return e.choose(argument)
	case "Fn::ImportValue":
		v := e.eval(argument)
		e.note(Source{Kind: Import, Name: v.text})
		return value{text: "${" + v.text + "}", unknown: true}
	case "Fn::Join", "Fn::Split", "Fn::Select", "Fn::FindInMap":
		return e.withList(name, argument)
	}
	e.note(Source{Kind: Unreadable, Name: name})
	return value{text: "${" + name + "}", unknown: true}
}

func (e *evaluator) ref(name string) value {
	if p, is := e.t.Parameters[name]; is {
		return e.parameter(name, p)
	}
	if v, is := e.in.Pseudo[name]; is {
		return value{text: v}
	}
	switch {
	case name == "AWS::NoValue":
		return value{nothing: true}
	case strings.HasPrefix(name, "AWS::"):
		return value{text: "${" + name + "}", unknown: true}
	}
	e.note(Source{Kind: Physical, Name: name, Type: e.t.TypeOf(name)})
	if id, known := e.in.Physical[name]; known {
		return value{text: id}
	}
	return value{text: "${" + name + "}", unknown: true}
}

func (e *evaluator) parameter(name string, p Parameter) value {
	kind := Plain
	if p.SSM() {
		kind = Stored
	}
	e.note(Source{Kind: kind, Name: name, Type: p.Type})
	text, known := e.in.Parameters[name]
	if !known {
		return value{text: "${" + name + "}", unknown: true}
	}
	if !p.list() {
		return value{text: text}
	}
	list := value{list: true}
	for part := range strings.SplitSeq(text, ",") {
		list.items = append(list.items, value{text: strings.TrimSpace(part)})
	}
	return list
}

// getAtt evaluates Fn::GetAtt: [A, B], or "A.B" in YAML.
func (e *evaluator) getAtt(argument *source.Node) value {
	logical, attribute, _ := strings.Cut(textOf(argument), ".")
	if argument.Kind == source.List && len(argument.Items) == 2 {
		logical, attribute = textOf(argument.Items[0]), e.eval(argument.Items[1]).text
	}
	return e.attribute(logical, attribute)
}

func (e *evaluator) attribute(logical, attribute string) value {
	typ := e.t.TypeOf(logical)
	if typ == "AWS::SSM::Parameter" && attribute == "Value" { // which the template has
		return e.eval(under(e.t.resources, logical, "Properties", "Value"))
	}
	e.note(Source{Kind: Attribute, Name: logical, Attribute: attribute, Type: typ})
	if e.in.Attribute != nil {
		if v, known := e.in.Attribute(logical, attribute); known {
			return value{text: v}
		}
	}
	if v, known := e.derived(logical, typ, attribute); known {
		return value{text: v}
	}
	return value{text: "${" + logical + "." + attribute + "}", unknown: true}
}

// derived returns the attributes that follow from a resource's id.
func (e *evaluator) derived(logical, typ, attribute string) (string, bool) {
	id, there := e.in.Physical[logical]
	p := e.in.Pseudo
	switch {
	case !there:
		return "", false
	case typ == cfn.TypeTaskDefinition && attribute == "TaskDefinitionArn":
		return id, true
	case typ == "AWS::ECR::Repository" && attribute == "RepositoryUri" && p["AWS::AccountId"] != "":
		return p["AWS::AccountId"] + ".dkr.ecr." + p["AWS::Region"] + "." + p["AWS::URLSuffix"] + "/" + id, true
	}
	return "", false
}

// withList evaluates the functions whose argument is a list.
func (e *evaluator) withList(name string, argument *source.Node) value {
	var items []value
	for _, item := range argument.Items {
		items = append(items, e.eval(item))
	}
	switch {
	case name == "Fn::Join" && len(items) == 2:
		return joined(items[0], items[1])
	case name == "Fn::Split" && len(items) == 2:
		return split(items[0], items[1])
	case name == "Fn::Select" && len(items) == 2:
		return e.selected(items[0], items[1])
	case name == "Fn::FindInMap" && len(items) >= 3:
		return e.find(items)
	}
	return e.refuse("%s has %d arguments", name, len(items))
}

func joined(delimiter, list value) value {
	v := value{unknown: delimiter.unknown || list.unknown || !list.list}
	parts := make([]string, 0, len(list.items))
	for _, item := range list.items {
		v.unknown = v.unknown || item.unknown || item.list
		parts = append(parts, item.text)
	}
	v.text = strings.Join(parts, delimiter.text)
	if !list.list {
		v.text = list.text
	}
	return v.bounded()
}

// bounded cuts a text that no image can have, of which nothing is known then.
func (v value) bounded() value {
	if len(v.text) > mostText {
		return value{text: "…", unknown: true}
	}
	return v
}

// split leaves a text that is unknown whole, as the one item of a list.
func split(delimiter, text value) value {
	if delimiter.unknown || text.unknown || text.list || delimiter.text == "" {
		return value{text: text.text, unknown: true}
	}
	list := value{list: true}
	for part := range strings.SplitSeq(text.text, delimiter.text) {
		list.items = append(list.items, value{text: part})
	}
	return list
}

func (e *evaluator) selected(index, list value) value {
	n, err := strconv.Atoi(index.text)
	switch {
	case index.unknown || list.unknown:
		return value{text: list.text, unknown: true}
	case err != nil || !list.list:
		return e.refuse("Fn::Select takes an index and a list")
	case n < 0 || n >= len(list.items):
		return e.refuse("Fn::Select cannot select nonexistent value at index %d", n)
	}
	return list.items[n]
}

// find evaluates Fn::FindInMap, whose fourth argument may be a default.
func (e *evaluator) find(items []value) value {
	path := []string{items[0].text, items[1].text, items[2].text}
	if items[0].unknown || items[1].unknown || items[2].unknown {
		return value{text: "${" + strings.Join(path, ".") + "}", unknown: true}
	}
	if n := under(e.t.mappings, path...); n != nil {
		return e.eval(n)
	}
	if len(items) > 3 && items[3].node != nil {
		return e.eval(items[3].node.Field("DefaultValue"))
	}
	return e.refuse("Fn::FindInMap finds no %s", strings.Join(path, "."))
}

var variable = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$\{([^}]*)\}`) })

// sub evaluates Fn::Sub: a text, or a text and a map of variables.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-sub.html
func (e *evaluator) sub(argument *source.Node) value {
	format, variables := textOf(argument), (*source.Node)(nil)
	if argument.Kind == source.List && len(argument.Items) == 2 {
		format, variables = textOf(argument.Items[0]), argument.Items[1]
	}
	var out value
	at := 0
	for _, m := range variable().FindAllStringSubmatchIndex(format, -1) {
		v := e.named(strings.TrimSpace(format[m[2]:m[3]]), variables)
		out.text += format[at:m[0]] + v.text
		out.unknown = out.unknown || v.unknown || v.list
		if at = m[1]; len(out.text) > mostText {
			break
		}
	}
	out.text += format[at:]
	return out.bounded()
}

func (e *evaluator) named(name string, variables *source.Node) value {
	if literal, is := strings.CutPrefix(name, "!"); is {
		return value{text: "${" + literal + "}"}
	}
	if own := under(variables, name); own != nil {
		return e.eval(own)
	}
	if logical, attribute, dotted := strings.Cut(name, "."); dotted {
		return e.attribute(logical, attribute)
	}
	return e.ref(name)
}
