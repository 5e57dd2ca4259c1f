package ecs_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/ecs"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

// FuzzRegister registers anything. What is taken can be described, and registering the
// description again changes nothing in it.
func FuzzRegister(f *testing.F) {
	f.Add([]byte(`{"family":"f","containerDefinitions":[{"name":"a","image":"b","memory":6}]}`))
	f.Add([]byte(`{"family":"f","cpu":"1 vcpu","memory":"2GB","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],
		"containerDefinitions":[{"name":"a","image":"b@` + goodDigest + `","portMappings":[{"containerPort":80},{"containerPortRange":"1-2"}],"healthCheck":{"command":["CMD","x"]}}]}`))
	f.Add([]byte(`{"family":"f","containerDefinitions":[null]}`))
	f.Add([]byte(`{"family":"f","containerDefinitions":[{"name":"a","image":"b","memory":6,"portMappings":[null],"healthCheck":null}],"volumes":null,"tags":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		w := &world{}
		operations := ecs.New(ecs.Deps{Clock: clock.NewManual(start), Images: w, Logs: w, Targets: w}).Service().Operations
		call := func(operation string, body []byte) (taken, bool) {
			request := &wire.Request{JSON: body, Caller: wire.Caller{Scope: wire.Scope{Account: wiretest.Account, Region: wiretest.Region}}}
			out, err := operations[operation](t.Context(), request)
			var refused *wire.Error
			if errors.As(err, &refused) {
				return taken{}, false
			}
			if err != nil {
				t.Fatalf("%s: %v", operation, err)
			}
			data := expect.Value(json.Marshal(out))(t)
			var answer taken
			expect.OK(t, json.Unmarshal(data, &answer))
			return answer, true
		}
		first, ok := call("RegisterTaskDefinition", body)
		if !ok {
			return
		}
		family := expect.Value(json.Marshal(map[string]string{"taskDefinition": string(first.TaskDefinition["family"][1 : len(first.TaskDefinition["family"])-1])}))(t)
		described, ok := call("DescribeTaskDefinition", family)
		if !ok {
			t.Fatalf("a registered definition cannot be described: %s", body)
		}
		again := expect.Value(json.Marshal(described.TaskDefinition))(t)
		second, ok := call("RegisterTaskDefinition", again)
		if len(again) < 64<<10 && (!ok || string(second.TaskDefinition["containerDefinitions"]) != string(first.TaskDefinition["containerDefinitions"])) {
			t.Errorf("registered again, %s became %s", first.TaskDefinition["containerDefinitions"], second.TaskDefinition["containerDefinitions"])
		}
	})
}

type taken struct {
	TaskDefinition map[string]json.RawMessage `json:"taskDefinition"`
}
