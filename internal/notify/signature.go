package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// SignatureHeader is the header that a signature is in.
const SignatureHeader = "Tagboat-Signature"

// Key is what notifications are signed with. It prints as nothing.
type Key []byte

// String implements fmt.Stringer.
func (Key) String() string { return "" }

// GoString implements fmt.GoStringer.
func (Key) GoString() string { return "" }

// Sign returns the signature of a body that is sent at a time: t=SECONDS,v1=HEX, where
// HEX is the HMAC-SHA256 of the seconds since 1970, a dot and the body. A receiver that
// compares the time with its clock cannot be sent an old notification again.
func Sign(key Key, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write(fmt.Appendf(nil, "%d.%s", at.Unix(), body))
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}
