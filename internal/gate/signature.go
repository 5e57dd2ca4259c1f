package gate

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"path/filepath"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/registry"
	"github.com/tagboat/tagboat/internal/source"
)

// checkSignature asks for a signature by a key over the version's own digest. It takes no online
// service: neither transparency log nor certificate is looked at.
func checkSignature(ctx context.Context, keyFile string, version tagboat.Reference, look Evidence) (Result, error) {
	key, err := readKey(keyFile)
	if err != nil {
		return Result{}, err
	}
	all, err := look.Signatures(ctx, version)
	if err != nil {
		return Result{}, err
	}
	name := filepath.Base(keyFile)
	other := tagboat.Digest("")
	for _, s := range all {
		digest, err := verify(key, s)
		switch {
		case err != nil: // somebody else's, or none at all
		case digest == version.Digest:
			return Result{Gate: "signature", Passed: true, Reason: "it is signed by the key of " + name}, nil
		default:
			other = digest
		}
	}
	result := Result{Gate: "signature", Hint: "sign it: cosign sign --key KEY " + version.Pinned()}
	switch {
	case other != "":
		result.Reason = fmt.Sprintf("the signature beside it by the key of %s is for another version, %s", name, other.Short())
	case len(all) == 0:
		result.Reason = "nobody signed it"
	default:
		result.Reason = fmt.Sprintf("of the signatures beside it (%d) none is by the key of %s", len(all), name)
	}
	return result, nil
}

// verify returns the digest that a signature by the key is for.
func verify(key publicKey, s registry.Signature) (tagboat.Digest, error) {
	if !key.verify(s.Signed(), s.Signature) {
		return "", fmt.Errorf("the signature is not by this key")
	}
	if s.Type != "" {
		return parseStatement(s.Type, s.Payload)
	}
	return parsePayload(s.Payload)
}

// publicKey is a public key that signatures are checked with: ECDSA over P-256, which is what
// cosign generate-key-pair makes, or Ed25519.
type publicKey struct {
	public any // *ecdsa.PublicKey or ed25519.PublicKey
}

// readKey reads a public key in PEM. Its errors are of kind Usage.
func readKey(file string) (publicKey, error) {
	data, err := source.ReadFile(file)
	if err != nil {
		return publicKey{}, tagboat.Usagef("reading the public key %s: %w", file, err)
	}
	key, err := parseKey(data)
	if err != nil {
		return publicKey{}, tagboat.Usagef("%s: %w", file, err).WithHint("write the public key there: cosign public-key --key KEY > %s", file)
	}
	return key, nil
}

// parseKey reads a public key in PEM.
func parseKey(data []byte) (publicKey, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "PUBLIC KEY" {
		return publicKey{}, fmt.Errorf("it has no public key in PEM (-----BEGIN PUBLIC KEY-----)")
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return publicKey{}, fmt.Errorf("reading its public key: %w", err)
	}
	switch k := public.(type) {
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return publicKey{k}, nil
		}
	case ed25519.PublicKey:
		return publicKey{k}, nil
	}
	return publicKey{}, fmt.Errorf("its public key is neither ECDSA over P-256 nor Ed25519")
}

// verify reports whether the key signed message. ECDSA signs the SHA-256 of it, in ASN.1.
func (k publicKey) verify(message, signature []byte) bool {
	switch public := k.public.(type) {
	case *ecdsa.PublicKey:
		hash := sha256.Sum256(message)
		return ecdsa.VerifyASN1(public, hash[:], signature)
	case ed25519.PublicKey:
		return ed25519.Verify(public, message, signature)
	default:
		return false
	}
}

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

// parsePayload returns the digest that a payload is about. It says nothing of who signed
// the payload.
func parsePayload(data []byte) (tagboat.Digest, error) {
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

// statement is what cosign 3 signs, in the form of in-toto. Cosign writes such statements
// of many kinds; only one of them says "signed".
// https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
type statement struct {
	Predicate string `json:"predicateType"`
	Subject   []struct {
		Digest map[string]string `json:"digest"`
	} `json:"subject"`
}

const (
	statementType    = "application/vnd.in-toto+json"
	signingPredicate = "https://sigstore.dev/cosign/sign/v1"
)

// parseStatement returns the digest that the payload of an envelope is about. It says
// nothing of who signed the envelope.
func parseStatement(payloadType string, data []byte) (tagboat.Digest, error) {
	if payloadType != statementType {
		return "", fmt.Errorf("reading a signature's statement: its type is %q, not %q", payloadType, statementType)
	}
	var s statement
	if err := json.Unmarshal(data, &s); err != nil {
		return "", fmt.Errorf("reading a signature's statement: %w", err)
	}
	if s.Predicate != signingPredicate || len(s.Subject) != 1 {
		return "", fmt.Errorf("reading a signature's statement: it says %q of %d subjects, not %q of one", s.Predicate, len(s.Subject), signingPredicate)
	}
	digest, err := tagboat.ParseDigest("sha256:" + s.Subject[0].Digest["sha256"])
	if err != nil {
		return "", fmt.Errorf("reading a signature's statement: %w", err)
	}
	return digest, nil
}
