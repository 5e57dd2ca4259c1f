package ledger_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/ledger/ledgertest"
)

func TestMemoryConforms(t *testing.T) { ledgertest.Run(t, memory(), "/test") }

func TestUpdateCreatesThenReads(t *testing.T) {
	s := &scripted{Store: memory()}
	got := update(t, s, group(), changes{"api": version("shop/api", "1.4.2", digest1)})
	want := ledger.Receipt{
		Parameter: parameter, Version: 1, Written: true, Wrote: 1, Calls: 2,
		Value: `{"api":"1.4.2@` + string(digest1) + `"}`,
		Pins: []tagboat.Pin{{
			Image: "api", Repository: "registry.test/shop/api", Tag: "1.4.2", Digest: digest1,
			Parameter: parameter, ParameterVersion: 1, Message: "a test",
		}},
	}
	expect.Equal(t, want, got, cmpopts.IgnoreUnexported(ledger.Receipt{}))
	want.Pins[0].Message = "" // which only the history has
	book := expect.Value((&ledger.Ledger{Store: s}).Read(t.Context(), group()))(t)
	expect.Equal(t, want.Pins, book.Pins("dev"))
}

func TestUncontendedUpdateIsTwoCalls(t *testing.T) {
	s := &scripted{Store: memory()}
	update(t, s, group(), changes{"api": version("shop/api", "1", digest1)})
	s.calls = 0
	if r := update(t, s, group(), changes{"api": version("shop/api", "2", digest2)}); s.calls != 2 || r.Calls != 2 || r.Version != 2 {
		t.Errorf("%d calls, %+v", s.calls, r)
	}
}

func TestUnchangedWritesNothing(t *testing.T) {
	s := &scripted{Store: memory()}
	c := changes{"api": version("shop/api", "1", digest1)}
	update(t, s, group(), c)
	if r := update(t, s, group(), c); r.Written || len(s.puts) != 1 || r.Version != 1 || len(r.Overtaken) != 0 {
		t.Errorf("%d writes, %+v", len(s.puts), r)
	}
}

func TestForeignKeysStay(t *testing.T) {
	s := memory()
	foreign := `{"zebra": "kept", "api": "0.9"}`
	expect.Value(s.Put(t.Context(), ledger.Put{Name: parameter, Value: foreign}))(t)
	update(t, s, group(), changes{"api": version("shop/api", "1", digest1)})
	expect.Equal(t, `{"api":"1@`+string(digest1)+`","zebra":"kept"}`, value(t, s))
}

func TestPreviewWritesNothing(t *testing.T) {
	s := &scripted{Store: memory()}
	r := expect.Value((&ledger.Ledger{Store: s}).Preview(t.Context(), group(), changes{"api": version("shop/api", "1", digest1)}, ledger.Why{}))(t)
	if len(s.puts) != 0 || !r.Written || r.Value != `{"api":"1@`+string(digest1)+`"}` {
		t.Errorf("%+v", r)
	}
}

func TestWhatIsNotOursIsNotTouched(t *testing.T) {
	huge := strings.Repeat("x", 4040)
	for name, p := range map[string]ledger.Parameter{
		"secure":     {Value: "AQICAHh", Type: "SecureString"},
		"list":       {Value: "a,b", Type: "StringList"},
		"text":       {Value: "1.4.2"},
		"array":      {Value: `["a"]`},
		"nested":     {Value: `{"api":{"tag":"1"}}`},
		"number":     {Value: `{"other":1}`},
		"twice":      {Value: `{"other":"1","other":"2"}`},
		"truncated":  {Value: `{"other":"1"`},
		"trailing":   {Value: `{"other":"1"} x`},
		"too long":   {Value: `{"other":"` + huge + `"}`},
		"bad digest": {Value: `{"proxy":"1@sha256:12"}`},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scripted{Store: typed{memory(), p}}
			_, err := (&ledger.Ledger{Store: s}).Update(t.Context(), group(), changes{"api": version("shop/api", "1", digest1)}, ledger.Why{})
			var e *tagboat.Error
			if !errors.As(err, &e) || e.Kind != tagboat.Usage || e.Hint == "" || !strings.Contains(err.Error(), parameter) {
				t.Errorf("the error is %v", err)
			}
			expect.EqualIn(t, "it wrote", 0, len(s.puts))
		})
	}
}

func TestImageOfAnotherGroup(t *testing.T) {
	_, err := (&ledger.Ledger{Store: memory()}).Update(t.Context(), group(), changes{"web": version("web", "1", digest1)}, ledger.Why{})
	if tagboat.KindOf(err) != tagboat.Usage {
		t.Errorf("the error is %v", err)
	}
}

func TestLongMessageIsCut(t *testing.T) {
	s := &scripted{Store: memory()}
	why := ledger.Why{Actor: "ci", Message: strings.Repeat("\"é\n", 900)}
	expect.Value((&ledger.Ledger{Store: s}).Update(t.Context(), group(), changes{"api": version("shop/api", "1", digest1)}, why))(t)
	if d := s.puts[0].Description; len(d) > 1024 || !strings.Contains(d, `"by":"ci"`) {
		t.Errorf("%d bytes: %s", len(d), d)
	}
}
