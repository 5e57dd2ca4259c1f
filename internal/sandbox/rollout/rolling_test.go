package rollout_test

import (
	"regexp"
	"testing"
	"time"
)

var (
	taskIDs       = regexp.MustCompile(`\(task [0-9a-f]{32}\)`)
	deploymentIDs = regexp.MustCompile(`ecs-svc/[0-9]{19}`)
)

func TestDump(t *testing.T) {
	s := created(t, 1, withBreaker, withBalancer)
	s.world.push("app:v2", "exit=1@1s", "log=boom")
	from := s.now
	s.deploy("app:v2")
	s.after(20 * time.Minute)
	for i := len(s.service().Events) - 1; i >= 0; i-- {
		e := s.service().Events[i]
		t.Log(e.At.Sub(from), e.Message)
	}
	for _, d := range s.service().Deployments {
		t.Logf("%+v", *d)
	}
	for _, d := range s.service().History {
		t.Logf("%+v", *d)
	}
}
