package wire

import (
	"encoding/json"
	"strconv"
	"time"
)

// Time is a timestamp on the wire: seconds since the epoch, with a fraction, in the
// JSON protocols. The zero value encodes as null, so give such members omitzero.
type Time struct{ time.Time }

// At returns t for the wire.
func At(t time.Time) Time { return Time{t} }

// MarshalJSON returns epoch seconds with millisecond precision.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(t.UnixMilli())/1000, 'f', 3, 64), nil
}

// UnmarshalJSON accepts epoch seconds.
func (t *Time) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	var seconds float64
	if err := json.Unmarshal(data, &seconds); err != nil {
		return err
	}
	t.Time = time.UnixMilli(int64(seconds * 1000)).UTC()
	return nil
}
