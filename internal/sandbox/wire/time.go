package wire

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/fxamacker/cbor/v2"
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
	t.Time = time.UnixMilli(int64(math.Round(seconds * 1000))).UTC()
	return nil
}

// CBORToJSON returns the body of a request of Smithy's RPC v2 as JSON, which operations
// read. An empty body stands for an empty structure. The error is an *Error.
// https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
func CBORToJSON(body []byte) (json.RawMessage, error) {
	if len(body) == 0 {
		return nil, nil
	}
	var value map[string]any
	options := cbor.DecOptions{DefaultMapType: reflect.TypeFor[map[string]any](), MaxNestedLevels: 32}
	mode, err := options.DecMode()
	if err == nil {
		err = mode.Unmarshal(body, &value)
	}
	if err != nil {
		return nil, Errorf("SerializationException", "%v", err)
	}
	out, err := json.Marshal(timesOf(value))
	if err != nil {
		return nil, Errorf("SerializationException", "%v", err)
	}
	return out, nil
}

// timesOf makes times of CBOR those of JSON.
func timesOf(value any) any {
	switch v := value.(type) {
	case time.Time:
		return At(v)
	case map[string]any:
		for name, member := range v {
			v[name] = timesOf(member)
		}
	case []any:
		for i, item := range v {
			v[i] = timesOf(item)
		}
	}
	return value
}

func cborAnswer(out any) ([]byte, error) {
	if out == nil {
		out = struct{}{}
	}
	return cbor.Marshal(out) // members are named by their json tags
}

// epoch is CBOR's tag of a time in seconds since 1970.
const epoch = 1

// MarshalCBOR returns a tagged number of seconds with a fraction.
func (t Time) MarshalCBOR() ([]byte, error) {
	if t.IsZero() {
		return cbor.Marshal(nil)
	}
	data, err := cbor.Marshal(cbor.Tag{Number: epoch, Content: float64(t.UnixMilli()) / 1000})
	if err != nil {
		return nil, fmt.Errorf("encoding a time: %w", err)
	}
	return data, nil
}

var _ cbor.Marshaler = Time{}
