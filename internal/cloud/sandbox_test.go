package cloud_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/ecs"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/ledger/ledgertest"
	"github.com/tagboat/tagboat/internal/sandbox"
)

// inSandbox starts a sandbox and points the standard chain at it.
func inSandbox(t *testing.T) *cloud.Session {
	t.Helper()
	server, err := sandbox.New(sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	http := httptest.NewServer(server)
	t.Cleanup(http.Close)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	environment(t, http.URL)
	return cloud.Unpaced(open(t)).At(cloud.Place{Account: sandbox.DefaultAccount})
}

// TestParametersConform runs on the Parameter Store at AWS_ENDPOINT_URL where
// TAGBOAT_TEST_MOTO is set, which others wrote and which takes values of any size, and
// else in a sandbox.
func TestParametersConform(t *testing.T) {
	if os.Getenv("TAGBOAT_TEST_MOTO") != "" {
		ledgertest.Run(t, cloud.Unpaced(open(t)).At(cloud.Place{}).Parameters(), "/conform", "ValueTooLong")
		return
	}
	ledgertest.Run(t, inSandbox(t).Parameters(), "/conform")
}

func TestLedgerInParameterStore(t *testing.T) {
	s := inSandbox(t)
	digest := tagboat.Digest("sha256:" + strings.Repeat("1", 64))
	repository := tagboat.Reference{Host: "registry.test", Repository: "shop/api"}
	group := ledger.Group{Parameter: "/containers/dev/shop", Environment: "dev", Images: map[tagboat.ImageName]tagboat.Reference{"api": repository}}
	pinned := repository
	pinned.Tag, pinned.Digest = "1.0", digest
	l := &ledger.Ledger{Store: s.Parameters()}
	if _, err := l.Update(t.Context(), group, map[tagboat.ImageName]tagboat.Reference{"api": pinned}, ledger.Why{Message: "first"}); err != nil {
		t.Fatal(err)
	}
	book, err := l.Audit(t.Context(), group)
	if err != nil {
		t.Fatal(err)
	}
	pin, ok := book.Pin("dev", "api")
	if !ok || pin.Reference() != pinned || pin.Message != "first" || !strings.HasPrefix(pin.SetBy, "arn:aws:") {
		t.Errorf("the pin is %+v", pin)
	}
	if age := s.Now().Sub(*pin.SetAt); age < -2*time.Second || age > time.Hour {
		t.Errorf("it was set %s ago", age)
	}
}

func TestTaskDefinitionsInTheSandbox(t *testing.T) {
	e := inSandbox(t).ECS()
	const input = `{"family":"api","containerDefinitions":[{"name":"app","image":"nginx:1","memory":64,"essential":true}],"tags":[{"key":"a","value":"b"}]}`
	arn, err := e.RegisterTaskDefinition(t.Context(), json.RawMessage(input))
	if err != nil {
		t.Fatal(err)
	}
	d, err := e.DescribeTaskDefinition(t.Context(), "api")
	if err != nil || d.ARN != arn || d.Revision != 1 || d.Status != "ACTIVE" || !strings.Contains(string(d.Record), `"tags":[{"key":"a","value":"b"}]`) {
		t.Errorf("%+v, %v", d, err)
	}
	if _, err := e.DescribeTaskDefinition(t.Context(), "nobody"); !errors.Is(err, ecs.ErrNotFound) {
		t.Errorf("the error is %v", err)
	}
	if _, _, err := e.DescribeServices(t.Context(), "nowhere", []string{"api"}); !errors.Is(err, ecs.ErrNotFound) {
		t.Errorf("the error is %v", err)
	}
}

func TestLogsAndTargetsInTheSandbox(t *testing.T) {
	s := inSandbox(t)
	if ok, err := s.Logs().GroupExists(t.Context(), "/ecs/none"); ok || err != nil {
		t.Errorf("%t, %v", ok, err)
	}
	if _, err := s.Logs().Tail(t.Context(), "/ecs/none", "s", 5); !errors.Is(err, ecs.ErrNotFound) {
		t.Errorf("the error is %v", err)
	}
	const group = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/none/0123456789abcdef"
	if there, err := s.Targets().Groups(t.Context(), []string{group}); err != nil || len(there) > 0 {
		t.Errorf("%v, %v", there, err)
	}
	if user, _, _, err := s.ECR().Authorization(t.Context()); user != "AWS" || err != nil {
		t.Errorf("%s, %v", user, err)
	}
}
