package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"unicode/utf8"
)

// maxDescription is Parameter Store's limit.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
const maxDescription = 1024

// note is what the description of a version says of its write.
type note struct {
	// Base is the version that the writer had read; 0 where there was none.
	Base int64 `json:"base"`
	// Set says which keys the writer meant to set: a number in hexadecimal whose bit n
	// stands for the n-th key of the value, in sorted order. A repair sets none.
	Set string `json:"set"`
	// Sum is the start of the value's SHA-256. It unmasks a description that somebody
	// else's write carried along.
	Sum     string `json:"sum"`
	By      string `json:"by,omitempty"`
	Message string `json:"msg,omitempty"`
}

// newNote returns the note of a write of v, in the text of value, that means to set the
// keys of set.
func newNote(base int64, value string, v, set values, why Why) note {
	bits := new(big.Int)
	for i, key := range v.keys() {
		if _, ok := set[key]; ok {
			bits.SetBit(bits, i, 1)
		}
	}
	return note{Base: base, Set: bits.Text(16), Sum: sum(value), By: why.Actor, Message: why.Message}
}

// noteOf returns the note of a version, and false where somebody else wrote it.
func noteOf(p Parameter) (note, bool) {
	var n note
	if json.Unmarshal([]byte(p.Description), &n) != nil {
		return note{}, false
	}
	return n, n.Sum == sum(p.Value) && n.Base >= 0 && n.Base < p.Version
}

// of returns what the writer of v meant to set.
func (n note) of(v values) values {
	set := values{}
	bits, ok := new(big.Int).SetString(n.Set, 16)
	if !ok {
		return set
	}
	for i, key := range v.keys() {
		if bits.Bit(i) == 1 {
			set[key] = v[key]
		}
	}
	return set
}

// String returns the description. What people wrote is cut where it does not fit; what
// the protocol needs always does, since a value has fewer than 1100 keys.
func (n note) String() string {
	for {
		b, err := json.Marshal(n)
		if err != nil {
			panic(err) // strings and a number always encode
		}
		if len(b) <= maxDescription {
			return string(b)
		}
		if len(n.Message) >= len(n.By) {
			n.Message = shorten(n.Message)
		} else {
			n.By = shorten(n.By)
		}
	}
}

// shorten cuts the last eighth off s, between two characters.
func shorten(s string) string {
	cut := len(s) - 1 - len(s)/8
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut]
}

func sum(value string) string {
	h := sha256.Sum256([]byte(value))
	return hex.EncodeToString(h[:6])
}
