package registry_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/registry"
)

const bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json"

// rawManifest is a manifest as it is.
type rawManifest []byte

func (m rawManifest) RawManifest() ([]byte, error)        { return m, nil }
func (m rawManifest) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }

// attach pushes a bundle that refers to an image, as cosign 3 does.
func (s *server) attach(t *testing.T, subject name.Digest, bundle, predicate string) {
	t.Helper()
	head := expect.Value(remote.Head(subject))(t)
	manifest := v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1,
		Config: s.blob(t, subject.Context(), "{}", "application/vnd.oci.empty.v1+json"),
		Layers: []v1.Descriptor{s.blob(t, subject.Context(), bundle, bundleType)}, Subject: head,
		Annotations: map[string]string{"dev.sigstore.bundle.content": "dsse-envelope", "dev.sigstore.bundle.predicateType": predicate},
	}
	data := expect.Value(json.Marshal(struct {
		v1.Manifest
		ArtifactType string `json:"artifactType"`
	}{manifest, bundleType}))(t)
	hash, _, err := v1.SHA256(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	expect.OK(t, remote.Put(subject.Context().Digest(hash.String()), rawManifest(data)))
}

func (s *server) blob(t *testing.T, repo name.Repository, content string, mediaType types.MediaType) v1.Descriptor {
	t.Helper()
	layer := static.NewLayer([]byte(content), mediaType)
	expect.OK(t, remote.WriteLayer(repo, layer))
	digest := expect.Value(layer.Digest())(t)
	return v1.Descriptor{MediaType: mediaType, Digest: digest, Size: int64(len(content))}
}

func TestBundlesThatRefer(t *testing.T) {
	s := serve(t)
	digest := s.push(t, "shop/api:1.0", image(t, "amd64", nil))
	version := s.ref(t, "shop/api@"+string(digest))
	subject := expect.Value(name.NewDigest(version.Pinned()))(t)
	const sign = "https://sigstore.dev/cosign/sign/v1"
	s.attach(t, subject, `{"mediaType":"`+bundleType+`","dsseEnvelope":{"payload":"c3RhdGVtZW50","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"c2ln"}]}}`, sign)
	s.attach(t, subject, `{"mediaType":"`+bundleType+`","messageSignature":{"signature":"c2ln"}}`, sign)
	s.attach(t, subject, `{"half`, sign)
	s.attach(t, subject, `{"mediaType":"`+bundleType+`","dsseEnvelope":{"payload":"Ym9t","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"c2ln"}]}}`, "https://cyclonedx.org/bom")
	got, err := client(t, nil).Signatures(t.Context(), version)
	want := []registry.Signature{{Type: "application/vnd.in-toto+json", Payload: []byte("statement"), Signature: []byte("sig")}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
