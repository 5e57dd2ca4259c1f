package catalog

import (
	"context"
	"slices"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
)

// Versions returns what a repository has of an image, the newest first. The newest of them are
// looked at, so many as looked, which tells their commits; of the others only what a list tells
// is known.
func (c *Catalog) Versions(ctx context.Context, image config.Image, looked int) ([]tagboat.ImageVersion, error) {
	s, err := c.open(ctx, image)
	if err != nil {
		return nil, err
	}
	order := s.newest(len(s.listed))
	s.fillIn(ctx, order[:min(looked, len(order))], looked)
	versions := make([]tagboat.ImageVersion, len(order))
	for n, i := range order {
		versions[n] = s.row(i)
	}
	return versions, nil
}

// Choice is what a rule makes of the newest version of an image.
type Choice struct {
	Newest  tagboat.ImageVersion   // without a digest where the registry does not list it; the zero value for none
	Rule    string                 // "" where the image has none
	Chosen  *tagboat.ChosenVersion // nil where the rule chooses nothing
	Skipped string                 // why the rule does not count the newest; "" where it does
}

// Choice returns the newest version of an image, and what its rule chooses.
func (c *Catalog) Choice(ctx context.Context, image config.Image) (Choice, error) {
	s, err := c.open(ctx, image)
	if err != nil {
		return Choice{}, err
	}
	var choice Choice
	images := slices.DeleteFunc(s.newest(len(s.listed)), func(i int) bool { return len(s.listed[i].Tags) == 0 })
	if len(images) > 0 {
		s.fillIn(ctx, images[:1], 1)
		choice.Newest = s.row(images[0])
	}
	if image.Select.Empty() {
		return choice, nil
	}
	choice.Rule = image.Select.String()
	all, err := s.choose(ctx, image.Select)
	if err != nil {
		return choice, err
	}
	choice.Chosen = winner(all)
	for _, v := range all.Skipped {
		if v.Digest == choice.Newest.Digest && v.Tag != "" {
			choice.Skipped = v.Readable() + " " + v.Skipped
		}
	}
	for _, v := range all.Accepted {
		if v.Digest == choice.Newest.Digest {
			choice.Skipped = ""
		}
	}
	return choice, nil
}
