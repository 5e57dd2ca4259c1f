package rollout_test

import (
	"errors"
	"regexp"
	"testing"
	"time"

	"github.com/tagboat/tagboat/internal/expect"
	"github.com/tagboat/tagboat/internal/sandbox/rollout"
	"github.com/tagboat/tagboat/internal/sandbox/rollout/simulated"
)

func code(err error) string {
	var refusal *rollout.Error
	if !errors.As(err, &refusal) {
		return ""
	}
	return refusal.Code
}

func TestDeletingAService(t *testing.T) {
	s := created(t, 2)
	spec := s.service().Spec
	expect.EqualIn(t, "without force", "InvalidParameterException", code(expect.Err(s.DeleteService(s.now, serviceARN, false))))
	service, err := s.DeleteService(s.now, serviceARN, true)
	if err != nil || service.Status != "DRAINING" {
		t.Fatalf("%v, %v", service, err)
	}
	expect.EqualIn(t, "creating it while it drains", "InvalidParameterException", code(expect.Err(s.CreateService(s.now, spec))))
	expect.EqualIn(t, "updating it while it drains", "ServiceNotActiveException", code(expect.Err(s.UpdateService(s.now, serviceARN, spec, false))))
	s.after(time.Minute)
	if service.Status != "INACTIVE" || len(service.Deployments)+len(service.History)+service.Running != 0 {
		t.Errorf("in the end it is %+v", service)
	}
	expect.EqualIn(t, "updating it", "ServiceNotFoundException", code(expect.Err(s.UpdateService(s.now, serviceARN, spec, false))))
	expect.EqualIn(t, "deleting it twice", "ServiceNotFoundException", code(expect.Err(s.DeleteService(s.now, serviceARN, true))))
	if _, err := s.CreateService(s.now, spec); err != nil {
		t.Errorf("creating it again: %v", err)
	}
	s.after(5 * time.Minute)
	expect.EqualIn(t, "again", []line{{"PRIMARY", "COMPLETED", 2, 2, 0}}, s.lines())
	expect.EqualIn(t, "creating it twice", "InvalidParameterException", code(expect.Err(s.CreateService(s.now, spec))))
}

func TestIDsLookLikeAWSs(t *testing.T) {
	s := created(t, 1)
	service, task := s.service(), s.Tasks(rollout.TaskFilter{})[0]
	const prefix = `^arn:aws:ecs:eu-west-1:123456789012:`
	for _, tc := range []struct{ what, id, pattern string }{
		{"deployment", service.Deployments[0].ID, `^ecs-svc/[1-9][0-9]{18}$`},
		{"service deployment", service.History[0].ARN, prefix + `service-deployment/dev/api/[A-Za-z0-9_-]{21}$`},
		{"service revision", service.Revisions[0].ARN, prefix + `service-revision/dev/api/[1-9][0-9]{18}$`},
		{"task", task.ARN, prefix + `task/dev/[0-9a-f]{32}$`},
		{"container", task.Containers[0].ARN, prefix + `container/dev/[0-9a-f]{32}/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`},
		{"runtime", task.Containers[0].RuntimeID, `^[0-9a-f]{32}-[0-9]{10}$`},
		{"event", service.Events[0].ID, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`},
		{"address", task.IP, `^10\.\d{1,3}\.\d{1,3}\.\d{1,3}$`},
	} {
		if !regexp.MustCompile(tc.pattern).MatchString(tc.id) {
			t.Errorf("%s %s does not match %s", tc.what, tc.id, tc.pattern)
		}
	}
}

func TestSeedsGiveDifferentIDs(t *testing.T) {
	ids := map[string]string{}
	for _, seed := range []string{"a", "b", "a"} {
		e := rollout.New(newWorld(), simulated.Runtime{}, rollout.Options{Seed: seed})
		service := expect.Value(e.CreateService(epoch, serviceSpec(1, "app:v1")))(t)
		id := service.Deployments[0].ID
		if known := ids[seed]; known != "" && known != id {
			t.Errorf("seed %s gives %s and %s", seed, known, id)
		}
		ids[seed] = id
	}
	if ids["a"] == ids["b"] {
		t.Error("two seeds give one id")
	}
}

func TestServicesKeepAHundredEvents(t *testing.T) {
	s := created(t, 1)
	for range 150 {
		_, _ = s.StopTask(s.now, s.Tasks(rollout.TaskFilter{DesiredStatus: "RUNNING"})[0].ARN, "")
		s.after(5 * time.Minute)
	}
	expect.EqualIn(t, "events are kept", 100, len(s.service().Events))
}

func TestRestoreRefusesWhatIsNoSnapshot(t *testing.T) {
	s := created(t, 1)
	before := s.saved()
	for _, bad := range []string{"", "{", `{"services":[{}]}`, `{"tasks":[{}]}`, `{"services":[{"spec":{"task":{}},"deployments":[{}]}]}`} {
		if err := s.Restore([]byte(bad)); err == nil {
			t.Errorf("%q was restored", bad)
		}
	}
	expect.EqualIn(t, "a refused snapshot changed the state", before, s.saved())
}
