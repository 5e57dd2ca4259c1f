package gate

import (
	"encoding/json"
	"fmt"

	"github.com/tagboat/tagboat"
)

// payload is what cosign signs, in the form called simple signing.
// https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
// https://www.redhat.com/en/blog/container-image-signing
type payload struct {
	Critical struct {
		Type  string `json:"type"`
		Image struct {
			Digest string `json:"docker-manifest-digest"`
		} `json:"image"`
	} `json:"critical"`
}

const payloadType = "cosign container image signature"

// ParsePayload returns the digest that a payload is about. It says nothing of who signed
// the payload.
func ParsePayload(data []byte) (tagboat.Digest, error) {
	var p payload
	if err := json.Unmarshal(data, &p); err != nil {
		return "", fmt.Errorf("reading a signature's payload: %w", err)
	}
	if p.Critical.Type != payloadType {
		return "", fmt.Errorf("reading a signature's payload: its type is %q, not %q", p.Critical.Type, payloadType)
	}
	digest, err := tagboat.ParseDigest(p.Critical.Image.Digest)
	if err != nil {
		return "", fmt.Errorf("reading a signature's payload: %w", err)
	}
	return digest, nil
}
