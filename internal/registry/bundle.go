package registry

import (
	"encoding/json"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Sigstore's bundles: what cosign 3 writes, as artifacts that refer to the image.
// https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md
const (
	bundleType         = "application/vnd.dev.sigstore.bundle" // and a version
	bundlePredicate    = "dev.sigstore.bundle.predicateType"   // annotation: what the statement inside is
	signaturePredicate = "https://sigstore.dev/cosign/sign/v1"
)

// isBundle tells whether an artifact may be a bundle with a signature. Bundles of other
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
