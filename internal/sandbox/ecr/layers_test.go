package ecr_test

import (
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/registry"
)

func TestLayerUpload(t *testing.T) {
	b := newBox(t)
	ctx := t.Context()
	app := b.create("app", func(in *ecr.CreateRepositoryInput) { in.RegistryId = aws.String("222222222222") })
	content := []byte("a layer in two parts")
	digest := string(registry.DigestOf(content))
	begun := expect.Value(b.InitiateLayerUpload(ctx, &ecr.InitiateLayerUploadInput{RegistryId: app.RegistryId, RepositoryName: app.RepositoryName}))(t)
	part := func(first, last int) error {
		out, err := b.UploadLayerPart(ctx, &ecr.UploadLayerPartInput{RegistryId: app.RegistryId, RepositoryName: app.RepositoryName, UploadId: begun.UploadId,
			LayerPartBlob: content[first : last+1], PartFirstByte: aws.Int64(int64(first)), PartLastByte: aws.Int64(int64(last))})
		if err == nil && *out.LastByteReceived != int64(last) {
			t.Errorf("last byte received %d, want %d", *out.LastByteReceived, last)
		}
		return err
	}
	complete := func() error {
		_, err := b.CompleteLayerUpload(ctx, &ecr.CompleteLayerUploadInput{RegistryId: app.RegistryId, RepositoryName: app.RepositoryName,
			UploadId: begun.UploadId, LayerDigests: []string{digest}})
		return err
	}
	wantError(t, complete(), "EmptyUploadException", "")
	expect.OK(t, part(0, 6))
	var gap *types.InvalidLayerPartException
	if err := part(9, 10); !errors.As(err, &gap) || *gap.LastValidByteReceived != 6 {
		t.Errorf("a gap gave %v", err)
	}
	expect.OK(t, part(7, len(content)-1))
	expect.OK(t, complete())
	wantError(t, complete(), "UploadNotFoundException", "")
	checked := expect.Value(b.BatchCheckLayerAvailability(ctx, &ecr.BatchCheckLayerAvailabilityInput{RegistryId: app.RegistryId, RepositoryName: app.RepositoryName,
		LayerDigests: []string{digest, string(registry.DigestOf(nil)), "sha256:1"}}))(t)
	if len(checked.Layers) != 2 || checked.Layers[0].LayerAvailability != types.LayerAvailabilityAvailable ||
		*checked.Layers[0].LayerSize != int64(len(content)) ||
		checked.Layers[1].LayerAvailability != types.LayerAvailabilityUnavailable || len(checked.Failures) != 1 {
		t.Errorf("layers %v, failures %v", checked.Layers, checked.Failures)
	}
	b.create("app") // of the same name at home: the URL must not lead there
	url := expect.Value(b.GetDownloadUrlForLayer(ctx, &ecr.GetDownloadUrlForLayerInput{RegistryId: app.RegistryId, RepositoryName: app.RepositoryName, LayerDigest: &digest}))(t)
	response := expect.Value(http.Get(*url.DownloadUrl))(t)
	defer response.Body.Close()
	if got, err := io.ReadAll(response.Body); err != nil || string(got) != string(content) {
		t.Errorf("%s gave %q, %v", *url.DownloadUrl, got, err)
	}
	_, err := b.GetDownloadUrlForLayer(ctx, &ecr.GetDownloadUrlForLayerInput{RepositoryName: aws.String("app"), LayerDigest: &digest})
	wantError(t, err, "LayersNotFoundException", "")
}
