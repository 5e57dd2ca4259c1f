package cloud

import (
	"errors"
	"strconv"
	"strings"
	"time"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// retryAfter returns how long an answer asks to wait, in whole seconds, or zero.
// https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
func retryAfter(err error) time.Duration {
	var answer *smithyhttp.ResponseError
	if !errors.As(err, &answer) || answer.Response == nil || answer.Response.Response == nil {
		return 0
	}
	seconds, err := strconv.Atoi(answer.Response.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(min(seconds, int(longestWait/time.Second))) * time.Second
}

// say tells of an operation of ECR that has to wait. Those of ECS do so all the time while
// services roll, where progress shows it.
func (c *Cloud) say(operation string) {
	if c.notice != nil && strings.HasPrefix(operation, "ecr.") {
		c.notice(operation + ": AWS has too many requests; asking again")
	}
}
