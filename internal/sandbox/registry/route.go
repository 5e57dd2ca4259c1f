package registry

import "strings"

// endpoint is a kind of resource that the distribution API has a URL for.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#endpoints
type endpoint int

const (
	noEndpoint endpoint = iota
	baseEndpoint
	catalogEndpoint
	tagsEndpoint
	manifestEndpoint
	blobEndpoint
	uploadsEndpoint
	uploadEndpoint
	referrersEndpoint
)

// route is what a path means. The name is not checked: it may be any string
// without an empty part at its end.
type route struct {
	endpoint  endpoint
	name      string // of the repository
	reference string // tag, digest or id of an upload
}

// parseRoute reads a path from its end, because a repository's name may have parts
// that look like those of the API.
func parseRoute(path string) route {
	rest, ok := strings.CutPrefix(path, "/v2/")
	switch {
	case path == "/v2" || ok && rest == "":
		return route{endpoint: baseEndpoint}
	case !ok:
		return route{}
	case rest == "_catalog":
		return route{endpoint: catalogEndpoint}
	}
	if name, ok := cutEnd(rest, "/tags/list"); ok {
		return route{tagsEndpoint, name, ""}
	}
	for _, suffix := range []string{"/blobs/uploads/", "/blobs/uploads"} {
		if name, ok := cutEnd(rest, suffix); ok {
			return route{uploadsEndpoint, name, ""}
		}
	}
	rest, reference := cutLast(rest)
	if reference == "" {
		return route{}
	}
	for _, kind := range []struct {
		suffix string
		endpoint
	}{
		{"/manifests", manifestEndpoint},
		{"/blobs/uploads", uploadEndpoint},
		{"/blobs", blobEndpoint},
		{"/referrers", referrersEndpoint},
	} {
		if name, ok := cutEnd(rest, kind.suffix); ok {
			return route{kind.endpoint, name, reference}
		}
	}
	return route{}
}

func cutEnd(s, suffix string) (string, bool) {
	name, ok := strings.CutSuffix(s, suffix)
	return name, ok && name != ""
}

func cutLast(s string) (before, after string) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 {
		return s, ""
	}
	return s[:i], s[i+1:]
}
