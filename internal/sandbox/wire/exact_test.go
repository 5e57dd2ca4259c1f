package wire_test

import (
	"encoding/json"
	"testing"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

func TestLowerCamel(t *testing.T) {
	for field, want := range map[string]string{
		"Cluster": "cluster", "ServiceARN": "serviceArn", "TaskARNs": "taskArns", "CPU": "cpu", "CPUArchitecture": "cpuArchitecture",
		"RuntimePlatform": "runtimePlatform", "AutoScalingGroupARN": "autoScalingGroupArn", "InstanceID": "instanceId", "IpcMode": "ipcMode",
	} {
		expect.EqualIn(t, field, want, wire.LowerCamel(field))
	}
}

// TestExact takes out what is misspelt by a letter's case, however deep, and leaves alone
// what is unknown and what is no structure.
func TestExact(t *testing.T) {
	type inner struct {
		Name string
		ARN  string `json:"theArn"`
	}
	type shape struct {
		inner
		List  []inner
		Map   map[string]inner
		Point *inner
		Raw   json.RawMessage
	}
	for in, want := range map[string]string{
		`{"name":"a","theArn":"b","Name":"c","thearn":"d","other":1,"Other":2}`: `{"Other":2,"name":"a","other":1,"theArn":"b"}`,
		`{"list":[{"name":"a"},{"NAME":"b","x":1}],"List":[]}`:                  `{"list":[{"name":"a"},{"x":1}]}`,
		`{"map":{"Name":{"name":"a","naMe":"b"}}}`:                              `{"map":{"Name":{"name":"a"}}}`,
		`{"point":{"Name":"a"},"raw":{"Name":"a","LIST":1}}`:                    `{"point":{},"raw":{"Name":"a","LIST":1}}`,
		`{ "name" : "a" }`: `{ "name" : "a" }`,
		`{"list":3}`:       `{"list":3}`,
		`null`:             `null`,
		`{`:                `{`,
	} {
		got := string(wire.Exact(json.RawMessage(in), &shape{}, wire.LowerCamel))
		expect.EqualIn(t, in, want, got)
	}
}
