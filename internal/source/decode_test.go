package source_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/source"
)

type ship struct {
	Name  string                `yaml:"name,required" doc:"what it is called"`
	Flag  string                `yaml:"flag" enum:"be,nl"`
	Crew  int                   `yaml:"crew"`
	Steam bool                  `yaml:"steam"`
	Ports []source.Text         `yaml:"ports"`
	Holds source.Entries[*hold] `yaml:"holds"`
	Notes source.Any            `yaml:"notes"`
	Where tagboat.Position
}

type hold struct {
	Size int `yaml:"size,required"`
}

func TestDecode(t *testing.T) {
	n := expect.Value(source.Parse("a.yaml", []byte("name: tug\nflag: be\ncrew: 4\nsteam: true\nports: [ghent]\nholds: {fore: {size: 2}}\nnotes: {a: [1]}\n")))(t)
	var got ship
	expect.OK(t, source.Decode(n, &got))
	expect.Equal[any](t, map[string]any{"a": []any{json.Number("1")}}, got.Notes.Value())
	got.Notes = source.Any{}
	at := func(line, column int, text string) tagboat.Position {
		return tagboat.Position{File: "a.yaml", Line: line, Column: column, Text: text}
	}
	want := ship{
		Name: "tug", Flag: "be", Crew: 4, Steam: true,
		Ports: []source.Text{{Value: "ghent", At: at(5, 9, "ports: [ghent]")}},
		Holds: source.Entries[*hold]{{Name: "fore", At: at(6, 9, "holds: {fore: {size: 2}}"), Value: &hold{Size: 2}}},
		Where: at(1, 1, "name: tug"),
	}
	expect.Equal(t, want, got)
}

func TestDecodeFindsEverything(t *testing.T) {
	n, err := source.Parse("a.yaml", []byte("flag: bee\ncrew: 1.5\nsteam: on\nports: [1, x]\nholds: {fore: , aft: {sizes: 1}}\ncaptain: me\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, err := range source.Errors(source.Sorted(source.Decode(n, &ship{}))) {
		got = append(got, err.Error())
	}
	want := []string{
		`a.yaml:1:1: "name" is missing`,
		`a.yaml:1:7: "bee" is not one of be, nl`,
		`a.yaml:2:7: expected a whole number, not 1.5`,
		`a.yaml:3:8: steam: expected true or false, not a string`,
		`a.yaml:4:9: ports[0]: expected a string, not a number (1)`,
		`a.yaml:5:9: fore: expected a map, not nothing`,
		`a.yaml:5:22: "size" is missing`,
		`a.yaml:5:23: unknown field "sizes"`,
		`a.yaml:6:1: unknown field "captain"`,
	}
	expect.Equal(t, want, got)
}

func TestSchema(t *testing.T) {
	got := expect.Value(json.Marshal(source.Schema(ship{})))(t)
	const want = `{"additionalProperties":false,"properties":{"crew":{"type":"integer"},"flag":{"enum":["be","nl"],"type":"string"},` +
		`"holds":{"additionalProperties":{"additionalProperties":false,"properties":{"size":{"type":"integer"}},"required":["size"],"type":"object"},"type":"object"},` +
		`"name":{"description":"what it is called","type":"string"},"notes":{},"ports":{"items":{"type":"string"},"type":"array"},"steam":{"type":"boolean"}},` +
		`"required":["name"],"type":"object"}`
	expect.Equal(t, strings.ReplaceAll(want, ",", ",\n"), strings.ReplaceAll(string(got), ",", ",\n"))
}
