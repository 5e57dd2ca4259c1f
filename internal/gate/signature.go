package gate

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/registry"
)

// signed asks for a signature by a key over the version's own digest. It takes no online
// service: neither transparency log nor certificate is looked at.
func signed(ctx context.Context, keyFile string, version tagboat.Reference, look Evidence) (Result, error) {
	key, err := ReadKey(keyFile)
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
func verify(key Key, s registry.Signature) (tagboat.Digest, error) {
	if !key.verify(s.Signed(), s.Signature) {
		return "", fmt.Errorf("the signature is not by this key")
	}
	if s.Type != "" {
		return ParseStatement(s.Type, s.Payload)
	}
	return ParsePayload(s.Payload)
}
