package gate

import (
	"encoding/json"
	"fmt"

	"github.com/tagboat/tagboat"
)

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

// ParseStatement returns the digest that the payload of an envelope is about. It says
// nothing of who signed the envelope.
func ParseStatement(payloadType string, data []byte) (tagboat.Digest, error) {
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
