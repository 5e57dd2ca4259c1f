package selection_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/selection"
)

// BenchmarkChoose selects among as many tags as ECR lets a repository have.
func BenchmarkChoose(b *testing.B) {
	const size = 100_000
	candidates := make([]selection.Candidate, size)
	for i := range candidates {
		tag := fmt.Sprintf("1.%d.%d", i%300, i/300)
		switch i % 4 {
		case 1:
			tag = fmt.Sprintf("main-%014d-%07x", 20260101000000+i, i)
		case 2:
			tag = fmt.Sprintf("%040x", i*7919)
		}
		candidates[i] = selection.Candidate{Tag: tag, Digest: digest(i), PushedAt: now.Add(-time.Duration(i) * time.Minute), Complete: true}
	}
	for _, s := range []spec{
		{Semver: ">=1.0.0"},
		{Match: `^main-(?P<ts>\d{14})-[0-9a-f]{7}$`, Order: "numeric", By: []string{"ts"}},
		{Order: "version", Ignore: []string{`^[0-9a-f]{40}$`}},
		{Newest: "push", MinAge: time.Hour},
	} {
		b.Run(s.Semver+s.Match+s.Newest+string(s.Order), func(b *testing.B) {
			r := rule(b, s)
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := r.Choose(candidates, now).Chosen(); !ok {
					b.Fatal("nothing was chosen")
				}
			}
		})
	}
}
