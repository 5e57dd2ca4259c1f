package drift

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cfn/template"
	"github.com/tagboat/tagboat/internal/deploy"
)

// Foresee says what updates of a stack would do to a service: one with the same template and the same
// values, one that changes the template's task definition, and one that brings drift back. It says
// what is unknown.
//
// CloudFormation reads parameters with an SSM type at every update, dynamic references without a
// version only where the template's text for the resource changes, and asks a custom resource only
// where its properties change. It touches a service only where a property of the service changes, so
// that a revision that was deployed past the stack stays until then.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-ssm.html
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html
func Foresee(f Facts) (update, change, revert tagboat.Prophecy) {
	if blocked, is := f.blocked(); is {
		return blocked, blocked, blocked
	}
	if f.Literal.Value != "" {
		return f.literal()
	}
	return f.update(), f.change(), f.revert()
}

// blocked says why a stack cannot be updated now, and what to do about that.
func (f Facts) blocked() (tagboat.Prophecy, bool) {
	s := f.Stack
	if s.Updatable() {
		return tagboat.Prophecy{}, false
	}
	return tagboat.Prophecy{
		Effect: tagboat.EffectBlocked,
		Text:   fmt.Sprintf("stack %s is in %s and cannot be updated: %s", s.Name, s.Status, deploy.HowToRepair(s.Name, s.Status)),
	}, true
}

// literal foresees where the template names a task definition that is not its own.
func (f Facts) literal() (update, change, revert tagboat.Prophecy) {
	named := f.Literal.Value
	nothing := tagboat.Prophecy{Effect: tagboat.EffectNothing, Text: f.next() + " changes nothing: the template names the task definition " + named + ", whatever it has"}
	if !f.Literal.Known {
		unknown := tagboat.Prophecy{Effect: tagboat.EffectUnknown, Text: "which task definition the template has for the service is unknown: " + named}
		return unknown, unknown, unknown
	}
	switch {
	case !strings.Contains(named, ":"):
		change = tagboat.Prophecy{Effect: tagboat.EffectUnknown, Text: "an update that changes the service brings the latest revision of the family " + named + " at that time"}
		return nothing, change, tagboat.Prophecy{Effect: tagboat.EffectUnknown, Text: "what a drift-reverting change set does is unknown: the template names a family without a revision"}
	case name(named) == name(f.Deployed):
		change = tagboat.Prophecy{Effect: tagboat.EffectNothing, Text: "an update that changes the service keeps it at " + name(named) + ", which the template names"}
		return nothing, change, tagboat.Prophecy{Effect: tagboat.EffectNothing, Text: "a drift-reverting change set keeps the service at " + name(named)}
	}
	nothing.Text += f.stays()
	change = tagboat.Prophecy{Effect: tagboat.EffectOther, Text: fmt.Sprintf("an update that changes the task definition which the template names resets the service from %s, and so may one that changes the service otherwise", name(f.Deployed))}
	revert = tagboat.Prophecy{Effect: tagboat.EffectOther, Text: fmt.Sprintf("a drift-reverting change set puts the service back from %s to %s, which the template names", name(f.Deployed), name(named))}
	return nothing, change, revert
}

// next begins the sentence about an update with the same template and the same values.
func (f Facts) next() string {
	text := "the next update of stack " + f.Stack.Name
	if f.Stack.Parent != "" {
		text += ", which comes with that of the stack that it is nested in,"
	}
	return text
}

// stays says where the service stays that an update does not touch.
func (f Facts) stays() string {
	if !f.past() && f.Literal.Value == "" {
		return ""
	}
	return "; the service stays at " + name(f.Deployed) + ", which was deployed past the stack"
}

func (f Facts) update() tagboat.Prophecy {
	switch {
	case len(f.Missing) > 0:
		return tagboat.Prophecy{Effect: tagboat.EffectFails, Text: f.next() + " fails: Parameter Store has no " + list(f.Missing)}
	case f.Moves && f.refused() != "":
		return tagboat.Prophecy{Effect: tagboat.EffectFails, Text: f.next() + " fails: " + f.refused()}
	case f.Moves:
		return f.brings(f.next())
	case f.asked() != "":
		return tagboat.Prophecy{Effect: tagboat.EffectUnknown, Text: fmt.Sprintf("%s asks %s again, whose answer is unknown", f.next(), f.asked())}
	}
	return tagboat.Prophecy{Effect: tagboat.EffectNothing, Text: f.next() + " with the same template and values changes nothing of the service" + f.unread() + f.stays()}
}

// asked names the custom resources that images depend on and that are asked again.
func (f Facts) asked() string {
	var names []string
	for _, i := range f.Images {
		for _, s := range i.Sources {
			if s.Custom() && slices.Contains(f.Asked, s.Name) && !slices.Contains(names, s.Name) {
				names = append(names, s.Name)
			}
		}
	}
	return list(names)
}

// unread says what such an update does not read, though it may have another value.
func (f Facts) unread() string {
	var references, resources []string
	for _, i := range f.Images {
		for _, s := range i.Sources {
			text := s.Reference.String()
			if s.Unversioned() && !same(i.Templated, i.Resolved) && !slices.Contains(references, text) {
				references = append(references, text)
			}
			if s.Custom() && !slices.Contains(resources, s.Name) {
				resources = append(resources, s.Name)
			}
		}
	}
	text := ""
	if len(references) > 0 {
		text += ": " + list(references) + " is read again only where the template's text of the task definition changes"
	}
	if len(resources) > 0 {
		text += ": " + list(resources) + " is asked again only where one of its properties changes"
	}
	return text
}

func (f Facts) change() tagboat.Prophecy {
	const subject = "an update that changes the template's task definition"
	switch {
	case len(f.Missing) > 0:
		return tagboat.Prophecy{Effect: tagboat.EffectFails, Text: subject + " fails: Parameter Store has no " + list(f.Missing)}
	case f.refused() != "":
		return tagboat.Prophecy{Effect: tagboat.EffectFails, Text: subject + " fails: " + f.refused()}
	}
	return f.brings(subject)
}

func (f Facts) revert() tagboat.Prophecy {
	const subject = "a drift-reverting change set"
	switch {
	case len(f.Missing) > 0 || f.Moves && f.refused() != "":
		p := f.change()
		p.Text = strings.Replace(p.Text, "an update that changes the template's task definition", subject, 1)
		return p
	case f.Moves, f.Gone:
		return f.brings(subject)
	case f.asked() != "":
		return tagboat.Prophecy{Effect: tagboat.EffectUnknown, Text: fmt.Sprintf("%s asks %s again, whose answer is unknown", subject, f.asked())}
	case f.Owned == "":
		return tagboat.Prophecy{Effect: tagboat.EffectUnknown, Text: "what a drift-reverting change set does is unknown: the stack has no task definition for the service"}
	case !f.past():
		return tagboat.Prophecy{Effect: tagboat.EffectNothing, Text: subject + " leaves the task definition as it is: the service is at the stack's revision " + name(f.Owned)}
	}
	return f.backToOwned(subject)
}

// backToOwned foresees that the service is put back to the stack's revision as it is.
func (f Facts) backToOwned(subject string) tagboat.Prophecy {
	p := tagboat.Prophecy{Effect: tagboat.EffectSame}
	var has []string
	for _, i := range f.Images {
		if (i.Templated != tagboat.Observed{}) {
			p.Images = append(p.Images, tagboat.ProphesiedImage{Container: i.Container, Version: i.Templated})
		}
		if !same(i.Templated, i.Deployed) {
			p.Effect = worse(p.Effect, i.Templated, i.Pinned)
			has = append(has, string(i.Container)+" "+version(i.Templated))
		}
	}
	p.Text = fmt.Sprintf("%s puts the service back from %s to the stack's revision %s", subject, name(f.Deployed), name(f.Owned))
	if len(has) > 0 {
		p.Text += ", which has " + list(has)
	} else {
		p.Text += ", which has the same versions"
	}
	return p
}

// worse returns the effect of a version beside those before: one that is not pinned counts most.
func worse(before tagboat.Effect, comes, pinned tagboat.Observed) tagboat.Effect {
	if before != tagboat.EffectOther && pinned != (tagboat.Observed{}) && same(comes, pinned) {
		return tagboat.EffectPinned
	}
	return tagboat.EffectOther
}

// brings foresees that the stack makes its task definition anew and puts the service on it.
func (f Facts) brings(subject string) tagboat.Prophecy {
	p := tagboat.Prophecy{Effect: tagboat.EffectSame}
	var pinned, others, unknown []string
	for _, i := range f.Images {
		comes, known := f.brought(i)
		switch {
		case !known:
			unknown = append(unknown, fmt.Sprintf("%s comes from %s", i.Container, sources(i.Sources)))
			continue
		case same(comes, i.Deployed):
		case i.Pinned != (tagboat.Observed{}) && same(comes, i.Pinned):
			pinned = append(pinned, string(i.Container)+" "+version(comes))
			p.Effect = worse(p.Effect, comes, i.Pinned)
		default:
			others = append(others, fmt.Sprintf("%s back to %s (%s)", i.Container, version(comes), because(i)))
			p.Effect = tagboat.EffectOther
		}
		p.Images = append(p.Images, tagboat.ProphesiedImage{Container: i.Container, Version: comes})
	}
	if len(unknown) > 0 {
		return tagboat.Prophecy{Effect: tagboat.EffectUnknown, Text: fmt.Sprintf("which version %s brings is unknown: %s", subject, list(unknown)), Images: p.Images}
	}
	var does []string
	if len(others) > 0 {
		does = append(does, "puts "+list(others))
	}
	if len(pinned) > 0 {
		does = append(does, "brings "+list(pinned)+", which is pinned")
	}
	if len(does) == 0 {
		does = append(does, "registers a new revision with the versions that are deployed")
	}
	if f.past() {
		does = append(does, "resets the service from "+name(f.Deployed)+", which was deployed past the stack")
	}
	p.Text = subject + " " + list(does)
	return p
}

// because says what makes the template have that version.
func because(i ImageFacts) string {
	if len(i.Sources) == 0 {
		return "the template says so"
	}
	s := i.Sources[len(i.Sources)-1]
	switch {
	case s.Kind == template.Plain:
		return "the template's parameter " + s.Name + " says so"
	case s.Kind == template.Stored:
		return "Parameter Store says so, which the parameter " + s.Name + " reads"
	case s.Kind == template.Dynamic && s.Reference.Version != "":
		return "the reference " + s.Reference.String() + " names that version"
	case s.Kind == template.Dynamic:
		return "Parameter Store has that under " + s.Reference.Name
	case s.Custom():
		return s.Name + " answered so last"
	}
	return "the template says so"
}

func sources(all []template.Source) string {
	var parts []string
	for _, s := range all {
		parts = append(parts, s.String())
	}
	if len(parts) == 0 {
		return "something that Tagboat cannot read"
	}
	return list(parts)
}
