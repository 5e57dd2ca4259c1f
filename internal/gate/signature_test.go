package gate_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/gate"
	"github.com/tagboat/tagboat/internal/registry"
)

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key := expect.Value(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	return key
}

func publicPEM(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	der := expect.Value(x509.MarshalPKIXPublicKey(key.Public()))(t)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func keyFile(t *testing.T, key crypto.Signer) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "prod.pub")
	expect.OK(t, os.WriteFile(file, publicPEM(t, key), 0o600))
	return file
}

func payload(digest tagboat.Digest) []byte {
	return fmt.Appendf(nil, `{"critical":{"identity":{"docker-reference":"reg.example/api"},"image":{"docker-manifest-digest":"%s"},`+
		`"type":"cosign container image signature"},"optional":{"a":"b"}}`, digest)
}

// sign signs as cosign does: Ed25519 the message, others its SHA-256.
func sign(t *testing.T, key crypto.Signer, message []byte) registry.Signature {
	t.Helper()
	signed, options := message, crypto.SignerOpts(crypto.Hash(0))
	if _, pure := key.(ed25519.PrivateKey); !pure {
		hash := sha256.Sum256(message)
		signed, options = hash[:], crypto.SHA256
	}
	signature := expect.Value(key.Sign(rand.Reader, signed, options))(t)
	return registry.Signature{Payload: message, Signature: signature}
}

func statement(predicate string, digest tagboat.Digest) []byte {
	return fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"%s"}}],"predicateType":"%s","predicate":{}}`,
		digest.Hex(), predicate)
}

const signing = "https://sigstore.dev/cosign/sign/v1"

// seal signs a payload in an envelope, as cosign 3 does.
func seal(t *testing.T, key crypto.Signer, payloadType string, payload []byte) registry.Signature {
	t.Helper()
	sealed := registry.Signature{Type: payloadType, Payload: payload}
	// https://github.com/secure-systems-lab/dsse/blob/master/protocol.md has this example.
	if got := string(registry.Signature{Type: "http://example.com/HelloWorld", Payload: []byte("hello world")}.Signed()); got !=
		"DSSEv1 29 http://example.com/HelloWorld 11 hello world" {
		t.Fatalf("an envelope is signed as %q", got)
	}
	sealed.Signature = sign(t, key, sealed.Signed()).Signature
	return sealed
}

func TestSignature(t *testing.T) {
	const inToto = "application/vnd.in-toto+json"
	ours, theirs := newKey(t), newKey(t)
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	forged := sign(t, ours, payload(one))
	forged.Payload = payload(index)
	for _, tc := range []struct {
		name       string
		key        crypto.Signer
		signatures []registry.Signature
		passed     bool
		reason     string
	}{
		{"ours", ours, []registry.Signature{sign(t, ours, payload(index))}, true, "it is signed by the key of prod.pub"},
		{"ours among others", ours, []registry.Signature{sign(t, theirs, payload(index)), {}, sign(t, ours, payload(one)), sign(t, ours, payload(index))}, true, "it is signed by the key of prod.pub"},
		{"Ed25519", edwards, []registry.Signature{sign(t, edwards, payload(index))}, true, "it is signed by the key of prod.pub"},
		{"ours in an envelope", ours, []registry.Signature{seal(t, ours, inToto, statement(signing, index))}, true, "it is signed by the key of prod.pub"},
		{"theirs in an envelope", ours, []registry.Signature{seal(t, theirs, inToto, statement(signing, index))}, false, "of the signatures beside it (1) none is by the key of prod.pub"},
		{"ours in an envelope, over another version", ours, []registry.Signature{seal(t, ours, inToto, statement(signing, one))}, false, "the signature beside it by the key of prod.pub is for another version, 111111111111"},
		{"ours over a list of materials", ours, []registry.Signature{seal(t, ours, inToto, statement("https://cyclonedx.org/bom", index))}, false, "of the signatures beside it (1) none is by the key of prod.pub"},
		{"ours in an envelope of another type", ours, []registry.Signature{seal(t, ours, "text/plain", statement(signing, index))}, false, "of the signatures beside it (1) none is by the key of prod.pub"},
		{"ours over a bare statement", ours, []registry.Signature{{Type: inToto, Payload: statement(signing, index), Signature: sign(t, ours, statement(signing, index)).Signature}}, false,
			"of the signatures beside it (1) none is by the key of prod.pub"},
		{"none", ours, nil, false, "nobody signed it"},
		{"theirs", ours, []registry.Signature{sign(t, theirs, payload(index))}, false, "of the signatures beside it (1) none is by the key of prod.pub"},
		{"theirs, Ed25519", edwards, []registry.Signature{sign(t, theirs, payload(index))}, false, "of the signatures beside it (1) none is by the key of prod.pub"},
		{"ours, copied from another version", ours, []registry.Signature{sign(t, ours, payload(one))}, false, "the signature beside it by the key of prod.pub is for another version, 111111111111"},
		{"a payload that was changed", ours, []registry.Signature{forged}, false, "of the signatures beside it (1) none is by the key of prod.pub"},
		{"ours over something else", ours, []registry.Signature{sign(t, ours, []byte(`{}`))}, false, "of the signatures beside it (1) none is by the key of prod.pub"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := expect.Value(gate.Check(t.Context(), config.Gates{Signature: keyFile(t, tc.key)}, version(one), evidence{signatures: tc.signatures}))(t)
			if got[0].Passed != tc.passed || got[0].Reason != tc.reason || (got[0].Hint == "") != tc.passed {
				t.Errorf("%+v, want passed %v: %s", got[0], tc.passed, tc.reason)
			}
		})
	}
}

func TestParseKey(t *testing.T) {
	long := expect.Value(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))(t)
	other := expect.Value(rsa.GenerateKey(rand.Reader, 2048))(t)
	for name, tc := range map[string]struct {
		data []byte
		want string
	}{
		"P-256":       {publicPEM(t, newKey(t)), ""},
		"P-384":       {publicPEM(t, long), "neither ECDSA over P-256 nor Ed25519"},
		"RSA":         {publicPEM(t, other), "neither ECDSA over P-256 nor Ed25519"},
		"no PEM":      {[]byte("a key"), "no public key in PEM"},
		"private key": {pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED SIGSTORE PRIVATE KEY"}), "no public key in PEM"},
		"nonsense":    {pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("x")}), "reading its public key"},
	} {
		_, err := gate.ParseKey(tc.data)
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
	if _, err := gate.ReadKey(filepath.Join(t.TempDir(), "none.pub")); tagboat.KindOf(err) != tagboat.Usage {
		t.Errorf("a file that is not there: %v", err)
	}
}

func FuzzParsePayload(f *testing.F) {
	f.Add(payload(one))
	f.Add([]byte(`{"critical":{"type":"atomic container signature"}}`))
	f.Add([]byte(`{"critical":null}`))
	f.Add([]byte(`[`))
	f.Fuzz(func(t *testing.T, data []byte) {
		digest, err := gate.ParsePayload(data)
		if err != nil {
			expect.EqualIn(t, "a digest beside an error", "", digest)
			return
		}
		if _, err := tagboat.ParseDigest(string(digest)); err != nil {
			t.Errorf("%q gives %q: %v", data, digest, err)
		}
	})
}

func FuzzParseStatement(f *testing.F) {
	f.Add("application/vnd.in-toto+json", statement(signing, one))
	f.Add("application/vnd.in-toto+json", []byte(`{"subject":[{"digest":null}],"predicateType":"https://sigstore.dev/cosign/sign/v1"}`))
	f.Add("", []byte(`{"subject":[]}`))
	f.Fuzz(func(t *testing.T, payloadType string, data []byte) {
		digest, err := gate.ParseStatement(payloadType, data)
		if err != nil {
			expect.EqualIn(t, "a digest beside an error", "", digest)
			return
		}
		if _, err := tagboat.ParseDigest(string(digest)); err != nil {
			t.Errorf("%q gives %q: %v", data, digest, err)
		}
	})
}

// TestAKeyThatHasNoEnd is a device, which is not read.
func TestAKeyThatHasNoEnd(t *testing.T) {
	large := filepath.Join(t.TempDir(), "large.pub")
	expect.OK(t, os.WriteFile(large, make([]byte, 5<<20), 0o600))
	for _, file := range []string{"/dev/zero", large} {
		if _, err := gate.ReadKey(file); tagboat.KindOf(err) != tagboat.Usage || !strings.Contains(err.Error(), file) {
			t.Error(err)
		}
	}
}
