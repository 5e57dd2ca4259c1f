package cloud

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/iam"
)

// knownFailure is a kind of failure that has words of its own.
type knownFailure struct {
	is      func(failure) bool
	kind    tagboat.Kind
	message func(failure) string
	hint    func(failure) string // nil for none
	refusal bool                 // asking again is no use until somebody allows it
}

// known returns what is known of a failure. The first that fits counts.
func (f failure) known() knownFailure {
	all := knownFailures()
	return all[slices.IndexFunc(all, func(k knownFailure) bool { return k.is(f) })]
}

// knownFailures are all kinds, the last of which is any other failure.
//
//   - https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html
//   - https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
//   - https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html#API_PutParameter_Errors
func knownFailures() []knownFailure {
	return []knownFailure{
		{is: cancelled, message: func(f failure) string { return f.operation + f.where() + ": " + f.text }},
		{is: ssoExpired, kind: tagboat.Usage, message: says("no valid login of IAM Identity Center (SSO) for %[1]s"), hint: func(f failure) string { return f.at.login() }},
		{is: noCredentials, kind: tagboat.Usage, message: says("no AWS credentials were found for %[1]s"), hint: chooseCredentials},
		{is: clockIsOff, message: says("the clock of this machine is wrong, and AWS refuses %[2]s in %[1]s: %[3]s"), hint: setClock, refusal: true},
		{is: func(f failure) bool { return isExpired(f.err) }, message: says("the AWS credentials have expired: %[2]s in %[1]s is refused: %[3]s"), hint: renewCredentials, refusal: true},
		{is: code("InvalidClientTokenId", "UnrecognizedClientException", "MissingAuthenticationToken", "MissingAuthenticationTokenException", "IncompleteSignature"),
			message: says("AWS does not know these credentials in %[1]s: %[3]s"), hint: whoAndRegion, refusal: true},
		{is: code("SignatureDoesNotMatch", "InvalidSignatureException"), message: says("the secret key does not match the access key, or a proxy changes requests: %[2]s in %[1]s is refused: %[3]s"), hint: whoIsIt, refusal: true},
		{is: code("OptInRequired", "SubscriptionRequiredException", "RegionDisabledException"), kind: tagboat.Usage, message: says("the account has not enabled this region or service: %[2]s in %[1]s is refused: %[3]s"), hint: isRegionOn, refusal: true},
		{is: mayNotAssume, message: mayNotAssumeText, hint: trust, refusal: true},
		{is: keyUnusable, message: says("the KMS key cannot be used for %[2]s in %[1]s: %[3]s"), hint: func(f failure) string {
			return "the key must exist, be enabled, and its policy allow the caller: " + f.at.aws("kms list-aliases")
		}},
		{is: func(f failure) bool { return deniedCode(f.code) }, message: says("the caller may not call %[2]s in %[1]s: %[3]s"), hint: allow, refusal: true},
		{is: code(clusterNotFound), kind: tagboat.Usage, message: noCluster, hint: findCluster},
		{is: code(queueNotFound, "QueueDoesNotExist"), kind: tagboat.Usage, message: noQueue, hint: func(f failure) string {
			return "correct watch.queue in tagboat.yaml, or create the queue; list those that exist: " + f.at.aws("sqs list-queues")
		}},
		{is: func(f failure) bool { return isThrottle(f.err) }, message: says("too many requests: AWS throttled every attempt at %[2]s in %[1]s: %[3]s"), hint: always(
			"all programs in an account and region share its rates; try again later")},
		{is: func(f failure) bool {
			return strings.Contains(f.code, "Polic") && strings.HasPrefix(f.operation, "ssm.")
		},
			message: says("Parameter Store refuses the parameter's policies (expiration, notification): %[2]s in %[1]s: %[3]s"), hint: func(f failure) string {
				return "only advanced parameters have policies, at most ten each: " + f.at.aws("ssm describe-parameters")
			}},
		{is: serverError, message: says("AWS itself failed at %[2]s in %[1]s: %[3]s"), hint: always("try again; https://health.aws.amazon.com/health/status says what AWS knows of it")},
		{is: func(f failure) bool { return f.code != "" }, message: says("%[2]s in %[1]s: %[3]s")},
		{is: func(f failure) bool { return errors.Is(f.err, syscall.ECONNREFUSED) }, message: says("nothing listens at %[4]s: %[2]s in %[1]s was not sent"), hint: always(
			"if AWS_ENDPOINT_URL names a sandbox, start it: tagboat sandbox")},
		{is: unresolved, message: says("there is no host %[4]s: %[2]s in %[1]s was not sent"), hint: func(f failure) string {
			return "correct the region where it is misspelt, in tagboat.yaml or AWS_REGION, or mend the network; the regions: " + f.at.aws("account list-regions")
		}},
		{is: func(f failure) bool { return untrusted(f.err) }, message: says("the certificate of %[4]s is not trusted: %[2]s in %[1]s was not sent: %[3]s"), hint: always(
			"behind a proxy that opens TLS, set AWS_CA_BUNDLE to the file of its certificate")},
		{is: func(f failure) bool { return hostOf(f.err) != "" }, message: says("%[4]s cannot be reached, or its answer got lost: %[2]s in %[1]s: %[3]s"), hint: always(
			"check the network, HTTPS_PROXY, and in a VPC without a way out the endpoints of the services")},
		{is: func(failure) bool { return true }, message: says("%[2]s in %[1]s: %[3]s")},
	}
}

// says returns a message: of the place, the operation, the answer and the host.
func says(format string) func(failure) string {
	return func(f failure) string {
		where := f.at.String()
		if where == "" {
			where = "AWS"
		}
		return fmt.Sprintf(format, where, f.operation, f.answer(), hostOf(f.err))
	}
}

func always(text string) func(failure) string { return func(failure) string { return text } }

func code(codes ...string) func(failure) bool {
	return func(f failure) bool { return slices.Contains(codes, f.code) }
}

func cancelled(f failure) bool {
	return errors.Is(f.err, context.Canceled) || errors.Is(f.err, context.DeadlineExceeded)
}

func ssoExpired(f failure) bool {
	var expired *ssocreds.InvalidTokenError
	return errors.As(f.err, &expired) || strings.Contains(f.err.Error(), "cached SSO token") || f.code == "UnauthorizedException"
}

// noCredentials reports whether the chain of the SDK came to its end without any.
func noCredentials(f failure) bool {
	return f.code == "" && strings.Contains(f.err.Error(), "get credentials:") && !strings.HasPrefix(f.operation, "sts.")
}

func clockIsOff(f failure) bool {
	switch f.code {
	case "RequestExpired", "RequestTimeTooSkewed":
		return true
	case "SignatureDoesNotMatch", "InvalidSignatureException", "AuthFailure":
		return strings.Contains(f.text, "Signature expired") || strings.Contains(f.text, "Signature not yet current")
	default:
		return false
	}
}

func isExpired(err error) bool {
	return hasCode(err, "ExpiredToken") || hasCode(err, "ExpiredTokenException")
}

func mayNotAssume(f failure) bool { return f.operation == "sts.AssumeRole" && deniedCode(f.code) }

func keyUnusable(f failure) bool {
	switch {
	case strings.HasPrefix(strings.ToLower(f.code), "kms"), f.code == "InvalidKeyId":
		return true
	default:
		return strings.Contains(f.text, "kms:") || strings.Contains(f.text, "KMS key") || strings.Contains(f.text, "customer master key")
	}
}

func serverError(f failure) bool {
	var api smithy.APIError
	return errors.As(f.err, &api) && api.ErrorFault() == smithy.FaultServer || slices.Contains([]string{"InternalServerError", "InternalFailure", "ServerException", "ServiceUnavailable", "ServiceUnavailableException", "InternalServerException"}, f.code)
}

func unresolved(f failure) bool {
	var dns *net.DNSError
	return errors.As(f.err, &dns)
}

// untrusted reports whether a call was not sent since the other side may be an impostor.
func untrusted(err error) bool {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	return errors.As(err, &unknown) || errors.As(err, &host)
}

// hostOf returns the host that a call went to, where it did not come back.
func hostOf(err error) string {
	var sent *url.Error
	if !errors.As(err, &sent) {
		return ""
	}
	u, err := url.Parse(sent.URL)
	if err != nil {
		return ""
	}
	return u.Host
}

func mayNotAssumeText(f failure) string {
	as := ""
	if f.at.caller != "" {
		as = "; the caller is " + f.at.caller
	}
	s := "may not assume " + f.at.role + as + ": " + f.answer()
	if name := f.at.name(); name != "" {
		return name + " (" + f.at.place() + "): " + s
	}
	return s
}

// trust says what lets a caller assume a role. What AWS passes on by itself needs more.
func trust(f failure) string {
	for _, action := range []string{"sts:SetSourceIdentity", "sts:TagSession"} {
		if strings.Contains(f.text, action) {
			return "the caller's session has a source identity or tags, which AWS passes on; allow " + action +
				" beside sts:AssumeRole, in the role's trust policy and in the caller's own: " + f.at.tagboat("generate iam-policy --for assume")
		}
	}
	return "the role's trust policy must name the caller, and the caller's own policy allow it: " + f.at.tagboat("generate iam-policy --for assume") +
		"; to try it: " + f.at.aws("sts assume-role --role-arn "+quoted(f.at.role)+" --role-session-name tagboat --query AssumedRoleUser.Arn")
}

func noCluster(f failure) string {
	cluster := "the cluster"
	if f.at.cluster != "" {
		cluster = "cluster " + f.at.cluster
	}
	s := cluster + " is not in " + f.at.place()
	if f.at.role != "" {
		s += ", where role " + f.at.role + " looks"
	}
	if f.at.caller != "" {
		s += "; the caller is " + f.at.caller
	}
	if name := f.at.name(); name != "" {
		s = name + ": " + s
	}
	return s + " (" + f.operation + f.requestText() + ")"
}

func noQueue(f failure) string {
	return "queue " + f.at.queue + " is not in " + f.at.place() + " (" + f.operation + f.requestText() + ")"
}

func (f failure) requestText() string {
	if f.request == "" {
		return ""
	}
	return ", request " + f.request
}

func findCluster(f failure) string {
	s := "correct account, region or cluster in tagboat.yaml, or create the cluster"
	if f.at.role != "" {
		return s + "; see " + f.at.tagboat("doctor")
	}
	return s + "; list those that exist: " + f.at.aws("ecs list-clusters")
}

// allow says how to get a policy that allows the call, and who needs it.
func allow(f failure) string {
	s := "tagboat generate iam-policy"
	if purpose := iam.PurposeOf(f.action()); purpose != "" {
		s += " --for " + string(purpose)
	}
	if len(f.at.environments) > 0 {
		s += " --env " + f.at.environments[0]
	}
	s += " prints a policy with " + f.action()
	if f.at.role != "" {
		return s + ", for the role"
	}
	return s + "; see who the caller is: " + f.at.aws("sts get-caller-identity")
}

func whoIsIt(f failure) string {
	return "see who the caller is: " + f.at.aws("sts get-caller-identity") + "; AWS_PROFILE chooses other credentials"
}

// whoAndRegion is for credentials that AWS does not know, as it says in regions that an
// account has not enabled, too.
// https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
func whoAndRegion(f failure) string {
	return whoIsIt(f) + "; see whether the region is enabled: " + f.at.aws("account get-region-opt-status --region-name "+f.at.region)
}

func isRegionOn(f failure) string {
	return "see whether it is enabled: " + f.at.aws("account get-region-opt-status --region-name "+f.at.region)
}

func chooseCredentials(f failure) string {
	return "choose some with AWS_PROFILE (aws configure list-profiles), log in with " + f.at.login() + ", or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; what is there: " + f.at.aws("configure list")
}

func renewCredentials(f failure) string {
	if strings.HasPrefix(f.at.source, "Env") {
		return "set new values of AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or unset them and run: " + f.at.login()
	}
	return "renew them: " + f.at.login()
}

func setClock(f failure) string {
	s := "set the clock"
	if f.at.skew != "" {
		s += ", which is " + f.at.skew
	}
	return s + "; for example: sudo timedatectl set-ntp true"
}

// largestSkew is how far a clock may be off: what is less is not reported. AWS refuses
// signatures of more than five minutes.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
const largestSkew = time.Minute

// Skew returns how far the local clock is ahead of AWS's, as far as its answers said.
func (s *Session) Skew() time.Duration { return time.Since(s.clock.now()) }

func skewText(skew time.Duration) string {
	text := strings.TrimSuffix(skew.Abs().Round(time.Minute).String(), "0s")
	if skew < 0 {
		return text + " behind AWS's"
	}
	return text + " ahead of AWS's"
}
