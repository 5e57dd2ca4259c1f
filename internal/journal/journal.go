// Package journal keeps the history of what Tagboat changed in a CloudWatch log group,
// one event a line and one stream an environment, where nothing is ever changed again.
// Parameter Store keeps a hundred versions of a parameter; the journal keeps all that the
// log group's retention lets it.
//
// The journal says what happened and decides nothing. An event that cannot be written
// does not undo what it tells of.
package journal

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
)

// Log is CloudWatch Logs as the journal needs it.
type Log interface {
	// Append writes lines, oldest first. The error wraps ecs.ErrNotFound where the group
	// or the stream is not there.
	Append(ctx context.Context, group, stream string, lines []ecs.LogLine) error
	// Create makes the group and the stream; what is there already stays.
	Create(ctx context.Context, group, stream string, retentionDays int) error
	// Backward yields the lines of a stream between two times, newest first, and reads only
	// as far as they are taken; none where the group or the stream is not there. An error
	// ends it.
	Backward(ctx context.Context, group, stream string, from, to time.Time) iter.Seq2[ecs.LogLine, error]
}

// Journal is the journal of one application in one place.
type Journal struct {
	Log           Log
	Group         string
	RetentionDays int // 0 keeps events for ever
}

// Write appends events of one environment. It is one call once the stream exists.
func (j Journal) Write(ctx context.Context, events ...tagboat.Event) error {
	if len(events) == 0 {
		return nil
	}
	var lines []ecs.LogLine
	for _, e := range events {
		line, err := json.Marshal(short(e))
		if err != nil {
			return fmt.Errorf("writing an event: %w", err)
		}
		lines = append(lines, ecs.LogLine{At: e.At, Message: string(line)})
	}
	slices.SortStableFunc(lines, func(a, b ecs.LogLine) int { return a.At.Compare(b.At) })
	stream := Stream(events[0].Environment)
	err := j.Log.Append(ctx, j.Group, stream, lines)
	if errors.Is(err, ecs.ErrNotFound) {
		if err := j.Log.Create(ctx, j.Group, stream, j.RetentionDays); err != nil {
			return fmt.Errorf("creating the journal %s: %w", j.Group, err)
		}
		err = j.Log.Append(ctx, j.Group, stream, lines)
	}
	if err != nil {
		return fmt.Errorf("writing to the journal %s: %w", j.Group, err)
	}
	return nil
}

// maxMessage is how much of a message is kept, in bytes: CloudWatch Logs takes a megabyte a
// line, and a character may become six in JSON.
const maxMessage = 32 << 10

// short returns an event that fits into a line.
func short(e tagboat.Event) tagboat.Event {
	if len(e.Message) > maxMessage {
		e.Message = strings.ToValidUTF8(e.Message[:maxMessage], "") + "…"
	}
	return e
}

// Parse reads an event, and tells whether the line is one.
func Parse(line string) (tagboat.Event, bool) {
	var e tagboat.Event
	if json.Unmarshal([]byte(line), &e) != nil || e.ID == "" || e.Command == "" || e.At.IsZero() {
		return tagboat.Event{}, false
	}
	return e, true
}

// everywhere is the stream of what happened in no environment, such as a new tag.
const everywhere = "registry"

// Stream returns the name of an environment's stream.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogStream.html
func Stream(env tagboat.EnvName) string {
	return strings.NewReplacer(":", "-", "*", "-").Replace(cmp.Or(string(env), everywhere))
}

// Build is what a CI system says of itself in its environment.
type Build struct {
	Actor  string
	Commit string
	Run    string // address
}

// SessionName returns what the session of a role is called where a run of GitHub Actions
// assumes it; "" elsewhere, where the caller's own name says more.
// https://docs.github.com/en/actions/reference/workflows-and-actions/variables
func SessionName(getenv func(string) string) string {
	run := getenv("GITHUB_RUN_ID")
	if getenv("GITHUB_ACTIONS") == "" || run == "" {
		return ""
	}
	return "gha-" + run
}

// system is one CI system: the variable that tells that it is there, and those that it
// documents.
type system struct {
	present       string
	actor, commit string
	run           []string // parts of the address: names of variables, and texts that begin with a slash
}

// systems are the CI systems that say who, what and where.
//
//   - https://docs.github.com/en/actions/reference/workflows-and-actions/variables
//   - https://docs.gitlab.com/ci/variables/predefined_variables/
//   - https://circleci.com/docs/reference/variables/
//   - https://buildkite.com/docs/pipelines/configure/environment-variables
//   - https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
//   - https://learn.microsoft.com/en-us/azure/devops/pipelines/build/variables
//   - https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
//   - https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables
func systems() []system {
	return []system{
		{"GITHUB_ACTIONS", "GITHUB_ACTOR", "GITHUB_SHA", []string{"GITHUB_SERVER_URL", "/", "GITHUB_REPOSITORY", "/actions/runs/", "GITHUB_RUN_ID"}},
		{"GITLAB_CI", "GITLAB_USER_LOGIN", "CI_COMMIT_SHA", []string{"CI_JOB_URL"}},
		{"CIRCLECI", "CIRCLE_USERNAME", "CIRCLE_SHA1", []string{"CIRCLE_BUILD_URL"}},
		{"BUILDKITE", "BUILDKITE_BUILD_CREATOR", "BUILDKITE_COMMIT", []string{"BUILDKITE_BUILD_URL"}},
		{"CODEBUILD_BUILD_ID", "CODEBUILD_INITIATOR", "CODEBUILD_RESOLVED_SOURCE_VERSION", []string{"CODEBUILD_BUILD_URL"}},
		{"TF_BUILD", "BUILD_REQUESTEDFOR", "BUILD_SOURCEVERSION", []string{"SYSTEM_COLLECTIONURI", "SYSTEM_TEAMPROJECT", "/_build/results?buildId=", "BUILD_BUILDID"}},
		{"BITBUCKET_BUILD_NUMBER", "BITBUCKET_STEP_TRIGGERER_UUID", "BITBUCKET_COMMIT", []string{"BITBUCKET_GIT_HTTP_ORIGIN", "/pipelines/results/", "BITBUCKET_BUILD_NUMBER"}},
		{"JENKINS_URL", "", "GIT_COMMIT", []string{"BUILD_URL"}},
	}
}

// BuildOf returns what the CI system says that Tagboat runs in; the zero value outside of
// one. It looks at nothing but the variables that are named for that.
func BuildOf(getenv func(string) string) Build {
	for _, s := range systems() {
		if getenv(s.present) == "" {
			continue
		}
		b := Build{Commit: getenv(s.commit)}
		if s.actor != "" {
			b.Actor = getenv(s.actor)
		}
		for _, part := range s.run {
			if part[0] == '/' {
				b.Run += part
			} else {
				b.Run += getenv(part)
			}
		}
		b.Run = address(b.Run)
		return b
	}
	return Build{}
}

// address returns an address without what may be secret in it; "" for what is none.
func address(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return ""
	}
	u.User = nil
	return u.String()
}

// Request says which events are wanted.
type Request struct {
	Environments []tagboat.EnvName
	From, To     time.Time                // From included, To not
	Wanted       func(tagboat.Event) bool // nil for all
	Newest       int                      // enough of them, 0 for all
}

// skew is how far apart two writers' clocks may be: each follows AWS's, to the second.
const skew = time.Minute

// Read returns the events that are wanted, oldest first. Where so many of the newest are
// enough, it reads no further than it takes to have these, and whatever tells of the same
// changes as these do. Lines that are no events are left out.
func (j Journal) Read(ctx context.Context, r Request) ([]tagboat.Event, error) {
	var streams []iter.Seq2[ecs.LogLine, error]
	for _, env := range r.Environments {
		streams = append(streams, j.Log.Backward(ctx, j.Group, Stream(env), r.From, r.To))
	}
	var events []tagboat.Event
	counted := map[string]bool{}
	var enough time.Time // when the last one that is needed happened
	for line, err := range backward(streams) {
		if err != nil {
			return nil, fmt.Errorf("reading the journal %s: %w", j.Group, err)
		}
		if line.At.Before(enough.Add(-skew)) {
			break
		}
		e, ok := Parse(line.Message)
		if !ok || r.Wanted != nil && !r.Wanted(e) {
			continue
		}
		events = append(events, e)
		if counted[e.ID] = true; len(counted) == r.Newest && enough.IsZero() {
			enough = line.At
		}
	}
	slices.Reverse(events)
	slices.SortStableFunc(events, func(a, b tagboat.Event) int { return a.At.Compare(b.At) })
	return events, nil
}

// backward yields the lines of streams that are sorted, the newest first. Of lines of the
// same time, those of the last stream come first.
func backward(streams []iter.Seq2[ecs.LogLine, error]) iter.Seq2[ecs.LogLine, error] {
	return func(yield func(ecs.LogLine, error) bool) {
		type head struct {
			line ecs.LogLine
			err  error
			next func() (ecs.LogLine, error, bool)
		}
		var heads []head
		for _, stream := range streams {
			next, stop := iter.Pull2(stream)
			defer stop()
			if line, err, ok := next(); ok {
				heads = append(heads, head{line, err, next})
			}
		}
		for len(heads) > 0 {
			newest := 0
			for i, h := range heads {
				if h.err != nil || !h.line.At.Before(heads[newest].line.At) {
					newest = i
				}
			}
			h := &heads[newest]
			if !yield(h.line, h.err) || h.err != nil {
				return
			}
			var ok bool
			if h.line, h.err, ok = h.next(); !ok {
				heads = slices.Delete(heads, newest, newest+1)
			}
		}
	}
}
