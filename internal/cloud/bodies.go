package cloud

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/tagboat/tagboat/internal/cloud/members"
)

// What users write for ECS goes out as they wrote it, and what ECS answers is kept as it
// came: a trip through the SDK's structs would drop members that the SDK does not know.

// sendBody makes a call send the document in place of its typed input. The document is
// checked against the model first.
func sendBody(shape *smithy.Schema, document json.RawMessage) (func(*awsecs.Options), error) {
	if err := members.Check(shape, document); err != nil {
		return nil, err
	}
	replace := middleware.SerializeMiddlewareFunc("TagboatBody", func(
		ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler,
	) (middleware.SerializeOutput, middleware.Metadata, error) {
		request, ok := in.Request.(*smithyhttp.Request)
		if !ok {
			return middleware.SerializeOutput{}, middleware.Metadata{}, fmt.Errorf("unexpected request %T", in.Request)
		}
		with, err := request.SetStream(bytes.NewReader(document))
		if err != nil {
			return middleware.SerializeOutput{}, middleware.Metadata{}, err
		}
		*request = *with
		return next.HandleSerialize(ctx, in)
	})
	return withStack(func(stack *middleware.Stack) error {
		_, err := stack.Initialize.Remove("OperationInputValidation") // the typed input is empty
		return errors.Join(err, stack.Serialize.Add(replace, middleware.After))
	}), nil
}

func withStack(change func(*middleware.Stack) error) func(*awsecs.Options) {
	return func(o *awsecs.Options) { o.APIOptions = append(o.APIOptions, change) }
}

type bodyKey struct{}

// keepBody makes a call keep its answer for bodyOf.
func keepBody(o *awsecs.Options) {
	withStack(func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("TagboatKeepBody", handleKeepBody), middleware.After)
	})(o)
}

func handleKeepBody(
	ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok || response.StatusCode >= 300 {
		return out, metadata, err
	}
	body, err := readBody(response)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return out, metadata, &smithyhttp.RequestSendError{Err: fmt.Errorf("reading the answer: %w", err)}
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	metadata.Set(bodyKey{}, json.RawMessage(body))
	return out, metadata, nil
}

// largestHint bounds how much memory the announced length of an answer may reserve.
const largestHint = 1 << 20

// readBody reads an answer into memory of the announced size: polls of hundreds of services
// would otherwise spend most of their memory on growing.
func readBody(response *smithyhttp.Response) ([]byte, error) {
	var body bytes.Buffer
	if 0 < response.ContentLength && response.ContentLength <= largestHint {
		body.Grow(int(response.ContentLength) + bytes.MinRead)
	}
	_, err := body.ReadFrom(response.Body)
	return body.Bytes(), err
}

// bodyOf decodes the answer of a call that kept it into what v points to.
func bodyOf(metadata middleware.Metadata, v any) error {
	body, ok := metadata.Get(bodyKey{}).(json.RawMessage)
	if !ok {
		return errors.New("the answer was not kept")
	}
	if err := json.Unmarshal(body, v); err != nil {
		return fmt.Errorf("reading AWS's answer: %w", err)
	}
	return nil
}

// wholeBody keeps the SDK from closing a request's body while net/http may still be at
// it: the connection would be closed with it, under an answer that is still being read,
// and a large one be asked for twice.
type wholeBody struct{ inner aws.HTTPClient }

// silence is how long a connection may deliver nothing. The SDK sets such a limit itself
// on a client that it knows.
const silence = time.Minute

func keepBodies(client aws.HTTPClient) aws.HTTPClient {
	if client == nil {
		client = awshttp.NewBuildableClient()
	}
	if known, ok := client.(*awshttp.BuildableClient); ok {
		client = known.WithReadTimeout(silence)
	}
	return wholeBody{client}
}

// Do implements aws.HTTPClient.
func (w wholeBody) Do(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return w.inner.Do(r)
	}
	body, err := io.ReadAll(r.Body)
	if err = errors.Join(err, r.Body.Close()); err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	ours := r.Clone(r.Context())
	ours.Body = io.NopCloser(bytes.NewReader(body))
	return w.inner.Do(ours)
}
