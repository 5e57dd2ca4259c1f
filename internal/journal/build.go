package journal

import "net/url"

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
