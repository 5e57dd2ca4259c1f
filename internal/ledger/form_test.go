package ledger_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/ledger"
)

func TestForms(t *testing.T) {
	repo := repository("shop/api")
	whole := version("shop/api", "1.4.2", digest1)
	tagOnly, digestOnly := version("shop/api", "1.4.2", ""), version("shop/api", "", digest1)
	for _, c := range []struct {
		form  ledger.Form
		in    tagboat.Reference
		value string
		back  tagboat.Reference
	}{
		{"", whole, "1.4.2@" + string(digest1), whole},
		{ledger.FormTagDigest, digestOnly, string(digest1), digestOnly},
		{ledger.FormTag, whole, "1.4.2", tagOnly},
		{ledger.FormDigest, whole, string(digest1), digestOnly},
		{ledger.FormURI, whole, "registry.test/shop/api@" + string(digest1), digestOnly},
	} {
		value, err := c.form.Encode(c.in)
		if err != nil || value != c.value {
			t.Errorf("%s of %s is %q, %v", c.form, c.in, value, err)
		}
		back, err := c.form.Parse(value, repo)
		if diff := cmp.Diff(c.back, back); diff != "" || err != nil {
			t.Errorf("%s from %q: %v %s", c.form, value, err, diff)
		}
	}
}

func TestFormsLack(t *testing.T) {
	for form, ref := range map[ledger.Form]tagboat.Reference{
		ledger.FormTagDigest: version("a", "1", ""),
		ledger.FormTag:       version("a", "", digest1),
		ledger.FormDigest:    version("a", "1", ""),
		ledger.FormURI:       version("a", "1", ""),
	} {
		if value, err := form.Encode(ref); tagboat.KindOf(err) != tagboat.Usage {
			t.Errorf("%s of %s is %q, %v", form, ref, value, err)
		}
	}
}

func FuzzForm(f *testing.F) {
	for _, seed := range []string{"1.4.2", string(digest1), "1@" + string(digest1), "@" + string(digest1), "a/b:c", "a@b@c", "registry.test/a@" + string(digest1)} {
		f.Add("uri", seed)
		f.Add("", seed)
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		form := ledger.Form(name)
		ref, err := form.Parse(value, repository("shop/api"))
		if err != nil {
			return
		}
		if _, err := tagboat.ParseReference(ref.String()); err != nil {
			t.Errorf("%q parsed to %q, which is no reference: %v", value, ref, err)
		}
		again, err := form.Encode(ref)
		if err != nil {
			return // a form that lacks something
		}
		back, err := form.Parse(again, repository("shop/api"))
		if err != nil {
			t.Fatalf("%q was written as %q, which does not parse: %v", value, again, err)
		}
		if twice, err := form.Encode(back); err != nil || twice != again {
			t.Errorf("%q is written as %q, then %q, %v", value, again, twice, err)
		}
	})
}

func FuzzValue(f *testing.F) {
	for _, seed := range []string{`{}`, `{"api":"1"}`, `{"api":"1","api":"2"}`, `{"a":null}`, `{"a":"\u0000é<>"}`, `[`, `{"a":"b"}{`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		s := memory()
		if _, err := s.Put(t.Context(), ledger.Put{Name: parameter, Value: value}); err != nil {
			t.Skip()
		}
		l := &ledger.Ledger{Store: s}
		before, err := l.Read(t.Context(), group())
		if err != nil {
			return
		}
		if _, err := l.Update(t.Context(), group(), apiOne, ledger.Why{}); err != nil {
			return
		}
		after := expect.Value(l.Read(t.Context(), group()))(t)
		expect.EqualIn(t, "other keys changed", before.Entries[0].Others, after.Entries[0].Others)
		if pin, ok := after.Pin("dev", "api"); !ok || pin.Digest != digest1 {
			t.Errorf("the pin is %+v", pin)
		}
	})
}

// TestTemplatesFindKeys: CloudFormation has no JSON parser, so templates split a value at
// "key":" and after it at the next quotation mark. Nothing may stand between.
func TestTemplatesFindKeys(t *testing.T) {
	m := memory()
	l := &ledger.Ledger{Store: m}
	for i := range 70 {
		tag := fmt.Sprint("v", i)
		pins := changes{"api": version("shop/api", tag, digest1), "proxy": version("shop/proxy", tag, digest2)}
		expect.Value(l.Update(t.Context(), group(), pins, ledger.Why{}))(t)
		got := expect.Value(m.Get(t.Context(), []string{parameter}))(t)
		for _, key := range []string{"api", "proxy"} {
			_, rest, _ := strings.Cut(got[parameter].Value, `"`+key+`":"`)
			if value, _, _ := strings.Cut(rest, `"`); !strings.HasPrefix(value, tag+"@sha256:") {
				t.Fatalf("version %d: a template finds %q for %s in %q", i+1, value, key, got[parameter].Value)
			}
		}
	}
}

// typed is a Store whose parameter is what it is.
type typed struct {
	ledger.Store
	is ledger.Parameter
}

func (s typed) Get(context.Context, []string) (map[string]ledger.Parameter, error) {
	p := s.is
	p.Name, p.Version = parameter, 1
	return map[string]ledger.Parameter{parameter: p}, nil
}

func (s typed) History(context.Context, string) ([]ledger.Parameter, error) {
	p := s.is
	p.Name, p.Version = parameter, 1
	return []ledger.Parameter{p}, nil
}
