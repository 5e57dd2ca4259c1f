package ssm_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/wiretest"
)

func TestSaveAndLoad(t *testing.T) {
	from, to := tree(t), newStore(t)
	state := expect.Value(from.service.Save())(t)
	data := expect.Value(json.Marshal(state))(t)
	to.put(t, "/gone", "x")
	expect.OK(t, to.service.Load(data))
	all := func(s store) []types.ParameterHistory {
		var rows []types.ParameterHistory
		for _, name := range []string{"/c/dev/web", "/c/dev/zlist", "plain"} {
			out := expect.Value(s.GetParameterHistory(t.Context(), &sdk.GetParameterHistoryInput{Name: &name}))(t)
			rows = append(rows, out.Parameters...)
		}
		return rows
	}
	expect.Equal(t, all(from), all(to), sdkOnly)
	wiretest.WantFailure(t, expect.Err(to.GetParameter(t.Context(), &sdk.GetParameterInput{Name: aws.String("/gone")})), "ParameterNotFound: ")
	expect.EqualIn(t, "the next version", 3, to.put(t, "/c/dev/web", "3"))
}

func TestLoadRefusesRubbish(t *testing.T) {
	s := newStore(t)
	s.put(t, "/p", "x")
	for _, data := range []string{`{`, `{}`, `[{"Parameters":{"/p":null}}]`, `[{"Parameters":{"/p":{"Versions":[]}}}]`} {
		if err := s.service.Load(json.RawMessage(data)); err == nil {
			t.Errorf("loaded %s", data)
		}
	}
	if _, err := s.GetParameter(t.Context(), &sdk.GetParameterInput{Name: aws.String("/p")}); err != nil {
		t.Errorf("what was there is gone: %v", err)
	}
}

// Writers at the same time each get a version of their own, which is all that
// Parameter Store promises them.
func TestConcurrentWriters(t *testing.T) {
	s := newStore(t)
	const writers = 20
	versions := make([]int64, writers)
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() { versions[i] = s.put(t, "/p", fmt.Sprint(i)) })
	}
	wg.Wait()
	history := expect.Value(s.GetParameterHistory(t.Context(), &sdk.GetParameterHistoryInput{Name: aws.String("/p")}))(t)
	for i, v := range versions {
		if got := *history.Parameters[v-1].Value; got != fmt.Sprint(i) {
			t.Errorf("writer %d was told version %d, which holds %q", i, v, got)
		}
	}
}
