package cloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/middleware"
)

// whereabouts say where a call was made, and as whom, as far as that is known.
type whereabouts struct {
	environments []string // that are there
	account      string
	region       string
	role         string // ARN; "" for the caller's own credentials
	caller       string // ARN of who the caller's own credentials are for
	profile      string // of the AWS configuration; "" where none is chosen
	source       string // what the SDK calls the place that it has the caller's credentials from
	skew         string // how far the local clock is from AWS's; "" where that does not matter
	cluster      string // that the call was about
	queue        string // URL of the one that the call was about
}

// Serve says that the session is used for an environment: errors name it.
func (s *Session) Serve(environment string) *Session {
	s.names.Lock()
	defer s.names.Unlock()
	if !slices.Contains(s.environments, environment) {
		s.environments = append(s.environments, environment)
	}
	return s
}

// whereabouts returns those of the session. It makes no call.
func (s *Session) whereabouts() whereabouts {
	s.names.Lock()
	w := whereabouts{environments: slices.Sorted(slices.Values(s.environments)), region: s.region, role: s.place.Role, profile: s.cloud.profile}
	s.names.Unlock()
	if us := s.cloud.us.Load(); us != nil {
		w.caller, w.account = us.arn, us.account
	}
	switch account := roleAccount(s.place.Role); {
	case account != "":
		w.account = account
	case w.account == "":
		w.account = s.place.Account
	}
	if skew := s.Skew(); skew.Abs() > largestSkew {
		w.skew = skewText(skew)
	}
	return w
}

// sourceOf returns what the SDK calls the place that credentials are from.
func sourceOf(ctx context.Context, credentials aws.CredentialsProvider) string {
	if credentials == nil {
		return ""
	}
	got, err := credentials.Retrieve(ctx)
	if err != nil {
		return ""
	}
	return got.Source
}

// place returns account and region as people write them.
func (w whereabouts) place() string {
	switch {
	case w.account == "":
		return w.region
	case w.region == "":
		return w.account
	default:
		return w.account + "/" + w.region
	}
}

// String returns all that is known: "prod (111111111111/eu-west-1, role arn:…)".
func (w whereabouts) String() string {
	at := w.place()
	if w.role != "" {
		at += ", role " + w.role
	}
	if name := w.name(); name != "" {
		return name + " (" + at + ")"
	}
	return at
}

// name returns the environments: all of a few, and else how many.
func (w whereabouts) name() string {
	const few = 3
	switch n := len(w.environments); {
	case n > few:
		return fmt.Sprintf("%s and %d more", strings.Join(w.environments[:few-1], ", "), n-few+1)
	case n > 1:
		return strings.Join(w.environments[:n-1], ", ") + " and " + w.environments[n-1]
	case n == 1:
		return w.environments[0]
	default:
		return ""
	}
}

// subject returns the environments as the subject of a sentence.
func (w whereabouts) subject() string {
	return cmp.Or(w.name(), "the environment")
}

// aws returns a command of the AWS command line that asks the same place as the same
// caller. It does not assume the role.
func (w whereabouts) aws(command string) string {
	s := "aws " + command
	if w.region != "" && !strings.HasPrefix(command, "account ") { // which is the same everywhere
		s += " --region " + w.region
	}
	if w.profile != "" {
		s += " --profile " + quoted(w.profile)
	}
	return s
}

// tagboat returns a command of Tagboat about the environment.
func (w whereabouts) tagboat(command string) string {
	if len(w.environments) == 0 {
		return "tagboat " + command
	}
	return "tagboat " + command + " --env " + w.environments[0]
}

// login returns the command that renews credentials of IAM Identity Center.
func (w whereabouts) login() string {
	if w.profile == "" {
		return "aws sso login"
	}
	return "aws sso login --profile " + quoted(w.profile)
}

// quoted returns a word as a shell takes it.
func quoted(word string) string {
	if !strings.ContainsFunc(word, func(r rune) bool {
		return !strings.ContainsRune("-_./:@=+,", r) && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// profileOf returns the profile that somebody chose in the environment.
func profileOf(cfg aws.Config) string {
	for _, source := range cfg.ConfigSources {
		if chosen, ok := source.(config.EnvConfig); ok {
			return chosen.SharedConfigProfile
		}
	}
	return ""
}

// callError is the error of a call, with where it was made.
type callError struct {
	err error
	at  whereabouts
}

// Error implements error.
func (e *callError) Error() string { return e.err.Error() }

// Unwrap returns the error.
func (e *callError) Unwrap() error { return e.err }

// addWhereabouts has each error of a call say where it was made.
func (s *Session) addWhereabouts(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("TagboatWhereabouts", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleInitialize(ctx, in)
		if err == nil {
			return out, metadata, nil
		}
		if hasCode(err, clusterNotFound) {
			_, _ = s.cloud.caller(ctx, s.sts) // whose account it may be
		}
		at := s.whereabouts()
		at.cluster, at.queue = memberOf(in.Parameters, "Cluster"), memberOf(in.Parameters, "QueueUrl")
		if isExpired(err) {
			at.source = sourceOf(ctx, s.own)
		}
		return out, metadata, &callError{err, at}
	}), middleware.Before)
}

// memberOf returns the text that a member of a call's input has; "" where it has none.
func memberOf(input any, name string) string {
	v := reflect.Indirect(reflect.ValueOf(input))
	if v.Kind() != reflect.Struct {
		return ""
	}
	field := v.FieldByName(name)
	if !field.IsValid() {
		return ""
	}
	text, _ := field.Interface().(*string)
	return aws.ToString(text)
}

// whereOf returns where a call was made that ended in an error.
func whereOf(err error) whereabouts {
	var located *callError
	if errors.As(err, &located) {
		return located.at
	}
	return whereabouts{}
}
