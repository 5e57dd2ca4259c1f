package cloudformation

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/tagboat/tagboat/internal/sandbox/cloudformation/template"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// pageSize is how many things an answer has at most.
const pageSize = 100

type pageOfStack struct {
	Name  string `json:"StackName"`
	Token string `json:"NextToken"`
}

type stacksOutput struct {
	Stacks []stackView `json:"Stacks"`
	Next   string      `json:"NextToken,omitempty"`
}

// describeStacks answers one stack, or all that were not deleted, newest first.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
func (c call) describeStacks(in pageOfStack) (out stacksOutput, err error) {
	if in.Name != "" {
		st := c.find(in.Name)
		if st == nil {
			return out, wire.Errorf(invalid, "Stack with id %s does not exist", in.Name)
		}
		return stacksOutput{Stacks: []stackView{st.view()}}, nil
	}
	all := []stackView{}
	for _, st := range slices.Backward(c.stacks) {
		if st.Scope == c.caller.Scope && st.Status != "DELETE_COMPLETE" {
			all = append(all, st.view())
		}
	}
	out.Stacks, out.Next, err = wire.Page(all, in.Token, pageSize, invalid)
	return out, err
}

type listInput struct {
	Statuses []string `json:"StackStatusFilter"`
	Token    string   `json:"NextToken"`
}

type stackSummary struct {
	ID          string    `json:"StackId"`
	Name        string    `json:"StackName"`
	Description string    `json:"TemplateDescription,omitempty"`
	Created     wire.Time `json:"CreationTime"`
	Updated     wire.Time `json:"LastUpdatedTime,omitzero"`
	Deleted     wire.Time `json:"DeletionTime,omitzero"`
	Status      string    `json:"StackStatus"`
	Reason      string    `json:"StackStatusReason,omitempty"`
	Drift       drift     `json:"DriftInformation"`
}

type listOutput struct {
	Stacks []stackSummary `json:"StackSummaries"`
	Next   string         `json:"NextToken,omitempty"`
}

// listStacks answers stacks, those that were deleted too.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStacks.html
func (c call) listStacks(in listInput) (out listOutput, err error) {
	all := []stackSummary{}
	for _, st := range slices.Backward(c.stacks) {
		if st.Scope != c.caller.Scope || len(in.Statuses) > 0 && !slices.Contains(in.Statuses, st.Status) {
			continue
		}
		v := st.view()
		all = append(all, stackSummary{v.ID, v.Name, v.Description, v.Created, v.Updated, v.Deleted, v.Status, v.Reason, v.Drift})
	}
	out.Stacks, out.Next, err = wire.Page(all, in.Token, pageSize, invalid)
	return out, err
}

type eventsOutput struct {
	Events []eventView `json:"StackEvents"`
	Next   string      `json:"NextToken,omitempty"`
}

// describeEvents answers what happened to a stack, newest first.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackEvents.html
func (c call) describeEvents(in pageOfStack) (out eventsOutput, err error) {
	st, err := c.named(in.Name)
	if err != nil {
		return out, err
	}
	all := slices.Clone(st.Events)
	slices.Reverse(all)
	out.Events, out.Next, err = wire.Page(all, in.Token, pageSize, invalid)
	return out, err
}

type resourceView struct {
	StackName string    `json:"StackName"`
	StackID   string    `json:"StackId"`
	Logical   string    `json:"LogicalResourceId"`
	Physical  string    `json:"PhysicalResourceId,omitempty"`
	Type      string    `json:"ResourceType"`
	At        wire.Time `json:"Timestamp,omitzero"`
	Updated   wire.Time `json:"LastUpdatedTimestamp,omitzero"`
	Status    string    `json:"ResourceStatus"`
	Reason    string    `json:"ResourceStatusReason,omitempty"`
	Metadata  string    `json:"Metadata,omitempty"`
	Drift     struct {
		Status string `json:"StackResourceDriftStatus"`
	} `json:"DriftInformation"`
}

func (st *stack) resourceView(r *resource) resourceView {
	v := resourceView{StackName: st.Name, StackID: st.ID, Logical: r.Logical, Physical: r.Physical, Type: r.Type, Status: r.Status, Reason: r.Reason}
	v.Drift.Status = "NOT_CHECKED"
	return v
}

type resourceInput struct {
	Name     string `json:"StackName"`
	Logical  string `json:"LogicalResourceId"`
	Physical string `json:"PhysicalResourceId"`
}

type resourceOutput struct {
	Detail resourceView `json:"StackResourceDetail"`
}

// describeResource answers one resource.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResource.html
func (c call) describeResource(in resourceInput) (resourceOutput, error) {
	st := c.find(in.Name)
	if st == nil {
		return resourceOutput{}, wire.Errorf(invalid, "Stack '%s' does not exist", in.Name)
	}
	r := st.Resources[in.Logical]
	if r == nil {
		return resourceOutput{}, wire.Errorf(invalid, "Resource %s does not exist for stack %s", in.Logical, in.Name)
	}
	v := st.resourceView(r)
	v.Updated = wire.At(r.At)
	if r.Metadata != nil {
		text, _ := json.Marshal(r.Metadata) // trees always encode
		v.Metadata = string(text)
	}
	return resourceOutput{v}, nil
}

type resourcesOutput struct {
	Resources []resourceView `json:"StackResources"`
}

// describeResources answers the resources of a stack, or of the one that has a physical resource.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResources.html
func (c call) describeResources(in resourceInput) (resourcesOutput, error) {
	st := c.find(in.Name)
	for _, one := range c.stacks {
		if in.Name == "" && one.Scope == c.caller.Scope && one.Status != "DELETE_COMPLETE" && in.Physical != "" && one.holds(in.Physical) {
			st = one
		}
	}
	switch {
	case in.Name != "" && in.Physical != "":
		return resourcesOutput{}, wire.Errorf(invalid, "Stack name and physical resource id cannot be specified together")
	case st == nil && in.Physical != "":
		return resourcesOutput{}, wire.Errorf(invalid, "Stack for %s does not exist", in.Physical)
	case st == nil:
		return resourcesOutput{}, wire.Errorf(invalid, "Stack with id %s does not exist", in.Name)
	}
	out := resourcesOutput{Resources: []resourceView{}}
	for _, name := range slices.Sorted(maps.Keys(st.Resources)) {
		if in.Logical == "" || in.Logical == name {
			v := st.resourceView(st.Resources[name])
			v.At = wire.At(st.Resources[name].At)
			out.Resources = append(out.Resources, v)
		}
	}
	return out, nil
}

func (st *stack) holds(physical string) bool {
	for _, r := range st.Resources {
		if r.Physical == physical {
			return true
		}
	}
	return false
}

type resourceList struct {
	Resources []resourceView `json:"StackResourceSummaries"`
	Next      string         `json:"NextToken,omitempty"`
}

// listResources answers the resources of a stack in pages.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackResources.html
func (c call) listResources(in pageOfStack) (out resourceList, err error) {
	st, err := c.named(in.Name)
	if err != nil {
		return out, err
	}
	all := []resourceView{}
	for _, name := range slices.Sorted(maps.Keys(st.Resources)) {
		v := st.resourceView(st.Resources[name])
		v.Updated = wire.At(st.Resources[name].At)
		all = append(all, v)
	}
	out.Resources, out.Next, err = wire.Page(all, in.Token, pageSize, invalid)
	return out, err
}

type templateInput struct {
	Name      string `json:"StackName"`
	ChangeSet string `json:"ChangeSetName"`
	Stage     string `json:"TemplateStage"`
}

type templateOutput struct {
	Body   string   `json:"TemplateBody"`
	Stages []string `json:"StagesAvailable"`
}

// getTemplate answers a template as it was sent. Both of its stages are the same, as there are no
// transforms.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html
func (c call) getTemplate(in templateInput) (templateOutput, error) {
	out := templateOutput{Stages: []string{"Original", "Processed"}}
	if in.ChangeSet != "" {
		_, cs, err := c.lookUp(changeSetKey{Stack: in.Name, Name: in.ChangeSet})
		if err == nil {
			out.Body = cs.Spec.Body
		}
		return out, err
	}
	st := c.find(in.Name)
	if st == nil {
		return out, wire.Errorf(invalid, "Stack with id %s does not exist", in.Name)
	}
	out.Body = st.Spec.Body
	return out, nil
}

type bodyInput struct {
	Name string `json:"StackName"`
	Body string `json:"TemplateBody"`
}

type declaration struct {
	Key         string       `json:"ParameterKey"`
	Default     *string      `json:"DefaultValue"`
	Type        string       `json:"ParameterType,omitempty"`
	NoEcho      bool         `json:"NoEcho"`
	Description string       `json:"Description,omitempty"`
	Constraints *constraints `json:"ParameterConstraints"`
}

type constraints struct {
	AllowedValues []string `json:"AllowedValues,omitempty"`
}

type summaryOutput struct {
	Parameters   []declaration `json:"Parameters"`
	Description  string        `json:"Description,omitempty"`
	Capabilities []string      `json:"Capabilities,omitempty"`
	Reason       string        `json:"CapabilitiesReason,omitempty"`
	Types        []string      `json:"ResourceTypes,omitempty"`
	Version      string        `json:"Version,omitempty"`
	Metadata     string        `json:"Metadata,omitempty"`
	Transforms   []string      `json:"DeclaredTransforms"`
}

// getSummary answers what a template, or that of a stack, declares.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplateSummary.html
func (c call) getSummary(in bodyInput) (summaryOutput, error) {
	if in.Name != "" {
		st := c.find(in.Name)
		if st == nil {
			return summaryOutput{}, wire.Errorf(invalid, "Stack with id %s does not exist", in.Name)
		}
		in.Body = st.Spec.Body
	}
	t, err := c.parse(in.Body)
	if err != nil {
		return summaryOutput{}, err
	}
	out := summaryOutput{Parameters: []declaration{}, Description: t.Description, Types: t.Types(), Version: t.Version, Transforms: []string{}}
	out.Capabilities, out.Reason = t.Capabilities()
	if t.Metadata != nil {
		text, _ := json.Marshal(t.Metadata) // trees always encode
		out.Metadata = string(text)
	}
	for _, key := range slices.Sorted(maps.Keys(t.Parameters)) {
		p := t.Parameters[key]
		out.Parameters = append(out.Parameters, declaration{key, p.Default, p.Type, p.NoEcho, p.Description, &constraints{p.AllowedValues}})
	}
	return out, nil
}

func (c call) parse(body string) (*template.Template, error) {
	if body == "" {
		return nil, wire.Errorf(invalid, "Either Template URL or Template Body must be specified.")
	}
	t, err := template.Parse(body)
	if err != nil {
		return nil, err
	}
	return t, c.known(t)
}

type validateInput struct {
	Body string `json:"TemplateBody"`
}

// validateTemplate answers what a template declares, or what is wrong with it.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ValidateTemplate.html
func (c call) validateTemplate(in validateInput) (summaryOutput, error) {
	out, err := c.getSummary(bodyInput{Body: in.Body})
	out.Types, out.Version, out.Metadata = nil, "", ""
	for i := range out.Parameters {
		out.Parameters[i].Type, out.Parameters[i].Constraints = "", nil
	}
	return out, err
}

type exportView struct {
	Stack string `json:"ExportingStackId"`
	Name  string `json:"Name"`
	Value string `json:"Value"`
}

type exportsOutput struct {
	Exports []exportView `json:"Exports"`
	Next    string       `json:"NextToken,omitempty"`
}

type exportsInput struct {
	Token string `json:"NextToken"`
}

// listExports answers what stacks export.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListExports.html
func (c call) listExports(in exportsInput) (out exportsOutput, err error) {
	all := []exportView{}
	for _, st := range c.stacks {
		for _, o := range st.Outputs {
			if st.Scope == c.caller.Scope && o.Export != "" {
				all = append(all, exportView{st.ID, o.Export, o.Value})
			}
		}
	}
	out.Exports, out.Next, err = wire.Page(all, in.Token, pageSize, invalid)
	return out, err
}
