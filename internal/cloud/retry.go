package cloud

import (
	"errors"
	"net"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// maxAttempts is how often a call is made before it fails. The SDK's own three are too
// few where others share the account's rates.
const (
	maxAttempts = 8
	maxBackoff  = 20 * time.Second
)

// isThrottle tells whether AWS said that calls come too often. The SDK counts a real
// quota, LimitExceededException, among those; waiting does not help there.
func isThrottle(err error) bool {
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() == quotaCode {
		return false
	}
	_, known := retry.DefaultThrottleErrorCodes[e.ErrorCode()]
	return known || e.ErrorCode() == "TooManyUpdates"
}

const quotaCode = "LimitExceededException"

// newRetryer returns the SDK's standard retryer with more patience. It has no budget for
// retries: pacing keeps us within AWS's rates, and a poll must not fail because of the
// ones before it.
func newRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = maxAttempts
		o.MaxBackoff = maxBackoff
		o.RateLimiter = ratelimit.None
		o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(retryable)}, o.Retryables...)
	})
}

// retryable knows what may be tried again beyond the SDK's list.
func retryable(err error) aws.Ternary {
	var status interface{ HTTPStatusCode() int }
	var api smithy.APIError
	switch {
	case notSent(err), errors.As(err, &api) && api.ErrorCode() == quotaCode:
		return aws.FalseTernary
	case isThrottle(err) || isConcurrentRevision(err):
		return aws.TrueTernary
	case errors.As(err, &status) && status.HTTPStatusCode() == 429:
		return aws.TrueTernary
	default:
		return aws.UnknownTernary
	}
}

// isConcurrentRevision recognises what ECS says where a family gets two revisions at the
// same time: a ClientException like many that must not be tried again.
// https://github.com/PrefectHQ/prefect/issues/21351
func isConcurrentRevision(err error) bool {
	var e smithy.APIError
	return errors.As(err, &e) && e.ErrorCode() == "ClientException" &&
		strings.Contains(e.ErrorMessage(), "Too many concurrent attempts to create a new revision")
}

// onceSent is the retryer of calls that do something new each time: what may have taken
// effect is not tried again.
func onceSent(r aws.Retryer) aws.Retryer { return once{r} }

type once struct{ aws.Retryer }

func (o once) IsErrorRetryable(err error) bool {
	return !ambiguous(err) && o.Retryer.IsErrorRetryable(err)
}

// ambiguous tells whether a call that ended in err may have taken effect: it went out,
// and the answer got lost or says that AWS itself does not know.
func ambiguous(err error) bool {
	if err == nil || notSent(err) || isThrottle(err) {
		return false
	}
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return false
	}
	var answer *smithyhttp.ResponseError
	var api smithy.APIError
	if errors.As(err, &answer) && (errors.As(err, &api) || answer.HTTPStatusCode() >= 300) {
		return answer.HTTPStatusCode() >= 500
	}
	var sending *smithyhttp.RequestSendError
	var canceled *smithy.CanceledError
	return errors.As(err, &sending) || errors.As(err, &canceled) || answer != nil
}
