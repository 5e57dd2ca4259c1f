package cloud

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/tagboat/tagboat/internal/iam"
	"github.com/tagboat/tagboat/internal/operation"
)

// Permissions asks IAM what a principal may do. It is safe for concurrent use. The one call
// that it makes is written by hand: AWS's client of IAM would be a fiftieth of the binary.
type Permissions struct {
	session  *Session
	client   aws.HTTPClient
	endpoint string // "" for AWS's own
}

// Denied returns those actions of a statement that a user or role, by its ARN, may not do
// on one of the statement's resources at least. IAM reckons with policies of the principal
// and its organization, not with those of resources. Nothing is done.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
func (p *Permissions) Denied(ctx context.Context, principal string, s iam.Statement) ([]string, error) {
	form := url.Values{"Action": {simulate}, "Version": {"2010-05-08"}, "PolicySourceArn": {principal}}
	for i, action := range s.Action {
		form.Set(fmt.Sprintf("ActionNames.member.%d", i+1), action)
	}
	for i, resource := range s.Resource {
		form.Set(fmt.Sprintf("ResourceArns.member.%d", i+1), resource)
	}
	n := 0
	for _, keys := range s.Condition {
		for key, values := range keys {
			n++
			entry := fmt.Sprintf("ContextEntries.member.%d.", n)
			form.Set(entry+"ContextKeyName", key)
			form.Set(entry+"ContextKeyType", "string")
			form.Set(entry+"ContextKeyValues.member.1", values[0])
		}
	}
	var denied []string
	for {
		page, err := p.page(ctx, form)
		if err != nil {
			at := p.session.whereabouts()
			return nil, translate(&callError{&smithy.OperationError{ServiceID: "IAM", OperationName: simulate, Err: err}, at})
		}
		for _, r := range page.Results {
			if r.Decision != "allowed" {
				denied = append(denied, r.Action)
			}
		}
		if !page.More {
			slices.Sort(denied)
			return slices.Compact(denied), nil
		}
		form.Set("Marker", page.Marker)
	}
}

const simulate = "SimulatePrincipalPolicy"

// simulation is an answer of IAM, or an error.
type simulation struct {
	Results []struct {
		Action   string `xml:"EvalActionName"`
		Decision string `xml:"EvalDecision"`
	} `xml:"SimulatePrincipalPolicyResult>EvaluationResults>member"`
	More    bool   `xml:"SimulatePrincipalPolicyResult>IsTruncated"`
	Marker  string `xml:"SimulatePrincipalPolicyResult>Marker"`
	Code    string `xml:"Error>Code"`
	Message string `xml:"Error>Message"`
}

// largestAnswer bounds what is read of an answer.
const largestAnswer = 8 << 20

func (p *Permissions) page(ctx context.Context, form url.Values) (simulation, error) {
	request, err := p.request(ctx, form.Encode())
	if err != nil {
		return simulation{}, err
	}
	operation.From(ctx).Call("iam."+simulate, false)
	response, err := p.client.Do(request)
	if err != nil {
		return simulation{}, &smithyhttp.RequestSendError{Err: err}
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, largestAnswer))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return simulation{}, err
	}
	var page simulation
	err = xml.Unmarshal(body, &page)
	if response.StatusCode < http.StatusMultipleChoices && err == nil {
		return page, nil
	}
	if page.Code == "" {
		page.Code, page.Message = "UnknownError", response.Status
	}
	return simulation{}, &awshttp.ResponseError{
		ResponseError: &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: response}, Err: &smithy.GenericAPIError{Code: page.Code, Message: page.Message}},
		RequestID:     response.Header.Get("X-Amzn-Requestid"),
	}
}

// request returns the signed request. IAM is one for all regions of a partition.
// https://docs.aws.amazon.com/general/latest/gr/iam-service.html
func (p *Permissions) request(ctx context.Context, body string) (*http.Request, error) {
	endpoint, region := "https://iam.amazonaws.com/", "us-east-1"
	switch {
	case strings.HasPrefix(p.session.region, "cn-"):
		endpoint, region = "https://iam.cn-north-1.amazonaws.com.cn/", "cn-north-1"
	case strings.HasPrefix(p.session.region, "us-gov-"):
		endpoint, region = "https://iam.us-gov.amazonaws.com/", "us-gov-west-1"
	}
	if p.endpoint != "" {
		endpoint = p.endpoint
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	if p.session.credentials == nil {
		return nil, errors.New("get credentials: there are none")
	}
	credentials, err := p.session.credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("get credentials: %w", err)
	}
	sum := sha256.Sum256([]byte(body))
	return request, v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(sum[:]), "iam", region, time.Now().Add(-p.session.Skew()))
}

// Principal returns the user or role that stands behind a caller, as IAM knows it; "" for
// others. The session of a role does not say the role's path: role is its ARN where that
// is known.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
func Principal(caller, role string) string {
	switch parts := strings.SplitN(caller, ":", 6); {
	case role != "":
		return role
	case len(parts) < 6:
		return ""
	case strings.HasPrefix(parts[5], "user/"):
		return caller
	case strings.HasPrefix(parts[5], "assumed-role/"):
		name, _, _ := strings.Cut(strings.TrimPrefix(parts[5], "assumed-role/"), "/")
		return parts[0] + ":" + parts[1] + ":iam::" + parts[4] + ":role/" + name
	default:
		return ""
	}
}
