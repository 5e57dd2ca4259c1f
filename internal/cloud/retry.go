package cloud

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/wait"
)

// How often a call is made before it fails. The SDK's own three are too few where others share
// the account's rates. What AWS throttles was not done, and gets its turn when others have had
// theirs: it is asked for some five minutes before it fails.
const (
	maxAttempts       = 8
	throttledAttempts = 24
)

// How long to wait after a first failure; each one after it doubles that, to the longest.
const (
	throttledWait = 500 * time.Millisecond
	failedWait    = 200 * time.Millisecond
	longestWait   = 20 * time.Second
)

// isThrottle reports whether AWS said that calls come too often. The SDK counts a real
// quota, LimitExceededException, among those; waiting does not help there.
func isThrottle(err error) bool {
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() == quotaCode {
		return false
	}
	_, known := retry.DefaultThrottleErrorCodes[e.ErrorCode()]
	return known || e.ErrorCode() == tooManyUpdates
}

const (
	quotaCode = "LimitExceededException"
	// tooManyUpdates is about one parameter that others write too, not about a rate.
	// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
	tooManyUpdates = "TooManyUpdates"
)

// newRetryer returns the SDK's standard retryer with more patience. It has no budget for
// retries: pacing keeps us within AWS's rates, and a poll must not fail because of the
// ones before it.
func newRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = throttledAttempts
		o.Backoff = retry.BackoffDelayerFunc(backoff)
		o.RateLimiter = ratelimit.None
		o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(retryable)}, o.Retryables...)
	})
}

// backoff returns how long to wait before an attempt is made again, somewhat random so
// that calls which failed together do not come back together.
// What failed for the last time is no more waited for: then it returns the error.
func backoff(attempt int, err error) (time.Duration, error) {
	if attempt >= maxAttempts && !isThrottle(err) {
		return 0, err
	}
	pause := failedWait
	if isThrottle(err) {
		pause = throttledWait
	}
	pause = min(pause<<max(attempt-1, 0), longestWait)
	pause = pause/2 + rand.N(pause/2)
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) && answer.Response != nil && answer.Response.Response != nil {
		asked, _ := wait.Asked(answer.Response.Header, longestWait)
		pause = max(pause, asked)
	}
	return pause, nil
}

// retryable knows what may be tried again beyond the SDK's list, and what it is no use
// to: where nothing listens, somebody forgot to start a sandbox.
func retryable(err error) aws.Ternary {
	var status interface{ HTTPStatusCode() int }
	var api smithy.APIError
	switch {
	case notSent(err), errors.Is(err, syscall.ECONNREFUSED), errors.As(err, &api) && api.ErrorCode() == quotaCode:
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

// onceSent is the retryer of calls that do something new each time, or undo what somebody
// else did meanwhile: what may have taken effect is not tried again.
func onceSent(r aws.Retryer) aws.Retryer { return onceRetryer{r} }

// sentOnce is onceSent as an option of a call.
func sentOnce(o *awsecs.Options) { o.Retryer = onceSent(o.Retryer) }

// afterOnce explains the error of a call that was sent once. It wraps ecs.ErrAmbiguous
// where nobody knows whether the call took effect.
func afterOnce(err error) error {
	if ambiguous(err) {
		return fmt.Errorf("%w: %w", ecs.ErrAmbiguous, translate(err))
	}
	return translate(err)
}

type onceRetryer struct{ aws.Retryer }

func (o onceRetryer) IsErrorRetryable(err error) bool {
	return !ambiguous(err) && o.Retryer.IsErrorRetryable(err)
}

// ambiguous reports whether a call that ended in err may have taken effect: it went out,
// and the answer got lost or says that AWS itself does not know.
func ambiguous(err error) bool {
	if err == nil || notSent(err) || isThrottle(err) || untrusted(err) {
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
