package cloud

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/ecs"
)

// translate turns an error of the SDK into one that says operation, code, message and
// request, what it means and what to do. It wraps ecs.ErrNotFound where AWS does not
// have something, an ecs.RefusedError where AWS does not let the caller, and whatever the SDK's
// error wraps.
func translate(err error) error {
	if err == nil {
		return nil
	}
	var ours *tagboat.Error
	if errors.As(err, &ours) {
		return ours
	}
	e := &tagboat.Error{Kind: tagboat.Internal, Msg: describe(err), Err: err}
	var api smithy.APIError
	switch {
	case errors.As(err, &api):
		if notDone(err) {
			e.Err = fmt.Errorf("%w: %w", ecs.ErrNotDone, e.Err)
		}
		advise(e, api)
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Hint = "nothing listens there; if AWS_ENDPOINT_URL names a sandbox, start it: tagboat sandbox"
	case strings.Contains(err.Error(), "get credentials:"):
		e.Kind = tagboat.Usage
		e.Hint = "no AWS credentials were found or they cannot be renewed; set AWS_PROFILE, or log in with aws sso login, and try aws sts get-caller-identity"
	}
	return e
}

// notDone reports whether AWS answered that it did not do what was asked, for another reason
// than the rate of calls.
func notDone(err error) bool {
	var answer *awshttp.ResponseError
	return errors.As(err, &answer) && answer.HTTPStatusCode() >= 400 && answer.HTTPStatusCode() < 500 && !isThrottle(err)
}

// describe says what happened without the SDK's layers.
func describe(err error) string {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return err.Error()
	}
	s := fmt.Sprintf("%s: %s: %s", operationIn(err), api.ErrorCode(), api.ErrorMessage())
	var answer *awshttp.ResponseError
	if errors.As(err, &answer) && answer.RequestID != "" {
		s += fmt.Sprintf(" (request %s)", answer.RequestID)
	}
	return s
}

// operationIn returns the innermost operation: a call may fail in the one that gets its
// credentials.
func operationIn(err error) string {
	name := "AWS"
	var e *smithy.OperationError
	for errors.As(err, &e) {
		name = serviceName(e.ServiceID) + "." + e.OperationName
		err = e.Err
	}
	return name
}

// advise adds what is known about an error code.
func advise(e *tagboat.Error, api smithy.APIError) {
	code := api.ErrorCode()
	switch {
	case isNotFound(api):
		e.Err = fmt.Errorf("%w: %w", ecs.ErrNotFound, e.Err)
	case isThrottle(api):
		e.Hint = "AWS kept refusing because of too many requests in this account and region; try again later"
	case strings.HasPrefix(code, "AccessDenied"), code == "UnauthorizedOperation":
		action := actionOf(operationIn(e.Err))
		e.Err = fmt.Errorf("%w: %w", ecs.RefusedError{Action: action}, e.Err)
		e.Hint = "the caller's policy does not allow " + action + ": tagboat generate iam-policy prints one that does; aws sts get-caller-identity says who the caller is"
	}
	switch code {
	case "ClusterNotFoundException":
		e.Kind = tagboat.Usage
		e.Hint = "correct the environment's cluster, region or account in tagboat.yaml, or create it: aws ecs create-cluster --cluster-name NAME"
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired":
		e.Err = fmt.Errorf("%w: %w", ecs.RefusedError{Action: actionOf(operationIn(e.Err))}, e.Err)
		e.Hint = "the AWS credentials have expired; renew them, for example with aws sso login"
	case "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidSignatureException":
		e.Err = fmt.Errorf("%w: %w", ecs.RefusedError{Action: actionOf(operationIn(e.Err))}, e.Err)
		e.Hint = "AWS does not know the credentials; check AWS_PROFILE and AWS_ACCESS_KEY_ID with aws sts get-caller-identity"
	}
}

// isRefused reports whether AWS does not let the caller do something.
func isRefused(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && (strings.HasPrefix(api.ErrorCode(), "AccessDenied") || api.ErrorCode() == "UnauthorizedOperation")
}

// actionOf returns the action that IAM knows an operation by.
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
func actionOf(operation string) string {
	service, name, _ := strings.Cut(operation, ".")
	if service == "elb" {
		service = "elasticloadbalancing"
	}
	return service + ":" + name
}

// isNotFound reports whether AWS does not have what was asked for. ECS says it of task
// definitions with a ClientException.
func isNotFound(api smithy.APIError) bool {
	switch code := api.ErrorCode(); code {
	case "ClientException":
		return strings.Contains(api.ErrorMessage(), "Unable to describe task definition")
	case "ResourceNotFoundException", "ResourceNotFound", "ClusterNotFoundException", "ServiceNotFoundException", "ServiceDeploymentNotFoundException",
		"ParameterNotFound", "TargetGroupNotFound", "TargetGroupNotFoundException":
		return true
	default:
		return false
	}
}

func hasCode(err error, code string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == code
}
