// Package githubactions tells GitHub Actions how deployments ended: annotations that
// stand beside the run, groups that fold in its log, and the job's summary in Markdown.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
package githubactions

// Inside tells whether this process runs in a step of GitHub Actions.
// https://docs.github.com/en/actions/reference/workflows-and-actions/variables
func Inside(getenv func(string) string) bool { return getenv("GITHUB_ACTIONS") == "true" }
