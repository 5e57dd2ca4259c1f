package gate

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

// Key is a public key that signatures are checked with: ECDSA over P-256, which is what
// cosign generate-key-pair makes, or Ed25519.
type Key struct {
	public any // *ecdsa.PublicKey or ed25519.PublicKey
}

// ReadKey reads a public key in PEM. Its errors are of kind Usage.
func ReadKey(file string) (Key, error) {
	data, err := source.ReadFile(file)
	if err != nil {
		return Key{}, tagboat.Usagef("reading the public key %s: %w", file, err)
	}
	key, err := ParseKey(data)
	if err != nil {
		return Key{}, tagboat.Usagef("%s: %w", file, err).WithHint("write the public key there: cosign public-key --key KEY > %s", file)
	}
	return key, nil
}

// ParseKey reads a public key in PEM.
func ParseKey(data []byte) (Key, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "PUBLIC KEY" {
		return Key{}, fmt.Errorf("it has no public key in PEM (-----BEGIN PUBLIC KEY-----)")
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return Key{}, fmt.Errorf("reading its public key: %w", err)
	}
	switch k := public.(type) {
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return Key{k}, nil
		}
	case ed25519.PublicKey:
		return Key{k}, nil
	}
	return Key{}, fmt.Errorf("its public key is neither ECDSA over P-256 nor Ed25519")
}

// verify tells whether the key signed message. ECDSA signs the SHA-256 of it, in ASN.1.
func (k Key) verify(message, signature []byte) bool {
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
