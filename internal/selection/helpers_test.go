package selection_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/selection"
)

type spec = selection.Spec

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func rule(t testing.TB, s selection.Spec) selection.Rule {
	t.Helper()
	r, problems := selection.Compile(s)
	if len(problems) > 0 {
		t.Fatalf("%+v: %+v", s, problems)
	}
	return r
}

// tags are candidates that were all pushed at the same time, a day ago.
func tags(names ...string) []selection.Candidate {
	var all []selection.Candidate
	for i, name := range names {
		all = append(all, selection.Candidate{Tag: name, Digest: digest(i), PushedAt: now.Add(-24 * time.Hour), Complete: true})
	}
	return all
}

func digest(n int) tagboat.Digest { return tagboat.Digest(fmt.Sprintf("sha256:%012x%052x", n, 0)) }

func chosen(t testing.TB, s selection.Spec, candidates []selection.Candidate) string {
	t.Helper()
	v, ok := rule(t, s).Choose(candidates, now).Chosen()
	if !ok {
		return ""
	}
	return v.Tag
}
