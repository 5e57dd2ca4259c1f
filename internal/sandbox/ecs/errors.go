package ecs

import (
	"errors"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// The errors that most operations share.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html

func refused(code, format string, args ...any) error {
	return wire.Errorf(code, format, args...)
}

func clientError(format string, args ...any) error {
	return wire.Errorf("ClientException", format, args...)
}

func invalidParameter(format string, args ...any) error {
	return wire.Errorf("InvalidParameterException", format, args...)
}

func clusterNotFound() error {
	return wire.Errorf("ClusterNotFoundException", "Cluster not found.")
}

func serviceNotFound() error {
	return wire.Errorf("ServiceNotFoundException", "Service not found.")
}

func serviceNotActive() error {
	return wire.Errorf("ServiceNotActiveException", "Service was not ACTIVE.")
}

// failure is one record of an answer that says what could not be found.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
type failure struct {
	ARN    string `json:"arn"`
	Reason string `json:"reason"`
	Detail string `json:"detail,omitempty"`
}

func missing(arn string) failure { return failure{ARN: arn, Reason: "MISSING"} }

// asInvalid turns a ClientException into the InvalidParameterException that RunTask
// has for the same message about an inactive task definition.
func asInvalid(err error) error {
	var e *wire.Error
	if errors.As(err, &e) && e.Message == definitionInactive {
		return invalidParameter(definitionInactive)
	}
	return err
}

const definitionInactive = "TaskDefinition is inactive"
