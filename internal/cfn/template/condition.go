package template

import (
	"github.com/tagboat/tagboat/internal/source"
)

// truth is what a condition is, as far as it is known.
type truth int

const (
	unsettled truth = iota
	holds
	fails
)

func (t truth) not() truth {
	switch t {
	case holds:
		return fails
	case fails:
		return holds
	}
	return unsettled
}

func truthOf(b bool) truth {
	if b {
		return holds
	}
	return fails
}

// choose evaluates Fn::If. Where nobody knows whether its condition holds, both ways count.
func (e *evaluator) choose(argument *source.Node) value {
	if len(argument.Items) != 3 {
		return e.refuse("Fn::If has %d arguments", len(argument.Items))
	}
	name := textOf(argument.Items[0])
	switch e.condition(name) {
	case holds:
		return e.eval(argument.Items[1])
	case fails:
		return e.eval(argument.Items[2])
	}
	yes, no := e.under(name, argument.Items[1]), e.under("not "+name, argument.Items[2])
	if yes.plain() && no.plain() && yes.text == no.text {
		return yes
	}
	e.note(Source{Kind: Condition, Name: name})
	return value{text: "${" + name + " ? " + yes.text + " : " + no.text + "}", unknown: true}
}

// under evaluates what counts under a condition only.
func (e *evaluator) under(name string, n *source.Node) value {
	before := e.when
	e.when = both(before, name)
	defer func() { e.when = before }()
	return e.eval(n)
}

func both(one, other string) string {
	if one == "" {
		return other
	}
	return one + " and " + other
}

// condition reports whether a condition of the template holds. What is named in it is no source of
// the image. One that needs itself is never settled.
func (e *evaluator) condition(name string) truth {
	if known, asked := e.shared.conditions[name]; asked {
		return known
	}
	e.shared.conditions[name] = unsettled
	n := under(e.t.conditions, name)
	if n == nil {
		return unsettled
	}
	is := (&evaluator{t: e.t, in: e.in, shared: e.shared}).truth(n)
	e.shared.conditions[name] = is
	return is
}

func (e *evaluator) truth(n *source.Node) truth {
	name, argument := call(n)
	switch name {
	case "Condition":
		return e.condition(textOf(argument))
	case "Fn::Equals":
		return e.equal(argument.Items)
	case "Fn::Not":
		if len(argument.Items) == 1 {
			return e.truth(argument.Items[0]).not()
		}
	case "Fn::And":
		return e.all(argument.Items, holds)
	case "Fn::Or":
		return e.all(argument.Items, fails)
	}
	return unsettled
}

func (e *evaluator) equal(items []*source.Node) truth {
	if len(items) != 2 {
		return unsettled
	}
	left, right := e.references(e.eval(items[0])), e.references(e.eval(items[1]))
	if !left.plain() || !right.plain() {
		return unsettled
	}
	return truthOf(left.text == right.text)
}

// all returns want where all conditions are want, and the contrary where one is that.
func (e *evaluator) all(items []*source.Node, want truth) truth {
	out := want
	for _, item := range items {
		switch e.truth(item) {
		case want:
		case want.not():
			return want.not()
		default:
			out = unsettled
		}
	}
	return out
}
