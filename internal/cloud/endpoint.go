package cloud

import (
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// EndpointHost returns the host and port that AWS_ENDPOINT_URL sends every call to, or
// "" where calls go to AWS itself.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
func (c *Cloud) EndpointHost() string {
	endpoint, err := url.Parse(aws.ToString(c.config.BaseEndpoint))
	if err != nil {
		return ""
	}
	return endpoint.Host
}
