package deploytest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// takes refuses, as the AWS SDK and AWS do, an input with members that the operation does
// not have or without those that it needs.
func takes(request string, input json.RawMessage) error {
	var v any
	if err := json.Unmarshal(input, &v); err != nil {
		return err
	}
	return awsModel().check(v, request, request)
}

// model is what the AWS SDK says of the inputs of ECS.
type model struct {
	Structures map[string]struct {
		Members  map[string]string
		Required []string
	}
}

var awsModel = sync.OnceValue(func() (m model) {
	_, here, _, _ := runtime.Caller(0)
	data, err := os.ReadFile(filepath.Join(filepath.Dir(here), "../../taskdef/shapes.json"))
	if err = errors.Join(err, json.Unmarshal(data, &m)); err != nil {
		panic(err)
	}
	return m
})

func (m model) check(v any, typ, at string) error {
	switch v := v.(type) {
	case nil:
		return fmt.Errorf("SerializationException: %s is null", at)
	case []any:
		for _, item := range v {
			if err := m.check(item, strings.TrimPrefix(typ, "[]"), at+"[]"); err != nil {
				return err
			}
		}
		if len(v) == 0 && strings.HasSuffix(at, ".tags") {
			return errors.New("ClientException: Tags can not be empty")
		}
	case map[string]any:
		return m.checkObject(v, typ, at)
	}
	return nil
}

func (m model) checkObject(v map[string]any, typ, at string) error {
	s, ok := m.Structures[typ]
	if !ok {
		return nil
	}
	for _, name := range s.Required {
		if v[name] == nil {
			return fmt.Errorf("InvalidParameterException: %s.%s is missing", at, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		member, ok := s.Members[name]
		if !ok {
			return fmt.Errorf("%s.%s is not known to AWS's API", at, name)
		}
		if err := m.check(v[name], member, at+"."+name); err != nil {
			return err
		}
	}
	return nil
}
