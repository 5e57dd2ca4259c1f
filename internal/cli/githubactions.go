package cli

import (
	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/console"
	"github.com/tagboat/tagboat/internal/githubactions"
)

// annotate says in GitHub Actions, beside the run, which deployments did not end well.
// The runner reads commands from both streams, so a JSON document stays one.
// https://github.com/actions/runner/blob/main/src/Runner.Worker/Handlers/ScriptHandler.cs
func (f *frame) annotate(deployments []tagboat.Deployment) {
	if !githubactions.Inside(f.getenv) {
		return
	}
	say := f.log.Printf
	if f.json() {
		say = f.log.Talkf
	}
	for _, line := range githubactions.Annotations(deployments) {
		say("%s\n", line)
	}
}

// annotateErrors says in GitHub Actions, beside the run and the lines of the user's files,
// what a command ended in.
func (f *frame) annotateErrors(err error) {
	if !githubactions.Inside(f.getenv) {
		return
	}
	for _, line := range githubactions.Errors(console.Each(err)) {
		f.log.Talkf("%s\n", line)
	}
}

// folded writes what write does, in GitHub Actions as a group of the log.
func (f *frame) folded(title string, write func()) {
	if !githubactions.Inside(f.getenv) {
		write()
		return
	}
	githubactions.Group(f.log.Out, title, func() {
		guarded := f.Streams
		f.Streams = f.log // in a group the runner takes no commands, so that text can stay as it is
		write()
		f.Streams = guarded
	})
}

// summarize adds to the job's summary in GitHub Actions. What was done is done, so a
// failure is only noted.
func (f *frame) summarize(pieces []string) {
	file := f.getenv("GITHUB_STEP_SUMMARY")
	if !githubactions.Inside(f.getenv) || file == "" {
		return
	}
	if err := githubactions.AppendSummary(file, pieces); err != nil {
		f.notice(err.Error())
	}
}
