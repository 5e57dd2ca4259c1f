package app

import (
	"context"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/customresource"
)

// Resources answers CloudFormation's custom resources: those that read parameters by
// name where the credentials are, and those that read the pins of tagboat.yaml, which
// is read when the first such request comes. It makes no call.
func Resources(ctx context.Context, o Options) (*customresource.Handler, error) {
	aws, err := cloud.New(ctx, cloud.Options{UserAgent: "tagboat", Transport: o.Transport})
	if err != nil {
		return nil, err
	}
	return &customresource.Handler{Resources: map[string]customresource.Resource{
		customresource.ParseDictType: customresource.ParseDict{Parameters: aws.At(cloud.Place{}).Parameters()},
		customresource.PinsType:      customresource.Pins{Ledger: lateLedger{o}},
	}}, nil
}

var _ customresource.ParameterReader = (*cloud.Parameters)(nil)

// lateLedger reads tagboat.yaml when it is asked, so that a function without one can
// still read parameters.
type lateLedger struct{ options Options }

var _ customresource.PinReader = lateLedger{}

// Pinned implements customresource.PinReader.
func (l lateLedger) Pinned(ctx context.Context, env tagboat.EnvName, images []tagboat.ImageName) ([]tagboat.Pin, error) {
	a, err := Open(ctx, l.options)
	if err != nil {
		return nil, err
	}
	return a.Fleet.Pinned(ctx, env, images)
}
