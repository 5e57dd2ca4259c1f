package source_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/source"
)

func TestParseValues(t *testing.T) {
	for _, tc := range []struct{ name, file, text, want string }{
		{"json", "a.json", "{\"a\":[1,2.50,-0.1e3,true,null,\"x\\ud83d\\ude00\\/\"],\n\t\"b\":{}}", `{"a":[1,2.50,-0.1e3,true,null,"x😀/"],"b":{}}`},
		{"long numbers in json", "a.json", `[12345678901234567890123]`, `[12345678901234567890123]`},
		{"yaml", "a.yaml", "a: [1, 2.50, yes, true, ~, 'it''s', \"\\u00e9\"]\nb:\n  - c: |\n      two\n      lines\n", `{"a":[1,2.50,"yes",true,null,"it's","é"],"b":[{"c":"two\nlines\n"}]}`},
		{"yaml number forms", "a.yaml", "[0x10, 0o17, 1_000, .5, 1.0e3]", `[16,15,1000,0.5,1.0e3]`},
		{"yaml is json", "a.yml", `{"a": {"b": [true]}}`, `{"a":{"b":[true]}}`},
		{"yaml anchors", "a.yaml", "x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\nz: *x\n", `{"x":{"a":1,"b":2},"y":{"a":1,"b":3},"z":{"a":1,"b":2}}`},
		{"yaml tags", "a.yaml", "[!!str 5, !!int 5, !!str true]", `["5",5,"true"]`},
		{"yaml key that is a number", "a.yaml", "1: a\n01: b\n", `{"01":"b","1":"a"}`},
		{"jsonnet", "a.jsonnet", "local x = 2; { a: x * 21, b: [std.toString(i) for i in std.range(1, 2)] }", `{"a":42,"b":["1","2"]}`},
		{"byte order mark", "a.json", "\xef\xbb\xbf{}", `{}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n := expect.Value(source.Parse(tc.file, []byte(tc.text)))(t)
			var got strings.Builder
			enc := json.NewEncoder(&got)
			enc.SetEscapeHTML(false)
			expect.OK(t, enc.Encode(n.Value()))
			expect.Equal(t, tc.want+"\n", got.String())
		})
	}
}

// TestPlaces lists every field and value with its line and column.
func TestPlaces(t *testing.T) {
	const want = "1:1 a:1:2/1:7 a[0]:1:8 a[1]:2:3 a[1].é:2:4/2:9 c:4:1/4:6"
	for file, text := range map[string]string{
		"a.json": "{\"a\" :[1,\n  {\"é\": \"x\"}]\n,\n\"c\" :{}}",
	} {
		n := expect.Value(source.Parse(file, []byte(text)))(t)
		expect.EqualIn(t, file, want, places(n))
	}
	n := expect.Value(source.Parse("a.yaml", []byte("# top\na:\n  - 1\n  - é: x\n    b: \"y\"\nc: {d: [e]}\n")))(t)
	const yaml = "2:1 a:2:1/3:3 a[0]:3:5 a[1]:4:5 a[1].é:4:5/4:8 a[1].b:5:5/5:8 c:6:1/6:4 c.d:6:5/6:8 c.d[0]:6:9"
	expect.Equal(t, yaml, places(n))
	expect.EqualIn(t, "text", `    b: "y"`, n.Field("a").Items[1].Field("b").At.Text)
}

func places(n *source.Node) string {
	out := fmt.Sprintf("%d:%d", n.At.Line, n.At.Column)
	for _, i := range n.Items {
		out += " " + i.Path + ":" + places(i)
	}
	for _, f := range n.Fields {
		out += fmt.Sprintf(" %s:%d:%d/%s", f.Value.Path, f.At.Line, f.At.Column, places(f.Value))
	}
	return out
}

func TestLongLinesAreNotQuoted(t *testing.T) {
	_, err := source.Parse("a.json", []byte(`{"a":"`+strings.Repeat("x", 600)+`",}`))
	var e *tagboat.Error
	if !errors.As(err, &e) || e.Where.Text != "" || e.Where.Column < 600 {
		t.Errorf("%+v", e)
	}
}

func TestRefused(t *testing.T) {
	for _, tc := range []struct{ file, text, want string }{
		{"a.yaml", "", "a.yaml: the file is empty"},
		{"a.yaml", "\xff\xfea", "a.yaml: the file is not text in UTF-8"},
		{"a.json", `{"a":1}}`, "a.json:1:8: not JSON: invalid character '}' after top-level value"},
		{"a.yaml", "a: .inf", "a.yaml:1:4: .inf is not a number that JSON has"},
		{"a.yaml", "a: !ours 1", "a.yaml:1:4: the tag !ours has no meaning here"},
		{"a.yaml", "a: &x [1]\nb: {*x : 1}", "a.yaml:1:7: a list cannot be the name of an entry"},
		{"a.yaml", "a: {<<: 1}", "a.yaml:1:9: << takes a map, not a number"},
		{"a.jsonnet", "{ a: std.foo() }", "a.jsonnet:1:6: not Jsonnet that can be evaluated: Field does not exist: foo"},
		{"a.jsonnet", "{ a: std.extVar('COLOR') }", "a.jsonnet:1:6: not Jsonnet that can be evaluated: Undefined external variable: COLOR"},
		{"a.jsonnet", "function(x) x", "a.jsonnet: not Jsonnet that can be evaluated: Missing argument: x"},
	} {
		_, err := source.Parse(tc.file, []byte(tc.text))
		if err == nil || err.Error() != tc.want || tagboat.KindOf(err) != tagboat.Usage {
			t.Errorf("%s %q: %v, want %s", tc.file, tc.text, err, tc.want)
		}
	}
}

func TestJsonnetImports(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"lib.libsonnet":  "{ cpu:: 256, fail(x):: error 'no ' + x }",
		"bad.libsonnet":  "{\n a: 1",
		"good.jsonnet":   "local lib = import 'lib.libsonnet';\n{ cpu: lib.cpu }",
		"fails.jsonnet":  "local lib = import 'lib.libsonnet';\n{ cpu: lib.fail('cpu') }",
		"broken.jsonnet": "{} +\n  import 'bad.libsonnet'",
	} {
		expect.OK(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	t.Chdir(dir)
	n := expect.Value(source.Read(filepath.Join(dir, "good.jsonnet"), source.Border{}))(t)
	if got := n.Field("cpu"); got.Text != "256" || got.At != (tagboat.Position{File: "good.jsonnet"}) {
		t.Errorf("%+v", got)
	}
	expect.Equal(t, "good.jsonnet: cpu: too small", n.Field("cpu").Errorf("too small").Error())
	for file, want := range map[string]string{
		"fails.jsonnet":  "fails.jsonnet:2:8: not Jsonnet that can be evaluated: no cpu",
		"broken.jsonnet": "broken.jsonnet:2:3: not Jsonnet that can be evaluated: bad.libsonnet:2:6 Expected a comma before next field",
		"none.jsonnet":   "there is no file none.jsonnet",
	} {
		if _, err := source.Read(filepath.Join(dir, file), source.Border{}); err == nil || strings.ReplaceAll(err.Error(), dir+"/", "") != want {
			t.Errorf("%s: %v, want %s", file, err, want)
		}
	}
}

// FuzzParse: nothing panics, every error has a file, and JSON reads as encoding/json
// reads it, whichever parser does it.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":[1,null,{"b":"c"}]}`, "a: &x [1]\nb: *x\n", "- |\n  x\n", "{a: 'b'", "? a\n: b\n", "a: !!str 1", "<<: {a: 1}", "\"\\ud800\"",
		strings.Repeat("[", 600), strings.Repeat("- ", 600), "a: &a [*a]", "a: &a [b, b]\nc: &c [*a, *a]\nd: [*c, *c]", "a: 1\na: 2", "a: 1e999999999", "a\x00b: c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, file := range []string{"a.json", "a.yaml"} {
			n, err := source.Parse(file, []byte(s))
			if err != nil {
				var e *tagboat.Error
				if !errors.As(err, &e) || e.Where == nil || e.Where.File != file {
					t.Errorf("the error has no place: %#v", err)
				}
				continue
			}
			if _, err := json.Marshal(n.Value()); err != nil {
				t.Errorf("%q: %v", s, err)
			}
		}
		var want any
		dec := json.NewDecoder(strings.NewReader(s))
		dec.UseNumber()
		n, err := source.Parse("a.json", []byte(s))
		if err != nil || dec.Decode(&want) != nil {
			return
		}
		expect.Equal(t, want, n.Value())
	})
}

func TestJsonnetHasNoOutside(t *testing.T) {
	_, err := source.Parse("a.jsonnet", []byte("{ a: std.extVar('COLOR') }"))
	var undefined *source.UndefinedVariable
	if !errors.As(err, &undefined) || undefined.Name != "COLOR" {
		t.Errorf("%v has no undefined variable", err)
	}
	_, err = source.Parse("a.jsonnet", []byte("{ a: std.native('must_env')('COLOR') }"))
	var e *tagboat.Error
	if !errors.As(err, &e) || !strings.Contains(e.Hint, "${vars.NAME}") {
		t.Errorf("%v has no hint", err)
	}
}
