package wire_test

import (
	"context"
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

type tag struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}

type paging struct {
	PageSize *int `json:"PageSize"`
}

type formInput struct {
	paging
	Name    string            `json:"Name"`
	Enabled bool              `json:"Enabled"`
	Ratio   float64           `json:"Ratio"`
	Since   wire.Time         `json:"Since"`
	Blob    []byte            `json:"Blob"`
	Names   []string          `json:"Names"`
	Tags    []tag             `json:"Tags"`
	Matcher *tag              `json:"Matcher"`
	Labels  map[string]string `json:"Labels"`
	Absent  []string          `json:"Absent"`
}

func decodeForm(t *testing.T, query string) (formInput, error) {
	t.Helper()
	form := expect.Value(url.ParseQuery(query))(t)
	var got formInput
	op := wire.Op(func(_ context.Context, _ wire.Caller, in formInput) (any, error) {
		got = in
		return nil, nil
	})
	return got, expect.Err(op(t.Context(), &wire.Request{Form: form}))
}

func TestFormFillsEveryKindOfMember(t *testing.T) {
	five := 5
	tests := map[string]struct {
		query string
		want  formInput
	}{
		"nothing":            {"Action=X&Version=1", formInput{}},
		"scalars":            {"Name=a+b&Enabled=true&Ratio=0.5", formInput{Name: "a b", Enabled: true, Ratio: 0.5}},
		"embedded":           {"PageSize=5", formInput{paging: paging{PageSize: &five}}},
		"time":               {"Since=2026-01-02T03:04:05Z", formInput{Since: wire.At(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))}},
		"bytes":              {"Blob=aGk%3D", formInput{Blob: []byte("hi")}},
		"list":               {"Names.member.1=a&Names.member.2=b", formInput{Names: []string{"a", "b"}}},
		"list past ten":      {"Names.member.10=b&Names.member.9=a", formInput{Names: []string{"a", "b"}}},
		"flattened list":     {"Names.1=a&Names.2=b", formInput{Names: []string{"a", "b"}}},
		"empty list":         {"Names=", formInput{Names: []string{}}},
		"list of structures": {"Tags.member.1.Key=k&Tags.member.1.Value=v", formInput{Tags: []tag{{"k", "v"}}}},
		"structure":          {"Matcher.Key=k", formInput{Matcher: &tag{Key: "k"}}},
		"map":                {"Labels.entry.1.key=k&Labels.entry.1.value=v", formInput{Labels: map[string]string{"k": "v"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := expect.Value(decodeForm(t, tt.query))(t)
			expect.Equal(t, tt.want, got, cmp.AllowUnexported(formInput{}))
		})
	}
}

func TestFormRefusesWhatDoesNotFit(t *testing.T) {
	for _, query := range []string{"Enabled=perhaps", "PageSize=five", "PageSize=99999999999999999999", "Ratio=x", "Since=yesterday", "Blob=%21"} {
		_, err := decodeForm(t, query)
		var e *wire.Error
		if !asError(err, &e) || e.Code != "MalformedInput" {
			t.Errorf("%s: got %v, want MalformedInput", query, err)
		}
	}
}

func TestJSONThatIsNoneIsASerializationException(t *testing.T) {
	op := wire.Op(func(_ context.Context, _ wire.Caller, in tag) (tag, error) { return in, nil })
	_, err := op(t.Context(), &wire.Request{JSON: json.RawMessage(`{"Key": 5}`)})
	var e *wire.Error
	if !asError(err, &e) || e.Code != "SerializationException" {
		t.Errorf("got %v, want SerializationException", err)
	}
}

// FuzzForm looks for parameters that make the decoder panic or hang.
func FuzzForm(f *testing.F) {
	f.Add("Names.member.1=a&Tags.member.1.Key=k&Labels.entry.1.key=k")
	f.Add("Names..=a&.=b&Names.member.-1=c&Names.member=d")
	f.Fuzz(func(t *testing.T, query string) {
		form, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		op := wire.Op(func(_ context.Context, _ wire.Caller, in formInput) (formInput, error) { return in, nil })
		out, err := op(t.Context(), &wire.Request{Form: form})
		if err == nil {
			wire.Service{Protocol: wire.Query}.Success("id", "Op", out)
		}
	})
}
