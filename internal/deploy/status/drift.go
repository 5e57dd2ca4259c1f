package status

import (
	"fmt"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// Drift is one difference between what should run as a service and what runs. Its String is
// a sentence for people.
type Drift struct {
	Kind   Kind
	Member string // the container, or the member of the service's file, that it is about; may be ""
	Want   string // what should be, as far as that can be told
	Have   string // what is, as far as that can be told
}

// Kind is a kind of drift.
type Kind string

// The kinds of drift.
const (
	NotPinned     Kind = "not-pinned"         // Want is the image of which no version is pinned
	OtherVersion  Kind = "other-version"      // a container runs Have, and Want is pinned
	NoDefinition  Kind = "no-definition"      // the task definition that runs is gone
	BadDefinition Kind = "bad-definition"     // Have says why the task definition cannot be read
	OtherFamily   Kind = "other-family"       // the revision Have is not of the family Want
	Foreign       Kind = "foreign"            // Tagboat did not register the revision Have
	Definition    Kind = "definition"         // the revision Have differs in more than versions
	Stopped       Kind = "stopped"            // after its first deployment failed; it had Want tasks
	Service       Kind = "service-definition" // the service differs from its file in Member, or as Have says
)

// String says in words what drifted.
func (d Drift) String() string {
	switch d.Kind {
	case NotPinned:
		return fmt.Sprintf("no version of image %s is pinned for container %s", d.Want, d.Member)
	case OtherVersion:
		return fmt.Sprintf("%s runs %s, pinned is %s", d.Member, d.Have, d.Want)
	case NoDefinition:
		return "the task definition that runs does not exist any more"
	case BadDefinition:
		return "the task definition that runs cannot be read: " + d.Have
	case OtherFamily:
		return fmt.Sprintf("somebody else's deployment: the service runs task definition %s of another family than %s", d.Have, d.Want)
	case Foreign:
		return "somebody else's deployment: Tagboat did not register " + d.Have
	case Definition:
		return "the task definition differs from " + d.Have
	case Stopped:
		return fmt.Sprintf("the service was stopped after its first deployment failed; it wanted %s tasks", d.Want)
	default:
		return "the service differs from its file: " + d.Member + d.Have
	}
}

// Drifts returns where what runs is not what should; images are what the containers run.
func Drifts(d deploy.Desired, o deploy.Observed, images []tagboat.ImageState) []Drift {
	var all []Drift
	for _, i := range images {
		if i.Pinned == "" {
			all = append(all, Drift{Kind: NotPinned, Member: string(i.Container), Want: string(i.Image)})
		}
		if i.Running != "" && i.Pinned != "" && i.Running != i.Pinned {
			all = append(all, Drift{
				Kind: OtherVersion, Member: string(i.Container),
				Want: tagboat.Reference{Tag: i.Tag, Digest: i.Pinned}.Readable(),
				Have: tagboat.Reference{Tag: i.RunningTag, Digest: i.Running}.Readable(),
			})
		}
	}
	if drift, ok := definitionDrift(d, o); ok {
		all = append(all, drift)
	}
	if count := o.Stopped(); count != "" {
		all = append(all, Drift{Kind: Stopped, Want: count})
	}
	return append(all, serviceDrift(d, o)...)
}

// serviceDrift compares the service with its file.
func serviceDrift(d deploy.Desired, o deploy.Observed) []Drift {
	if d.ServiceDefinition == nil {
		return nil
	}
	var all []Drift
	members, problems := deploy.ServiceChanges(d, o)
	if len(members) > 0 {
		all = append(all, Drift{Kind: Service, Member: strings.Join(members, ", ")})
	}
	if set, remove, _ := taskdef.ServiceTags(*d.ServiceDefinition, o.Service.Tags); len(set)+len(remove) > 0 {
		all = append(all, Drift{Kind: Service, Member: "tags"})
	}
	for _, p := range problems {
		all = append(all, Drift{Kind: Service, Have: p.Message})
	}
	return all
}

// definitionDrift compares the task definition that runs with the wanted one, versions aside.
func definitionDrift(d deploy.Desired, o deploy.Observed) (Drift, bool) {
	if d.Definition.Empty() {
		return Drift{}, false // not every image is pinned: there is nothing to compare with
	}
	if o.Current == nil {
		return Drift{Kind: NoDefinition}, true
	}
	name := ecs.LastPart(o.Current.ARN)
	current, err := taskdef.FromJSON(o.Current.Record)
	switch {
	case err != nil:
		return Drift{Kind: BadDefinition, Have: err.Error()}, true
	case taskdef.Equal(d.Definition, current):
		return Drift{}, false
	case o.Current.Family != d.Definition.Family():
		return Drift{Kind: OtherFamily, Want: d.Definition.Family(), Have: name}, true
	case !ours(d, current):
		return Drift{Kind: Foreign, Have: name}, true
	default:
		return Drift{Kind: Definition, Have: name}, !taskdef.EqualButImages(d.Definition, current)
	}
}

// ours reports whether Tagboat registered the definition: its labels are on the containers
// that run our images.
func ours(d deploy.Desired, current taskdef.Definition) bool {
	for _, i := range d.Images {
		if current.Label(i.Container, taskdef.LabelImage) == "" {
			return false
		}
	}
	return true
}
