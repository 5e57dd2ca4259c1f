package catalog

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/selection"
)

// Whereabouts says where versions are wanted and where they run.
type Whereabouts interface {
	// Pinned returns where an image is pinned to which version.
	Pinned(ctx context.Context, image tagboat.ImageName) (map[tagboat.EnvName]tagboat.Digest, error)
	// Running returns where each version of an image runs.
	Running(ctx context.Context, image tagboat.ImageName) (map[tagboat.Digest][]tagboat.EnvName, error)
}

// Images shows what there is of images, and what their rules make of it.
type Images struct {
	*Catalog
	Whereabouts Whereabouts
}

// ImagesRequest says what to show of an image.
type ImagesRequest struct {
	Image tagboat.ImageName
	Limit int  // how many versions; 0 for all
	Why   bool // what the rule says of every tag, and no versions
	// Backtest is another rule to replay over the history since a time ago; the empty one
	// replays none.
	Backtest selection.Rule
	Since    time.Duration
}

// One shows the versions of an image, and what its rule makes of them.
func (c Images) One(ctx context.Context, r ImagesRequest) (tagboat.ImagesDocument, error) {
	image, err := c.Config.Image(string(r.Image))
	if err != nil {
		return tagboat.ImagesDocument{}, err
	}
	s, err := c.open(ctx, image)
	if err != nil {
		return tagboat.ImagesDocument{}, err
	}
	document := tagboat.ImagesDocument{
		Image: image.Name, Repository: image.Repository.Name(), Total: len(s.listed),
		Versions: []tagboat.ImageVersion{}, Tags: []tagboat.TagVerdict{}, Backtest: []tagboat.RuleChange{},
	}
	if !r.Backtest.Empty() {
		document.Rule = r.Backtest.String()
		document.Backtest, err = s.backtest(ctx, r)
		return document, err
	}
	if err := s.explainRule(ctx, image, r.Why, &document); err != nil {
		return document, err
	}
	if r.Why {
		return document, nil
	}
	document.Versions, err = c.versions(ctx, s, image, r.Limit)
	return document, err
}

// explainRule fills in what the rule chooses, and with why, what it says of each tag.
func (s *repository) explainRule(ctx context.Context, image config.Image, why bool, document *tagboat.ImagesDocument) error {
	if image.Select.Empty() {
		return nil
	}
	document.Rule = image.Select.String()
	choice, err := s.choose(ctx, image.Select)
	if err != nil {
		return err
	}
	document.Chosen = winner(choice)
	if why {
		document.Tags = make([]tagboat.TagVerdict, 0, len(s.candidates))
		for _, v := range slices.Concat(choice.Accepted, choice.Skipped) {
			if v.Tag == "" && !image.Select.Untagged {
				continue // such as an index's images
			}
			document.Tags = append(document.Tags, tagboat.TagVerdict{
				Tag: v.Tag, Digest: v.Digest, Accepted: v.Skipped == "", Key: v.Key, Reason: v.Skipped,
			})
		}
	}
	return nil
}

func winner(choice selection.Choice) *tagboat.ChosenVersion {
	v, ok := choice.Chosen()
	if !ok {
		return nil
	}
	return &tagboat.ChosenVersion{Tag: v.Tag, Digest: v.Digest, Decided: choice.Decided}
}

// backtest replays a rule, looking at whatever it needs to know.
func (s *repository) backtest(ctx context.Context, r ImagesRequest) ([]tagboat.RuleChange, error) {
	for {
		changes, needs := r.Backtest.Backtest(s.candidates, s.now.Add(-r.Since), s.now)
		if len(needs) > 0 {
			if err := s.lookAt(ctx, needs); err != nil {
				return nil, err
			}
			continue
		}
		document := []tagboat.RuleChange{}
		for _, c := range changes {
			document = append(document, tagboat.RuleChange{At: c.At.UTC(), Tag: c.Chosen.Tag, Digest: c.Chosen.Digest, Why: c.Why})
		}
		return document, nil
	}
}

// All tells of every image what its rule chooses. What cannot be told of one does
// not keep the others back.
func (c Images) All(ctx context.Context) tagboat.ImagesOverview {
	overview := tagboat.ImagesOverview{Images: []tagboat.ImageSummary{}}
	for _, name := range slices.Sorted(maps.Keys(c.Config.Images)) {
		image := c.Config.Images[name]
		summary := tagboat.ImageSummary{Image: name, Repository: image.Repository.Name()}
		if err := c.summarize(ctx, image, &summary); err != nil {
			summary.Problem = err.Error()
		}
		overview.Images = append(overview.Images, summary)
	}
	return overview
}

func (c Images) summarize(ctx context.Context, image config.Image, summary *tagboat.ImageSummary) error {
	s, err := c.open(ctx, image)
	if err != nil {
		return err
	}
	summary.Total = len(s.listed)
	if image.Select.Empty() {
		return nil
	}
	summary.Rule = image.Select.String()
	choice, err := s.choose(ctx, image.Select)
	if err != nil {
		return err
	}
	if summary.Chosen = winner(choice); summary.Chosen == nil {
		return fmt.Errorf("no version fits the rule")
	}
	return nil
}
