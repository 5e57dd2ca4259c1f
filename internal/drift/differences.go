package drift

import (
	"fmt"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy/status"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// differences says who differs from whom. Desired counts are not among them: autoscaling sets them.
func (v *view) differences(out tagboat.ServiceDrift, owned *ecs.TaskDefinition) []string {
	var all []string
	if st := v.owner.stack; st != nil && st.missing {
		all = append(all, fmt.Sprintf("there is no stack %s, which tagboat.yaml names", st.Name))
	}
	o := v.sight.Observed
	if o.Service == nil {
		if v.unmade != "" {
			return append(all, v.unmade)
		}
		if slices.ContainsFunc(out.Images, func(i tagboat.ImageDrift) bool { return i.Pinned.Digest != "" }) {
			all = append(all, fmt.Sprintf("there is no service %s in cluster %s", v.target.Desired.ServiceName, v.target.Desired.Cluster))
		}
		return all
	}
	for _, i := range out.Images {
		all = append(all, imageDifferences(i)...)
	}
	for _, d := range status.Drifts(v.target.Desired, o, nil) {
		ofStack := owned != nil && o.Current != nil && owned.ARN == o.Current.ARN
		if d.Kind == status.Foreign && ofStack || d.Kind == status.Definition && ofStack {
			continue // it is the stack's
		}
		all = append(all, d.String())
	}
	if owned != nil && o.Current != nil && owned.ARN != o.Current.ARN && out.Diff != "" {
		all = append(all, fmt.Sprintf("the task definition %s was deployed past stack %s, and differs from the stack's %s", name(o.Current.ARN), out.Stack.Name, name(owned.ARN)))
	}
	return all
}

// imageDifferences compares the views of one container, each with the one before it. The stack's is
// what its template brings the next time that the task definition changes.
func imageDifferences(i tagboat.ImageDrift) []string {
	var all []string
	if (i.Pinned == tagboat.Observed{}) {
		all = append(all, fmt.Sprintf("no version of image %s is pinned for container %s", i.Image, i.Container))
	}
	if !same(i.Deployed, i.Pinned) {
		all = append(all, fmt.Sprintf("%s: %s is deployed, and %s is pinned", i.Container, version(i.Deployed), version(i.Pinned)))
	}
	expected := i.Deployed
	if expected.Digest == "" && expected.Tag == i.Pinned.Tag {
		expected = i.Pinned // the digest behind a tag is known of what is pinned alone
	}
	if i.Running.Digest != "" && expected.Digest != "" && i.Running.Digest != expected.Digest {
		all = append(all, fmt.Sprintf("%s: tasks run %s, and %s is deployed", i.Container, version(i.Running), version(i.Deployed)))
	}
	if i.Source == "" {
		return all
	}
	comes := i.Resolved
	if (comes == tagboat.Observed{}) {
		comes = i.Templated
	}
	if !same(comes, i.Deployed) && (i.Pinned == tagboat.Observed{} || !same(comes, i.Pinned)) {
		all = append(all, fmt.Sprintf("%s: the template has %s, and %s is deployed", i.Container, version(comes), version(i.Deployed)))
	}
	return all
}

// diff says which fields of the service's revision differ from those of the stack's, or from those of
// the file where no stack owns the service; images aside, which have a table of their own.
func (v *view) diff(owned *ecs.TaskDefinition) string {
	current := v.sight.Observed.Current
	if current == nil {
		return ""
	}
	is, err := taskdef.FromJSON(current.Record)
	if err != nil {
		return ""
	}
	wanted := v.target.Desired.Definition
	switch {
	case owned != nil && owned.ARN == current.ARN:
		return ""
	case owned != nil:
		if wanted, err = taskdef.FromJSON(owned.Record); err != nil {
			return ""
		}
	}
	if wanted.Empty() || taskdef.EqualButImages(wanted, is) {
		return ""
	}
	return taskdef.Diff(is, wanted)
}
