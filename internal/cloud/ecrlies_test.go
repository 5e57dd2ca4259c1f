package cloud_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/registry"
)

// liar answers calls of ECR's with what they are given, and returns how to hear which came.
func liar(t *testing.T, answers map[string]any) (*cloud.ECR, func() []string) {
	t.Helper()
	asked := make(chan string, 100)
	listening := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		select {
		case asked <- operation:
		default:
			w.WriteHeader(http.StatusForbidden) // enough
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(w).Encode(answers[operation])
	}))
	t.Cleanup(listening.Close)
	environment(t, listening.URL)
	return cloud.Unpaced(open(t)).At(cloud.Place{}).ECR(), func() []string {
		var all []string
		for len(asked) > 0 {
			all = append(all, <-asked)
		}
		return all
	}
}

// TestOtherBytesAreNotRetagged has an answer of BatchGetImage that is of another image.
func TestOtherBytesAreNotRetagged(t *testing.T) {
	ecr, asked := liar(t, map[string]any{
		"BatchGetImage": map[string]any{"images": []any{map[string]any{"imageManifest": `{"schemaVersion":2}`}}},
		"PutImage":      map[string]any{},
	})
	version := tagboat.Reference{Host: "reg.example", Repository: "shop/api", Digest: tagboat.Digest("sha256:" + strings.Repeat("1", 64))}
	if err := ecr.Tag(t.Context(), "", version, "prod"); !errors.Is(err, registry.ErrDigest) {
		t.Error(err)
	}
	if got := asked(); !slices.Equal(got, []string{"BatchGetImage"}) {
		t.Errorf("the calls are %s", got)
	}
}

// TestAPageThatComesAgain ends a listing of images, which would go on for ever.
func TestAPageThatComesAgain(t *testing.T) {
	ecr, asked := liar(t, map[string]any{
		"DescribeImages": map[string]any{"imageDetails": []any{}, "nextToken": "again"},
	})
	_, err := ecr.Lister("").List(t.Context(), tagboat.Reference{Host: "reg.example", Repository: "shop/api"})
	if err == nil || !strings.Contains(err.Error(), "the same page again and again") {
		t.Error(err)
	}
	if got := asked(); len(got) != 2 {
		t.Errorf("the calls are %s", got)
	}
}
