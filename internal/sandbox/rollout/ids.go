package rollout

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
)

// ids makes identifiers that look like AWS's from a seed and a counter, so that equal
// calls give equal ids and no two ids of an engine are equal.
type ids struct {
	Seed   string `json:"seed"`
	Serial uint64 `json:"serial"`
}

// next returns the number of the next thing, counting from 1.
func (i *ids) next() uint64 {
	i.Serial++
	return i.Serial
}

func (i *ids) hash() [sha256.Size]byte {
	return sha256.Sum256(strconv.AppendUint([]byte(i.Seed+"/"), i.next(), 10))
}

// hex returns 32 hex digits, as task ids have.
func (i *ids) hex() string {
	sum := i.hash()
	return hex.EncodeToString(sum[:16])
}

// uuid returns a version 4 UUID, as event and container ids have.
func (i *ids) uuid() string {
	sum := i.hash()
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// digits returns 19 digits, as ids of deployments and service revisions have.
func (i *ids) digits() string {
	sum := i.hash()
	return strconv.FormatUint(1e18+binary.BigEndian.Uint64(sum[:])%8e18, 10)
}

// nano returns 21 letters and digits, as ids of service deployments have.
func (i *ids) nano() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	sum := i.hash()
	out := make([]byte, 21)
	for n := range out {
		out[n] = alphabet[sum[n]%64]
	}
	return string(out)
}
