package cloud

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

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
