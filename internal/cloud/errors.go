package cloud

import (
	"errors"
	"fmt"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
)

// translate turns an error of the SDK into one that says what happened, where and as whom,
// and what to do. It wraps ecs.ErrNotFound where AWS does not have something, an
// ecs.RefusedError where AWS does not let the caller, and whatever the SDK's error wraps.
func translate(err error) error {
	if err == nil {
		return nil
	}
	var ours *tagboat.Error
	if errors.As(err, &ours) {
		return ours
	}
	f := failureOf(err)
	known := f.known()
	e := &tagboat.Error{Kind: known.kind, Msg: known.message(f), Err: err}
	if known.hint != nil {
		e.Hint = known.hint(f)
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return e
	}
	if notDone(err) {
		e.Err = fmt.Errorf("%w: %w", ecs.ErrNotDone, e.Err)
	}
	if isNotFound(api) {
		e.Err = fmt.Errorf("%w: %w", ecs.ErrNotFound, e.Err)
	}
	if known.refusal {
		e.Err = fmt.Errorf("%w: %w", ecs.RefusedError{Action: f.action()}, e.Err)
	}
	return e
}

// failure is what is known of a call that failed.
type failure struct {
	at        whereabouts
	operation string // the innermost one: a call may fail in the one that gets its credentials
	code      string // of AWS's answer; "" where there was none
	text      string // AWS's words, or the innermost error's
	request   string // id; "" where there was none
	err       error
}

func failureOf(err error) failure {
	f := failure{at: whereOf(err), operation: operationIn(err), err: err}
	var api smithy.APIError
	if !errors.As(err, &api) {
		f.text = innermost(err).Error()
		return f
	}
	f.code, f.text = api.ErrorCode(), api.ErrorMessage()
	var answer *awshttp.ResponseError
	if errors.As(err, &answer) {
		f.request = answer.RequestID
	}
	return f
}

// innermost returns the error without the SDK's layers, each of which repeats it.
func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// where returns the place as the end of a sentence: " in prod (…)".
func (f failure) where() string {
	if where := f.at.String(); where != "" {
		return " in " + where
	}
	return ""
}

// answer returns AWS's words, code and request, which a support case at AWS needs.
func (f failure) answer() string {
	s := f.text
	if f.code == "" {
		return s
	}
	s = strings.TrimSuffix(s, ".") + " (" + f.code
	if f.request != "" {
		s += ", request " + f.request
	}
	return s + ")"
}

// action returns the action that IAM knows the operation by.
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
func (f failure) action() string {
	service, name, _ := strings.Cut(f.operation, ".")
	if service == "elb" {
		service = "elasticloadbalancing"
	}
	return service + ":" + name
}

// notDone reports whether AWS answered that it did not do what was asked, for another reason
// than the rate of calls.
func notDone(err error) bool {
	var answer *awshttp.ResponseError
	return errors.As(err, &answer) && answer.HTTPStatusCode() >= 400 && answer.HTTPStatusCode() < 500 && !isThrottle(err)
}

// operationIn returns the innermost operation.
func operationIn(err error) string {
	name := "AWS"
	var e *smithy.OperationError
	for errors.As(err, &e) {
		name = serviceName(e.ServiceID) + "." + e.OperationName
		err = e.Err
	}
	return name
}

// isRefused reports whether AWS does not let the caller do something.
func isRefused(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && deniedCode(api.ErrorCode())
}

func deniedCode(code string) bool {
	return strings.HasPrefix(code, "AccessDenied") || code == "UnauthorizedOperation"
}

// clusterNotFound is the code of ECS where there is no such cluster.
const clusterNotFound = "ClusterNotFoundException"

// queueNotFound is the code of SQS where there is no such queue, as the query protocol had it.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html#API_ReceiveMessage_Errors
const queueNotFound = "AWS.SimpleQueueService.NonExistentQueue"

// isNotFound reports whether AWS does not have what was asked for. ECS says it of task
// definitions with a ClientException.
func isNotFound(api smithy.APIError) bool {
	switch code := api.ErrorCode(); code {
	case "ClientException":
		return strings.Contains(api.ErrorMessage(), "Unable to describe task definition")
	case "ValidationError":
		return noSuchStack(code, api.ErrorMessage())
	case "ResourceNotFoundException", "ResourceNotFound", clusterNotFound, "ServiceNotFoundException", "ServiceDeploymentNotFoundException",
		"ParameterNotFound", "ChangeSetNotFound", "RepositoryNotFoundException", "TargetGroupNotFound", "TargetGroupNotFoundException", queueNotFound, "QueueDoesNotExist":
		return true
	default:
		return false
	}
}

func hasCode(err error, code string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == code
}
