package ecr

import (
	"errors"
	"fmt"

	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// exceptions has ECR's name for each kind of the store's errors. The store's
// messages are ECR's already.
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/CommonErrors.html
var exceptions = map[registry.Kind]string{
	registry.NameInvalid:        "InvalidParameterException",
	registry.RepositoryUnknown:  "RepositoryNotFoundException",
	registry.RepositoryExists:   "RepositoryAlreadyExistsException",
	registry.RepositoryNotEmpty: "RepositoryNotEmptyException",
	registry.ManifestUnknown:    "ImageNotFoundException",
	registry.ManifestInvalid:    "InvalidParameterException",
	registry.LayersMissing:      "LayersNotFoundException",
	registry.ImagesMissing:      "ReferencedImagesNotFoundException",
	registry.BlobUnknown:        "LayersNotFoundException",
	registry.DigestInvalid:      "ImageDigestDoesNotMatchException",
	registry.TagInvalid:         "InvalidParameterException",
	registry.TagImmutable:       "ImageTagAlreadyExistsException",
	registry.TagMismatch:        "ImageNotFoundException",
	registry.TooManyTags:        "LimitExceededException",
	registry.UploadUnknown:      "UploadNotFoundException",
	registry.RangeInvalid:       "InvalidLayerPartException",
}

// translate words an error of the store as ECR does and leaves others alone.
func translate(err error) error {
	var e *registry.Error
	if !errors.As(err, &e) {
		return err
	}
	return wire.Errorf(exceptions[e.Kind], "%s", e.Message)
}

// invalid is how ECR words a parameter that breaks a rule.
func invalid(parameter, constraint string, args ...any) error {
	return wire.Errorf("InvalidParameterException", "Invalid parameter at '%s' failed to satisfy constraint: '%s'",
		parameter, fmt.Sprintf(constraint, args...))
}
