package ledger

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"slices"
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
	Sum string `json:"sum"`
	// ID names the intention. A write that is made twice, or once more after its answer got
	// lost, is known by it. Notes of before there were any have none.
	ID string `json:"id,omitempty"`
	// On is the sum of the value at Base: a parameter that was deleted and made again counts
	// from one, and has another value there.
	On string `json:"on,omitempty"`
	// Gone are keys that the writer meant to take out.
	Gone []string `json:"gone,omitempty"`
	// If says what keys held when their writer decided: conditionLength characters for each
	// key of Set and of Gone, or as many for all together where those do not fit.
	If string `json:"if,omitempty"`
	// Max is what the parameter's tier takes, where that is more than a standard one.
	Max int `json:"max,omitempty"`
	// Unsure says that the writer could not be certain to have read all updates, since no
	// version was kept that told. Its word about them counts for nothing then, unless
	// nobody came between.
	Unsure  bool   `json:"unsure,omitempty"`
	By      string `json:"by,omitempty"`
	Message string `json:"msg,omitempty"`
}

// noteOf returns the note of a version, and false where somebody else wrote it. The note of
// a writer that had read a parameter which was deleted since may name a later base.
func noteOf(p Parameter) (note, bool) {
	var n note
	if json.Unmarshal([]byte(p.Description), &n) != nil {
		return note{}, false
	}
	ours := n.Sum == sum(p.Value) && n.Base >= 0
	return n, ours && (n.Base < p.Version || n.ID != "")
}

// bits returns the number that stands for those keys of v which are in set.
func (v values) bits(set values) string {
	bits := new(big.Int)
	for i, key := range v.keys() {
		if _, ok := set[key]; ok {
			bits.SetBit(bits, i, 1)
		}
	}
	return bits.Text(16)
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

// conditionLength is how many characters stand for what a key held: 24 bits. With
// mostConditions keys and more, as many stand for all of them.
const (
	conditionLength = 4
	mostConditions  = 120
	unconditional   = "...." // no base64
)

// conditions returns what a note says that keys held; read has what they held, and only
// the keys that are conditional matter.
func conditions(keys []string, conditional func(string) bool, read values) string {
	if !slices.ContainsFunc(keys, conditional) {
		return ""
	}
	if len(keys) > mostConditions {
		return condition(keys, read)
	}
	all := ""
	for _, key := range keys {
		if conditional(key) {
			all += condition([]string{key}, read)
		} else {
			all += unconditional
		}
	}
	return all
}

// condition stands for what keys hold in v.
func condition(keys []string, v values) string {
	h := sha256.New()
	for _, key := range keys {
		value, there := v[key]
		_ = json.NewEncoder(h).Encode([]any{key, there, value})
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))[:conditionLength]
}

// fails returns those keys whose condition does not hold in v.
func (n note) fails(keys []string, v values) []string {
	if n.If == "" {
		return nil
	}
	if len(n.If) != conditionLength*len(keys) {
		if n.If == condition(keys, v) {
			return nil
		}
		return keys
	}
	var failed []string
	for i, key := range keys {
		wants := n.If[i*conditionLength : (i+1)*conditionLength]
		if wants != unconditional && wants != condition([]string{key}, v) {
			failed = append(failed, key)
		}
	}
	return failed
}

// limit is how many bytes the value may have that the intention leads to.
func (n note) limit() int { return max(n.Max, maxStandard) }

// String returns the description. What people wrote is cut where it does not fit; what
// the protocol needs always does, since a value has fewer than 1100 keys.
func (n note) String() string {
	for {
		b, err := json.Marshal(n)
		if err != nil {
			panic(err) // strings and numbers always encode
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
	return s[:max(cut, 0)]
}

func sum(value string) string {
	h := sha256.Sum256([]byte(value))
	return hex.EncodeToString(h[:6])
}

// newID names an intention.
func newID() string { return rand.Text()[:10] }
