package deploy

import (
	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/taskdef"
)

// withPrevious says of each image which version the task definition named that a plan
// replaces. A definition that names no digest leaves that open.
func withPrevious(images []tagboat.ImageState, p Plan) []tagboat.ImageState {
	if p.Observed.Current == nil || !p.Changes() {
		return images
	}
	replaced, err := taskdef.FromJSON(p.Observed.Current.Record)
	if err != nil {
		return images // it is told for people's sake, and decides nothing
	}
	digests := replaced.Digests()
	for i, image := range images {
		if digest := digests[image.Container]; digest != "" {
			images[i].Previous, images[i].PreviousTag = digest, replaced.Label(image.Container, taskdef.LabelTag)
		}
	}
	return images
}
