package explain_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tagboat/tagboat/internal/casetest"
	"github.com/tagboat/tagboat/internal/deploy/explain"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/expect"
)

// TestCases says what stands in each archive of testdata: what evidence.json comes to, task by
// task and in all, and what each line of messages means as the reason of a stopped task.
func TestCases(t *testing.T) {
	casetest.Archives(t, "testdata", func(t *testing.T, c casetest.Case) string {
		var said strings.Builder
		for _, message := range c.Lines("messages") {
			f := explain.Stopped(ecs.Task{LastStatus: ecs.Stopped, StopCode: "TaskFailedToStart", StoppedReason: message})
			fmt.Fprintf(&said, "%s\n  cause: %s\n  advice: %s\n  class: %s, lasting %t\n", message, f.Cause, f.Advice, f.Class, f.Lasting)
		}
		if data, ok := c.File("evidence.json"); ok {
			tell(t, &said, evidence(t, data))
		}
		return said.String()
	})
}

// evidence reads explain.Evidence; its logs are lists of lines by "TASK CONTAINER".
func evidence(t *testing.T, data []byte) explain.Evidence {
	t.Helper()
	var e struct {
		explain.Evidence
		Logs map[string][]ecs.LogLine
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	expect.OK(t, decoder.Decode(&e))
	e.Evidence.Logs = map[explain.Stream][]ecs.LogLine{}
	for at, lines := range e.Logs {
		task, container, _ := strings.Cut(at, " ")
		e.Evidence.Logs[explain.Stream{Task: task, Container: container}] = lines
	}
	return e.Evidence
}

func tell(t *testing.T, said *strings.Builder, e explain.Evidence) {
	t.Helper()
	for i, task := range e.Tasks {
		if task.StopCode == "" {
			continue
		}
		f := explain.Stopped(task)
		if f.Advice == "" || f.Evidence == "" {
			t.Errorf("task %d: %+v", i+1, f)
		}
		fmt.Fprintf(said, "  task %d: %s (container %q, lasting %t, counts %t)\n", i+1, f.Cause, f.Container, f.Lasting, f.Counts)
	}
	causes := explain.Causes(e)
	for _, c := range causes {
		evidence := strings.ReplaceAll(c.Evidence, "\n", "\n    ")
		fmt.Fprintf(said, "  cause: %s\n    %s\n    advice: %s\n    class: %s\n", c.Cause, evidence, c.Advice, c.Class)
	}
	if len(causes) == 0 {
		fmt.Fprintf(said, "  no cause\n")
	}
}
