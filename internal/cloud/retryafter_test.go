package cloud_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/operation"
)

func TestS8ThrottledListingsWaitAsLongAsTheyAreTold(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if asked++; asked == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"__type":"ThrottlingException","message":"Rate exceeded"}`))
			return
		}
		_, _ = w.Write([]byte(`{"imageDetails":[]}`))
	}))
	t.Cleanup(server.Close)
	environment(t, server.URL)
	var told []string
	c := open(t)
	ctx, _ := operation.Start(t.Context(), func(e operation.Event) { told = append(told, e.String()) })
	began := time.Now()
	if _, err := c.At(cloud.Place{}).ECR().Lister("").List(ctx, tagboat.Reference{Repository: "shop/api"}); err != nil {
		t.Fatal(err)
	}
	if waited := time.Since(began); waited < time.Second {
		t.Errorf("it waited %s", waited)
	}
	if len(told) != 1 || told[0] != "ecr.DescribeImages: AWS has too many requests; asking again" {
		t.Errorf("told %q", told)
	}
}
