package explain

import (
	"fmt"
	"strings"

	"github.com/tagboat/tagboat/internal/ecs"
)

// exitMeaning says what an exit code tells by convention: of the shell, and of
// Docker for signals (128 and the signal's number).
func exitMeaning(code int) (words, advice string) {
	switch code {
	case 0:
		return "it ended without an error", "an essential container must keep running: is its command a server?"
	case 125:
		return "the container could not be created", "see the container's reason"
	case 126:
		return "its command cannot be executed", "check the file's mode and the image's platform"
	case 127:
		return "its command was not found", "correct command or entryPoint in the task definition"
	case 134:
		return "it aborted (SIGABRT)", "see the last lines of its log"
	case 137:
		return "it was killed (SIGKILL)", "it used too much memory or did not stop within stopTimeout"
	case 139:
		return "it crashed (SIGSEGV)", "see the last lines of its log"
	case 143:
		return "it was told to stop (SIGTERM)", "see who stopped it"
	default:
		return "", "see the last lines of its log"
	}
}

// outOfMemory tells whether ECS says that the container used up its memory.
func outOfMemory(c ecs.Container) bool { return strings.Contains(c.Reason, "OutOfMemory") }

// exited describes a container that ended: its name, its exit code, its reason.
func exited(c ecs.Container) Finding {
	if outOfMemory(c) {
		return Finding{
			Cause:     fmt.Sprintf("container %s used more memory than it may (exit code %d)", c.Name, *c.ExitCode),
			Evidence:  c.Reason,
			Advice:    "raise memory in the task definition, or find what uses it up",
			Container: c.Name,
			Class:     Yours,
			about:     aboutMemory,
		}
	}
	words, advice := exitMeaning(*c.ExitCode)
	cause := fmt.Sprintf("container %s exited with code %d", c.Name, *c.ExitCode)
	if words != "" {
		cause += ": " + words
	}
	return Finding{Cause: cause, Evidence: c.Reason, Advice: advice, Container: c.Name, Class: Yours}
}
