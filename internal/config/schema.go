package config

import (
	"encoding/json"

	"github.com/tagboat/tagboat/internal/source"
)

//go:generate go test -run TestSchema -update .

// Schema returns the JSON Schema of tagboat.yaml, made of the structs that the
// decoder fills, so that editors complete and check what Load accepts.
// https://json-schema.org/draft/2020-12
func Schema() []byte {
	s := source.Schema(file{})
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["$id"] = "https://raw.githubusercontent.com/tagboat/tagboat/main/schema/tagboat.schema.json"
	s["title"] = "tagboat.yaml"
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic(err) // maps, lists and strings always encode
	}
	return append(out, '\n')
}
