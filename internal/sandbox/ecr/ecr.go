// Package ecr is Amazon ECR's API over the sandbox's registry: what it creates and
// puts, docker pulls from /v2/, and the other way round.
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/Welcome.html
//
// Members that are taken and not looked at: acceptedMediaTypes of BatchGetImage (the
// answer is always the bytes that were pushed; ECR may translate what is asked for by
// tag), force of SetRepositoryPolicy. Policies of repositories and lifecycles are
// kept and have no effect, and so have encryption settings. Every image is
// ACTIVE: nothing is archived.
//
// A call with a registryId goes to that account, in the caller's region; no policy
// stands in the way.
//
// What a scan found is said by a label of the image's config,
// tagboat.sandbox.scan="critical=1,high=2"; see DescribeImageScanFindings.
package ecr

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// API is ECR and, as an http.Handler for /v2/, its registry. It keeps the store's
// state with Save and Load.
type API struct {
	*registry.Handler
	*registry.Store
	clock  clock.Clock
	events Events
}

// New returns the API over a store, which tells events what happens in its repositories; nil is
// nobody.
func New(store *registry.Store, c clock.Clock, events Events) *API {
	a := &API{Handler: registry.NewHandler(store), Store: store, clock: c, events: events}
	if events != nil {
		store.OnPush(a.pushed)
		store.OnDelete(func(e registry.Event) { a.tell(e, "DELETE") })
	}
	return a
}

// Service returns the table of operations.
func (a *API) Service() wire.Service {
	return wire.Service{
		Name:     "ecr",
		Protocol: wire.JSON11,
		Target:   "AmazonEC2ContainerRegistry_V20150921.",
		Operations: map[string]wire.Operation{
			"BatchCheckLayerAvailability":   operation(a.batchCheckLayerAvailability),
			"BatchDeleteImage":              operation(a.batchDeleteImage),
			"BatchGetImage":                 operation(a.batchGetImage),
			"CompleteLayerUpload":           operation(a.completeLayerUpload),
			"CreateRepository":              operation(a.createRepository),
			"DeleteLifecyclePolicy":         operation(a.deleteLifecyclePolicy),
			"DeleteRepository":              operation(a.deleteRepository),
			"DeleteRepositoryPolicy":        operation(a.deleteRepositoryPolicy),
			"DescribeImageScanFindings":     operation(a.describeImageScanFindings),
			"DescribeImages":                operation(a.describeImages),
			"DescribeRepositories":          operation(a.describeRepositories),
			"GetAuthorizationToken":         operation(a.getAuthorizationToken),
			"GetDownloadUrlForLayer":        operation(a.getDownloadURLForLayer),
			"GetLifecyclePolicy":            operation(a.getLifecyclePolicy),
			"GetRepositoryPolicy":           operation(a.getRepositoryPolicy),
			"InitiateLayerUpload":           operation(a.initiateLayerUpload),
			"ListImages":                    operation(a.listImages),
			"ListTagsForResource":           operation(a.listTagsForResource),
			"PutImage":                      operation(a.putImage),
			"PutImageScanningConfiguration": operation(a.putImageScanningConfiguration),
			"PutImageTagMutability":         operation(a.putImageTagMutability),
			"PutLifecyclePolicy":            operation(a.putLifecyclePolicy),
			"SetRepositoryPolicy":           operation(a.setRepositoryPolicy),
			"StartImageScan":                operation(a.startImageScan),
			"TagResource":                   operation(a.tagResource),
			"UntagResource":                 operation(a.untagResource),
			"UploadLayerPart":               operation(a.uploadLayerPart),
		},
	}
}

// operation makes an Operation of a function whose errors may be the store's.
func operation[In, Out any](f func(context.Context, *wire.Request, In) (Out, error)) wire.Operation {
	return wire.OpRequest(func(ctx context.Context, r *wire.Request, in In) (Out, error) {
		out, err := f(ctx, r, in)
		return out, translate(err)
	})
}

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

// tokenLife is how long an authorization token is said to last.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
const tokenLife = 12 * time.Hour

type getAuthorizationTokenInput struct {
	RegistryIDs []string `json:"registryIds"`
}

type authorization struct {
	Token         string    `json:"authorizationToken"` // base64 of AWS:password
	ExpiresAt     wire.Time `json:"expiresAt"`
	ProxyEndpoint string    `json:"proxyEndpoint"`
}

type getAuthorizationTokenOutput struct {
	Data []authorization `json:"authorizationData"`
}

func (a *API) getAuthorizationToken(_ context.Context, r *wire.Request, in getAuthorizationTokenInput) (getAuthorizationTokenOutput, error) {
	var out getAuthorizationTokenOutput
	if len(in.RegistryIDs) == 0 {
		in.RegistryIDs = []string{r.Caller.Account}
	}
	expires := a.LoginsEnd(tokenLife)
	for _, registryID := range in.RegistryIDs {
		scope, err := registryScope(r, registryID)
		if err != nil {
			return out, err
		}
		login := "AWS:" + registry.Password(scope, expires)
		out.Data = append(out.Data, authorization{
			Token:         base64.StdEncoding.EncodeToString([]byte(login)),
			ExpiresAt:     wire.At(expires),
			ProxyEndpoint: "http://" + r.Host,
		})
	}
	return out, nil
}
