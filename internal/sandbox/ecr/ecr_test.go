package ecr_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
	fake "github.com/tagboat/tagboat/internal/sandbox/ecr"
	"github.com/tagboat/tagboat/internal/sandbox/registry"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

const account = "111111111111"

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// box is ECR and its registry on a loopback port, and a client in the account.
type box struct {
	*ecr.Client
	t     *testing.T
	clock *clock.Manual
	url   string
	host  string
}

func newBox(t *testing.T) *box {
	t.Helper()
	now := clock.NewManual(start)
	store := expect.Value(registry.Open(registry.Options{Clock: now, Scope: wire.Scope{Account: account, Region: "eu-west-1"}}))(t)
	handler := expect.Value(sandbox.New(sandbox.Config{
		Account: account, Region: "eu-west-1", Clock: now,
		Modules: []sandbox.Module{fake.New(store, now, nil)},
	}))(t)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	b := &box{t: t, clock: now, url: server.URL, host: strings.TrimPrefix(server.URL, "http://")}
	b.Client = b.client("eu-west-1")
	return b
}

func (b *box) client(region string) *ecr.Client {
	return ecr.New(ecr.Options{
		Region:           region,
		BaseEndpoint:     aws.String(b.url),
		Credentials:      credentials.NewStaticCredentialsProvider("sandbox", "sandbox", ""),
		RetryMaxAttempts: 1,
	})
}

// create makes a repository.
func (b *box) create(repository string, change ...func(*ecr.CreateRepositoryInput)) *types.Repository {
	b.t.Helper()
	in := &ecr.CreateRepositoryInput{RepositoryName: &repository}
	for _, c := range change {
		c(in)
	}
	out := expect.Value(b.CreateRepository(b.t.Context(), in))(b.t)
	return out.Repository
}

func (b *box) ref(reference string) name.Reference {
	b.t.Helper()
	ref := expect.Value(name.ParseReference(b.host + "/" + reference))(b.t)
	return ref
}

// push pushes an image as docker does and returns its digest.
func (b *box) push(reference string, image v1.Image) string {
	b.t.Helper()
	if err := remote.Write(b.ref(reference), image); err != nil {
		b.t.Fatalf("pushing %s: %v", reference, err)
	}
	return digestOf(b.t, image)
}

func digestOf(t *testing.T, image interface{ Digest() (v1.Hash, error) }) string {
	t.Helper()
	digest := expect.Value(image.Digest())(t)
	return digest.String()
}

func randomImage(t *testing.T) v1.Image {
	t.Helper()
	image := expect.Value(random.Image(1024, 2))(t)
	return image
}

func labelled(t *testing.T, label, value string) v1.Image {
	t.Helper()
	image := expect.Value(mutate.Config(randomImage(t), v1.Config{Labels: map[string]string{label: value}}))(t)
	return image
}

// manifest returns the bytes that PutImage takes.
func manifest(t *testing.T, image interface{ RawManifest() ([]byte, error) }) *string {
	t.Helper()
	raw := expect.Value(image.RawManifest())(t)
	return aws.String(string(raw))
}

// wantError checks an exception by its code and, unless it is "", its message.
func wantError(t *testing.T, err error, code, message string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code {
		t.Fatalf("error %v, want %s", err, code)
	}
	if message != "" && e.ErrorMessage() != message {
		t.Errorf("message\n%s\nwant\n%s", e.ErrorMessage(), message)
	}
}

func tagID(tag string) types.ImageIdentifier { return types.ImageIdentifier{ImageTag: &tag} }

func digestID(digest string) types.ImageIdentifier {
	return types.ImageIdentifier{ImageDigest: &digest}
}

func (b *box) describe(repository string, ids ...types.ImageIdentifier) []types.ImageDetail {
	b.t.Helper()
	out := expect.Value(b.DescribeImages(context.Background(), &ecr.DescribeImagesInput{RepositoryName: &repository, ImageIds: ids}))(b.t)
	return out.ImageDetails
}
