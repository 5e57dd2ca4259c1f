package ecr

import (
	"context"

	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// scanConfiguration says whether images are scanned as they are pushed.
type scanConfiguration struct {
	ScanOnPush bool `json:"scanOnPush"`
}

type putImageScanningConfiguration struct {
	target
	Scanning scanConfiguration `json:"imageScanningConfiguration"`
}

func (a *API) putImageScanningConfiguration(_ context.Context, r *wire.Request, in putImageScanningConfiguration) (putImageScanningConfiguration, error) {
	id, err := in.id(r)
	if err != nil {
		return in, err
	}
	_, err = a.UpdateRepository(id, func(s *registry.Settings) { s.ScanOnPush = in.Scanning.ScanOnPush })
	return putImageScanningConfiguration{targetOf(id), in.Scanning}, err
}
