package app

import (
	"context"
	"errors"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/cloudformation"
	"github.com/tagboat/tagboat/internal/ledger"
)

// Resources answers CloudFormation's custom resources: those that read parameters by
// name where the credentials are, and those that read the pins of tagboat.yaml, which
// is read when the first such request comes. It makes no call.
func Resources(ctx context.Context, o Options) (*cloudformation.Handler, error) {
	aws, err := cloud.New(ctx, cloud.Options{UserAgent: "tagboat", Transport: o.Transport})
	if err != nil {
		return nil, err
	}
	return &cloudformation.Handler{Resources: map[string]cloudformation.Resource{
		cloudformation.ParseDictType: cloudformation.ParseDict{Parameters: aws.At(cloud.Place{}).Parameters()},
		cloudformation.PinsType:      cloudformation.Pins{Ledger: lateLedger{o}},
	}}, nil
}

var _ cloudformation.ParameterReader = (*cloud.Parameters)(nil)

// lateLedger reads tagboat.yaml when it is asked, so that a function without one can
// still read parameters.
type lateLedger struct{ options Options }

var _ cloudformation.PinReader = lateLedger{}

// Pinned implements cloudformation.PinReader.
func (l lateLedger) Pinned(ctx context.Context, env tagboat.EnvName, images []tagboat.ImageName) ([]tagboat.Pin, error) {
	a, err := Open(ctx, l.options)
	if err != nil {
		return nil, err
	}
	return a.Pinned(ctx, env, images)
}

// Pinned returns the pins of images in an environment, in the order asked for; of all
// images that are pinned, by name, where none is asked for. What is unknown or not
// pinned is an error of kind Usage. It costs one call for ten parameters.
func (a *App) Pinned(ctx context.Context, name tagboat.EnvName, images []tagboat.ImageName) ([]tagboat.Pin, error) {
	environments, err := a.environments(Selection{Environments: []tagboat.EnvName{name}})
	if err != nil {
		return nil, err
	}
	var unknown []error
	for _, image := range images {
		_, err := a.config.Image(string(image))
		unknown = append(unknown, err)
	}
	if err := errors.Join(unknown...); err != nil {
		return nil, err
	}
	books, err := a.books(ctx, environments)
	if err != nil {
		return nil, err
	}
	if len(images) == 0 {
		return books[name].Pins(name), nil
	}
	return chosen(books[name], name, images)
}

func chosen(book ledger.Book, env tagboat.EnvName, images []tagboat.ImageName) ([]tagboat.Pin, error) {
	pins := make([]tagboat.Pin, len(images))
	var missing []error
	for i, image := range images {
		pin, ok := book.Pin(env, image)
		if !ok {
			missing = append(missing, tagboat.Usagef("no version of the image %s is pinned in %s", image, env).
				WithHint("tagboat pin %s=TAG --env %s", image, env))
		}
		pins[i] = pin
	}
	return pins, errors.Join(missing...)
}
