package ecs

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// SealedDefinition is a task definition that can be written down: values that may be secrets are
// hashes in it. Only who knows them all gets the definition back.
type SealedDefinition struct {
	Definition TaskDefinition
	Salt       []byte
}

// sealPrefix stands before a hash in the place of a value.
const sealPrefix = "hmac-sha256:"

// Seal returns a definition without the values that people put secrets into, though they
// should not: those of environment, command, entryPoint and the options of log drivers but
// those of awslogs. It reports false for a record that is no JSON object.
func Seal(d TaskDefinition) (SealedDefinition, bool) {
	s := SealedDefinition{Definition: d, Salt: make([]byte, 16)}
	_, _ = rand.Read(s.Salt) // it never fails
	record, ok := decode(d.Record)
	if !ok {
		return SealedDefinition{}, false
	}
	containers, _ := record["containerDefinitions"].([]any)
	for _, container := range containers {
		if c, ok := container.(map[string]any); ok {
			s.container(c)
		}
	}
	data, err := json.Marshal(record)
	s.Definition.Record = data
	return s, err == nil
}

func (s SealedDefinition) container(c map[string]any) {
	environment, _ := c["environment"].([]any)
	for _, variable := range environment {
		if v, ok := variable.(map[string]any); ok {
			v["value"] = s.hide(v["value"])
		}
	}
	for _, name := range []string{"command", "entryPoint"} {
		words, _ := c[name].([]any)
		for i, word := range words {
			words[i] = s.hide(word)
		}
	}
	log, _ := c["logConfiguration"].(map[string]any)
	options, _ := log["options"].(map[string]any)
	for name, value := range options {
		if !strings.HasPrefix(name, "awslogs-") {
			options[name] = s.hide(value)
		}
	}
}

// hide returns what stands for a value; what is no text stays.
func (s SealedDefinition) hide(value any) any {
	text, ok := value.(string)
	if !ok || text == "" {
		return value
	}
	return s.hash(text)
}

func (s SealedDefinition) hash(text string) string {
	h := hmac.New(sha256.New, s.Salt)
	h.Write([]byte(text)) // a hash takes everything
	return sealPrefix + hex.EncodeToString(h.Sum(nil))
}

// Open returns the definition whose hidden values all occur in like, a JSON document. It
// reports false where one does not.
func (s SealedDefinition) Open(like json.RawMessage) (TaskDefinition, bool) {
	record, ok := decode(s.Definition.Record)
	if !ok {
		return TaskDefinition{}, false
	}
	known := map[string]string{}
	if wanted, ok := decode(like); ok {
		eachText(wanted, func(text string) string {
			known[s.hash(text)] = text
			return text
		})
	}
	whole := true
	eachText(record, func(text string) string {
		if !strings.HasPrefix(text, sealPrefix) {
			return text
		}
		plain, ok := known[text]
		whole = whole && ok
		return plain
	})
	data, err := json.Marshal(record)
	if err != nil || !whole {
		return TaskDefinition{}, false
	}
	d := s.Definition
	d.Record = data
	return d, true
}

// eachText replaces every text in a document that is no name of a member.
func eachText(node any, replace func(string) string) any {
	switch node := node.(type) {
	case map[string]any:
		for name, value := range node {
			node[name] = eachText(value, replace)
		}
	case []any:
		for i, value := range node {
			node[i] = eachText(value, replace)
		}
	case string:
		return replace(node)
	}
	return node
}

func decode(document json.RawMessage) (map[string]any, bool) {
	in := json.NewDecoder(bytes.NewReader(document))
	in.UseNumber() // numbers stay as they were written
	var members map[string]any
	err := in.Decode(&members)
	return members, err == nil && members != nil
}
