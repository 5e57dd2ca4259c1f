package registry

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/tagboat/tagboat"
)

// Signature is what cosign put beside an image: a payload, and a signature that somebody
// has to check.
// https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
type Signature struct {
	// Type is that of the payload in an envelope, such as application/vnd.in-toto+json; ""
	// is simple signing, which has no envelope.
	Type      string
	Payload   []byte
	Signature []byte
}

// Signed returns what the signature is over.
func (s Signature) Signed() []byte {
	if s.Type == "" {
		return s.Payload
	}
	return encloses(s.Type, s.Payload)
}

const (
	simpleSigning  = "application/vnd.dev.cosign.simplesigning.v1+json"
	signatureKey   = "dev.cosignproject.cosign/signature" // annotation of the payload's layer
	signatureType  = "application/vnd.dev.cosign.artifact.sig.v1+json"
	maxPayload     = 64 << 10
	maxSignatures  = 100
	maxAttachments = 20
)

// Signatures returns the signatures that lie beside a version, which ref names by its
// digest: those under cosign's tag, and those that refer to the version. What cannot be
// read as one is left out. None is no error.
func (c *Client) Signatures(ctx context.Context, version tagboat.Reference) ([]Signature, error) {
	return within(ctx, c.limits, version.Host, func(ctx context.Context) ([]Signature, error) { return c.signatures(ctx, version) })
}

func (c *Client) signatures(ctx context.Context, version tagboat.Reference) ([]Signature, error) {
	repo, err := repositoryOf(version)
	if err != nil {
		return nil, err
	}
	attached := []name.Reference{repo.Tag("sha256-" + version.Digest.Hex() + ".sig")}
	referring, err := c.referring(ctx, repo.Digest(string(version.Digest)))
	if err != nil {
		return nil, wrapError("looking for signatures of", version, err)
	}
	var all []Signature
	for _, ref := range append(attached, referring...) {
		found, err := c.signaturesIn(ctx, ref)
		if err != nil {
			return nil, wrapError("reading the signatures of", version, err)
		}
		all = append(all, found...)
	}
	return all, nil
}

// referring returns cosign's artifacts whose subject is d.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
func (c *Client) referring(ctx context.Context, d name.Digest) ([]name.Reference, error) {
	index, err := remote.Referrers(d, remote.WithContext(ctx), remote.Reuse(c.puller))
	if isNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	var refs []name.Reference
	for _, found := range list.Manifests {
		if len(refs) < maxAttachments && (found.ArtifactType == signatureType || isBundle(found)) {
			refs = append(refs, d.Context().Digest(found.Digest.String()))
		}
	}
	return refs, nil
}

// signaturesIn reads an image whose layers are payloads, or bundles of them.
func (c *Client) signaturesIn(ctx context.Context, ref name.Reference) ([]Signature, error) {
	got, err := c.fetch(ctx, ref)
	if isNotFound(err) {
		return nil, nil
	}
	if err != nil || got.image == nil {
		return nil, err
	}
	var all []Signature
	for _, layer := range got.image.Layers[:min(len(got.image.Layers), maxSignatures)] {
		if layer.Size > maxPayload || layer.MediaType != simpleSigning && !strings.HasPrefix(string(layer.MediaType), bundleType) {
			continue
		}
		payload, err := c.blob(ctx, ref.Context(), layer, maxPayload)
		if err != nil {
			return nil, err
		}
		if layer.MediaType != simpleSigning {
			all = append(all, parseBundle(payload)...)
			continue
		}
		if signature, err := base64.StdEncoding.DecodeString(layer.Annotations[signatureKey]); err == nil {
			all = append(all, Signature{Payload: payload, Signature: signature})
		}
	}
	return all, nil
}

// Sigstore's bundles: what cosign 3 writes, as artifacts that refer to the image.
// https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md
const (
	bundleType         = "application/vnd.dev.sigstore.bundle" // and a version
	bundlePredicate    = "dev.sigstore.bundle.predicateType"   // annotation: what the statement inside is
	signaturePredicate = "https://sigstore.dev/cosign/sign/v1"
)

// isBundle reports whether an artifact may be a bundle with a signature. Bundles of other
// statements, such as lists of materials, mostly say so.
func isBundle(d v1.Descriptor) bool {
	predicate := d.Annotations[bundlePredicate]
	return len(d.ArtifactType) >= len(bundleType) && d.ArtifactType[:len(bundleType)] == bundleType &&
		(predicate == "" || predicate == signaturePredicate)
}

// bundle is the part of a bundle that holds a statement in an envelope. The certificates
// and the log's entries beside it are not looked at.
// https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto
type bundle struct {
	Envelope struct {
		Type       string `json:"payloadType"`
		Payload    []byte `json:"payload"`
		Signatures []struct {
			Signature []byte `json:"sig"`
		} `json:"signatures"`
	} `json:"dsseEnvelope"`
}

// parseBundle returns the signatures of a bundle's envelope; none where it has no envelope
// or is no bundle.
func parseBundle(data []byte) []Signature {
	var b bundle
	if json.Unmarshal(data, &b) != nil || b.Envelope.Type == "" {
		return nil
	}
	var all []Signature
	for _, s := range b.Envelope.Signatures {
		all = append(all, Signature{Type: b.Envelope.Type, Payload: b.Envelope.Payload, Signature: s.Signature})
	}
	return all
}

// encloses returns what is signed of a payload in an envelope: its type counts too.
// https://github.com/secure-systems-lab/dsse/blob/master/protocol.md#signature-definition
func encloses(payloadType string, payload []byte) []byte {
	return fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(payloadType), payloadType, len(payload), payload)
}
