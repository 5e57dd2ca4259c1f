package ssm_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/tagboat/tagboat/internal/sandbox/clock"
	"github.com/tagboat/tagboat/internal/sandbox/ssm"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

var start = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// store is a fresh Parameter Store with a client of AWS's own SDK.
type store struct {
	*sdk.Client
	service *ssm.Service
	clock   *clock.Manual
	url     string
}

func newStore(t *testing.T) store {
	t.Helper()
	c := clock.NewManual(start)
	service := ssm.New(c)
	url := wiretest.Serve(t, service.Service())
	return store{Client: newClient(url, wiretest.Account, wiretest.Region), service: service, clock: c, url: url}
}

func newClient(url, account, region string) *sdk.Client {
	return sdk.New(sdk.Options{
		BaseEndpoint: &url,
		Region:       region,
		Credentials:  credentials.NewStaticCredentialsProvider(account, "secret", ""),
		Retryer:      wiretest.Once{},
	})
}

// put writes a String, over what is there.
func (s store) put(t *testing.T, name, value string) int64 {
	t.Helper()
	out, err := s.PutParameter(t.Context(), &sdk.PutParameterInput{
		Name: &name, Value: &value, Type: types.ParameterTypeString, Overwrite: aws.Bool(true),
	})
	if err != nil {
		t.Fatalf("putting %s: %v", name, err)
	}
	return out.Version
}

func (s store) label(t *testing.T, name string, version int64, labels ...string) *sdk.LabelParameterVersionOutput {
	t.Helper()
	in := &sdk.LabelParameterVersionInput{Name: &name, Labels: labels}
	if version > 0 {
		in.ParameterVersion = &version
	}
	out, err := s.LabelParameterVersion(t.Context(), in)
	if err != nil {
		t.Fatalf("labelling %s: %v", name, err)
	}
	return out
}

func values(parameters []types.Parameter) map[string]string {
	m := map[string]string{}
	for _, p := range parameters {
		m[*p.Name] = *p.Value
	}
	return m
}
