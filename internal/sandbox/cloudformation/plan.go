package cloudformation

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/cloudformation/template"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// changeView is a change of one resource as change sets show it.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
type changeView struct {
	Type     string         `json:"Type"`
	Resource resourceChange `json:"ResourceChange"`
}

type resourceChange struct {
	Action      string         `json:"Action"`
	Logical     string         `json:"LogicalResourceId"`
	Physical    string         `json:"PhysicalResourceId,omitempty"`
	Type        string         `json:"ResourceType"`
	Replacement string         `json:"Replacement,omitempty"`
	Scope       []string       `json:"Scope"`
	Details     []changeDetail `json:"Details"`
	Before      string         `json:"BeforeContext,omitempty"`
	After       string         `json:"AfterContext,omitempty"`
	DriftStatus string         `json:"ResourceDriftStatus,omitempty"` // of drift-aware change sets
}

type changeDetail struct {
	Target     changeTarget `json:"Target"`
	Evaluation string       `json:"Evaluation"`
	Source     string       `json:"ChangeSource,omitempty"`
	Cause      string       `json:"CausingEntity,omitempty"`
}

type changeTarget struct {
	Attribute string `json:"Attribute"`
	Name      string `json:"Name,omitempty"`
	Recreated string `json:"RequiresRecreation"`
	Path      string `json:"Path,omitempty"`
	Before    string `json:"BeforeValue,omitempty"`
	After     string `json:"AfterValue,omitempty"`
	Kind      string `json:"AttributeChangeType,omitempty"`
	// Of drift-aware change sets.
	BeforeFrom string     `json:"BeforeValueFrom,omitempty"`
	AfterFrom  string     `json:"AfterValueFrom,omitempty"`
	Drift      *liveDrift `json:"Drift,omitempty"`
}

// withoutValues returns changes as they are shown where nobody asks for values.
func withoutValues(changes []changeView) []changeView {
	all := slices.Clone(changes)
	for i := range all {
		r := &all[i].Resource
		r.Before, r.After, r.Details = "", "", slices.Clone(r.Details)
		for n := range r.Details {
			t := &r.Details[n].Target
			t.Path, t.Before, t.After, t.Kind = "", "", "", ""
			t.BeforeFrom, t.AfterFrom, t.Drift = "", "", nil
		}
	}
	return all
}

// valued is a target with what a property was and is to be, masked where that is not echoed.
func (p planner) valued(target changeTarget, was, is any) changeTarget {
	target.Path, target.Kind = "/Properties/"+target.Name, "Modify"
	target.Before, target.After = shown(p.st.Spec.masked(was)), shown(p.wants.masked(is))
	switch {
	case was == nil:
		target.Kind = "Add"
	case is == nil:
		target.Kind = "Remove"
	}
	return target
}

// shown is a value as change sets have it: a text as it is, and else JSON.
func shown(v any) string {
	if text, ok := v.(string); ok || v == nil {
		return text
	}
	data, _ := json.Marshal(v) // trees always encode
	return string(data)
}

// contextOf is all properties of a resource as change sets show them.
func contextOf(properties any) string {
	return shown(map[string]any{"Properties": properties})
}

// later stands for what is known only once a change was made.
const later = "{{changeSet:KNOWN_AFTER_APPLY}}"

// plan foresees what a spec changes of a stack; live is what resources really are, where drift is to
// be brought back.
func (c call) plan(st *stack, t *template.Template, wants spec, live map[string]actual) ([]changeView, error) {
	env := st.env(c.Service, t, wants.values())
	p := planner{st: st, t: t, wants: wants, env: env, changed: map[string]string{}, live: live, now: c.now}
	ref, attribute := env.Ref, env.GetAtt
	env.Ref = func(logical string) (any, error) {
		if action := p.changed[logical]; action == "Add" || action == "True" {
			return later, nil
		}
		return ref(logical)
	}
	env.GetAtt = func(logical, name string) (any, error) {
		if p.changed[logical] != "" {
			return later, nil
		}
		return attribute(logical, name)
	}
	imports := st.Imports
	defer func() { st.Imports = imports }()
	changes := map[string]resourceChange{}
	kept := map[string]bool{}
	for _, logical := range t.Order() {
		holds, err := env.Condition(t.Resources[logical].Condition)
		if err != nil {
			return nil, err
		}
		if !holds {
			continue
		}
		kept[logical] = true
		change, err := p.change(logical)
		if err != nil {
			return nil, err
		}
		if change != nil {
			changes[logical] = *change
		}
	}
	for _, r := range st.inOrder() {
		if !kept[r.Logical] {
			changes[r.Logical] = resourceChange{Action: "Remove", Logical: r.Logical, Physical: r.Physical, Type: r.Type, Scope: []string{}, Details: []changeDetail{}}
		}
	}
	var all []changeView
	for _, logical := range slices.Sorted(maps.Keys(changes)) {
		all = append(all, changeView{"Resource", changes[logical]})
	}
	return all, nil
}

// planner foresees one resource after another.
type planner struct {
	st      *stack
	t       *template.Template
	wants   spec
	env     *template.Env
	changed map[string]string // Add, or whether it is replaced
	live    map[string]actual
	now     time.Time
}

func (p planner) change(logical string) (*resourceChange, error) {
	declared := p.t.Resources[logical]
	shape, err := p.env.Properties(declared)
	if err != nil {
		return nil, err
	}
	c := &resourceChange{Action: "Modify", Logical: logical, Type: declared.Type, Scope: []string{}, Details: []changeDetail{}}
	r := p.st.Resources[logical]
	if r == nil || r.Physical == "" {
		c.Action, p.changed[logical] = "Add", "Add"
		c.After = contextOf(p.wants.masked(shape))
		return c, nil
	}
	if r.Type != declared.Type {
		return nil, wire.Errorf(invalid, "Update of resource type is not permitted. The new template modifies resource type of the following resources: [%s]", logical)
	}
	names := differences(r.Shape, shape)
	metadata := !template.Same(r.Metadata, declared.Metadata)
	is := p.live[logical]
	if len(names) == 0 && !metadata && r.Status != "UPDATE_FAILED" && len(is.Drifted) == 0 && is.Status != "DELETED" {
		return nil, nil
	}
	c.Physical, c.Replacement = r.Physical, "False"
	c.Before, c.After = contextOf(p.st.Spec.masked(r.Shape)), contextOf(p.wants.masked(shape))
	for _, name := range names {
		c.Details = append(c.Details, p.details(r, declared, name, shape)...)
		if kindOf(r.Type).replaces(name) {
			c.Replacement = "True"
		}
	}
	if len(names)+len(is.Drifted) > 0 {
		c.Scope = append(c.Scope, "Properties")
	}
	if metadata {
		c.Scope = append(c.Scope, "Metadata")
		c.Details = append(c.Details, changeDetail{changeTarget{Attribute: "Metadata", Recreated: "Never"}, "Static", "DirectModification", ""})
	}
	if c.Replacement == "True" && !slices.ContainsFunc(c.Details, func(d changeDetail) bool { return d.Evaluation == "Static" && d.Target.Recreated == "Always" }) {
		c.Replacement = "Conditional"
	}
	p.changed[logical] = strings.Replace(c.Replacement, "Conditional", "True", 1)
	if p.revert(c, r, shape); c.synced() {
		c.Action, c.Replacement = "SyncWithActual", ""
	}
	return c, nil
}

// details says why a property changes.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChangeDetail.html
func (p planner) details(r *resource, declared *template.Resource, name string, shape map[string]any) []changeDetail {
	target := p.valued(changeTarget{Attribute: "Properties", Name: name, Recreated: "Never"}, r.Shape[name], shape[name])
	if kindOf(r.Type).replaces(name) {
		target.Recreated = "Always"
	}
	var before any
	if old := p.st.Spec.template().Resources[r.Logical]; old != nil {
		before = old.Properties[name]
	}
	values, had := p.wants.values(), p.st.Spec.values()
	causes := map[string]changeDetail{}
	static := false
	for _, use := range template.Uses(declared.Properties[name]) {
		switch {
		case p.t.Parameters[use.Name] != nil && values[use.Name] != had[use.Name]:
			causes[use.Name] = changeDetail{target, "Static", "ParameterReference", use.Name}
			static = true
		case p.changed[use.Name] != "" && use.Attribute != "":
			causes[use.Name+"."+use.Attribute] = changeDetail{target, "Dynamic", "ResourceAttribute", use.Name + "." + use.Attribute}
		case p.changed[use.Name] == "True" || p.changed[use.Name] == "Add":
			causes[use.Name] = changeDetail{target, "Dynamic", "ResourceReference", use.Name}
		}
	}
	byReference := []changeDetail{}
	for _, cause := range slices.Sorted(maps.Keys(causes)) {
		byReference = append(byReference, causes[cause])
	}
	switch {
	case static:
		return append(byReference, changeDetail{target, "Dynamic", "DirectModification", ""})
	case len(byReference) == 0 || !template.Same(before, declared.Properties[name]):
		return append(byReference, changeDetail{target, "Static", "DirectModification", ""})
	default:
		return byReference
	}
}

// differences returns the properties that differ.
func differences(a, b map[string]any) []string {
	all := maps.Clone(b)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, a)
	names := slices.Sorted(maps.Keys(all))
	return slices.DeleteFunc(names, func(name string) bool { return template.Same(a[name], b[name]) })
}

// changes reports whether a spec says anything else than the one before, though no resource changes.
func (st *stack) changes(wants spec, t *template.Template) bool {
	outputs := func(t *template.Template) map[string]any {
		all := map[string]any{}
		for name, o := range t.Outputs {
			all[name] = []any{o.Value, o.Description, o.Condition, o.Export}
		}
		return all
	}
	return !slices.Equal(st.Spec.Tags, wants.Tags) || len(differences(outputs(st.Spec.template()), outputs(t))) > 0
}
