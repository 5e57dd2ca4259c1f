package status

import (
	"fmt"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/deploy"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// drift says in words where what runs is not what should.
func drift(d deploy.Desired, o deploy.Observed, images []tagboat.ImageState) []string {
	var words []string
	for _, i := range images {
		if i.Pinned == "" {
			words = append(words, fmt.Sprintf("no version of image %s is pinned for container %s", i.Image, i.Container))
		}
		if i.Running != "" && i.Pinned != "" && i.Running != i.Pinned {
			words = append(words, fmt.Sprintf("%s runs %s, pinned is %s", i.Container, tagboat.Reference{Tag: i.RunningTag, Digest: i.Running}.Readable(), tagboat.Reference{Tag: i.Tag, Digest: i.Pinned}.Readable()))
		}
	}
	words = append(words, definitionDrift(d, o)...)
	if count := o.Stopped(); count != "" {
		words = append(words, fmt.Sprintf("the service was stopped after its first deployment failed; it wanted %s tasks", count))
	}
	if d.ServiceDefinition != nil {
		members, problems := deploy.ServiceChanges(d, o)
		if len(members) > 0 {
			words = append(words, "the service differs from its file: "+strings.Join(members, ", "))
		}
		if set, remove, _ := taskdef.ServiceTags(*d.ServiceDefinition, o.Service.Tags); len(set)+len(remove) > 0 {
			words = append(words, "the service differs from its file: tags")
		}
		for _, p := range problems {
			words = append(words, "the service differs from its file: "+p.Message)
		}
	}
	return words
}

func definitionDrift(d deploy.Desired, o deploy.Observed) []string {
	if d.Definition.Empty() {
		return nil // not every image is pinned: there is nothing to compare with
	}
	if o.Current == nil {
		return []string{"the task definition that runs does not exist any more"}
	}
	current, err := taskdef.FromJSON(o.Current.Record)
	switch {
	case err != nil:
		return []string{"the task definition that runs cannot be read: " + err.Error()}
	case taskdef.Equal(d.Definition, current):
		return nil
	case o.Current.Family != d.Definition.Family():
		return []string{fmt.Sprintf("somebody else's deployment: the service runs task definition %s of another family than %s", ecs.LastPart(o.Current.ARN), d.Definition.Family())}
	case ours(d, current) && taskdef.EqualButImages(d.Definition, current):
		return nil
	case !ours(d, current):
		return []string{fmt.Sprintf("somebody else's deployment: Tagboat did not register %s", ecs.LastPart(o.Current.ARN))}
	default:
		return []string{fmt.Sprintf("the task definition differs from %s", ecs.LastPart(o.Current.ARN))}
	}
}

// ours tells whether Tagboat registered the definition: its labels are on the
// containers that run our images.
func ours(d deploy.Desired, current taskdef.Definition) bool {
	for _, i := range d.Images {
		if current.Label(i.Container, taskdef.LabelImage) == "" {
			return false
		}
	}
	return true
}
