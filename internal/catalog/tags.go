package catalog

import (
	"context"

	"github.com/tagboat/tagboat"
)

// Tags returns the tags of an image, those of the newest versions first as far as the
// registry says when they were pushed.
func (c *Catalog) Tags(ctx context.Context, name tagboat.ImageName) ([]string, error) {
	image, err := c.Config.Image(string(name))
	if err != nil {
		return nil, err
	}
	r, err := c.open(ctx, image)
	if err != nil {
		return nil, err
	}
	var tags []string
	for _, i := range r.newest(len(r.listed)) {
		for _, tag := range r.listed[i].Tags {
			if tagboat.ValidTag(tag) {
				tags = append(tags, tag)
			}
		}
	}
	return tags, nil
}
