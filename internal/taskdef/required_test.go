package taskdef_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/smithy-go"
)

// required notes which members are required, as the SDK's own validation says when
// it is given requests with every structure and none of their values.
func (w modelWalk) required(t *testing.T) {
	client := ecs.New(ecs.Options{Region: "eu-west-1"})
	var task ecs.RegisterTaskDefinitionInput
	var create ecs.CreateServiceInput
	var update ecs.UpdateServiceInput
	for _, call := range []struct {
		name  string
		input any
		send  func() error
	}{
		{"RegisterTaskDefinitionRequest", &task, func() error { _, err := client.RegisterTaskDefinition(context.Background(), &task); return err }},
		{"CreateServiceRequest", &create, func() error { _, err := client.CreateService(context.Background(), &create); return err }},
		{"UpdateServiceRequest", &update, func() error { _, err := client.UpdateService(context.Background(), &update); return err }},
	} {
		w.missing(t, call.name, call.send())
		fill(reflect.ValueOf(call.input).Elem())
		w.missing(t, call.name, call.send())
	}
}

// fill makes every structure that can be reached from v, and one entry in each list
// of structures.
func fill(v reflect.Value) {
	for i := range v.NumField() {
		f := v.Field(i)
		switch {
		case !f.CanSet():
		case f.Kind() == reflect.Pointer && f.Type().Elem().Kind() == reflect.Struct:
			f.Set(reflect.New(f.Type().Elem()))
			fill(f.Elem())
		case f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Struct:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
			fill(f.Index(0))
		}
	}
}

func (w modelWalk) missing(t *testing.T, request string, err error) {
	t.Helper()
	var invalid smithy.InvalidParamsError
	if !errors.As(err, &invalid) {
		t.Fatalf("%s: the SDK did not validate: %v", request, err)
	}
	for _, e := range invalid.Errs() {
		var missing smithy.InvalidParamError
		if errors.As(e, &missing) {
			w.note(request, strings.Split(missing.Field(), ".")[1:])
		}
	}
}

func (w modelWalk) note(structure string, path []string) {
	for i, part := range path {
		name, _, _ := strings.Cut(part, "[")
		name = strings.ToLower(name[:1]) + name[1:]
		s := w.Structures[structure]
		if i < len(path)-1 {
			structure = strings.TrimPrefix(s.Members[name], "[]")
			continue
		}
		if !slices.Contains(s.Required, name) {
			s.Required = append(s.Required, name)
			slices.Sort(s.Required)
			w.Structures[structure] = s
		}
	}
}
