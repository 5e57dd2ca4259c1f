package cloud_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/expect"
)

// TestTheSDKWritesNothing has the SDK find something that it would warn of on standard error, where
// text is only written by ourselves.
func TestTheSDKWritesNothing(t *testing.T) {
	metadata := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer metadata.Close()
	environment(t, "")
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": "", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "false",
		"AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.URL,
	} {
		t.Setenv(name, value)
	}
	was := os.Stderr
	reader, writer, err := os.Pipe()
	expect.OK(t, err)
	os.Stderr = writer
	aws, err := cloud.New(t.Context(), cloud.Options{})
	if err == nil {
		_, err = aws.At(cloud.Place{}).Parameters().Get(t.Context(), []string{"/a"})
	}
	os.Stderr = was
	expect.OK(t, writer.Close())
	if err == nil {
		t.Error("there are credentials")
	}
	if text := string(expect.Value(io.ReadAll(reader))(t)); text != "" {
		t.Errorf("on standard error is %q", text)
	}
}
