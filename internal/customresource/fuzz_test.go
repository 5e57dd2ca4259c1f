package customresource_test

import (
	"encoding/json"
	"testing"

	"github.com/tagboat/tagboat/internal/customresource"
)

// FuzzParseDict holds the answer to what encoding/json makes of the same parameter.
func FuzzParseDict(f *testing.F) {
	for _, p := range parameters() {
		f.Add(p.Value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		s := store{"/p": {Name: "/p", Value: value, Type: "String"}}
		data, err := customresource.ParseDict{Parameters: s}.Data(t.Context(), properties("/p"))
		if err != nil {
			return
		}
		var want map[string]any
		if err := json.Unmarshal([]byte(value), &want); err != nil || len(want) != len(data.Values) {
			t.Fatalf("%q was taken as %v: %v", value, data.Values, err)
		}
		for key, raw := range data.Values {
			switch want[key].(type) {
			case string, float64, bool:
			default:
				t.Errorf("%q: %q is %s", value, key, raw)
			}
		}
	})
}

func FuzzParseRequest(f *testing.F) {
	f.Add([]byte(`{"RequestType":"Create","ResponseURL":"https://x/y","ResourceProperties":{"Names":["/a"]}}`))
	f.Fuzz(func(t *testing.T, event []byte) {
		r, err := customresource.ParseRequest(event)
		if err == nil && r.ResponseURL == "" {
			t.Error("a request without an address was taken")
		}
	})
}
