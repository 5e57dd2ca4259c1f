package cloud_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/cloud"
	"github.com/tagboat/tagboat/internal/ecs"
)

func TestErrorsSayWhatToDo(t *testing.T) {
	for name, c := range map[string]struct {
		answer  answer
		kind    tagboat.Kind
		says    string
		hint    string
		missing bool
	}{
		"no cluster": {answer{code: "ClusterNotFoundException", body: "Cluster not found."}, tagboat.Usage, "cluster dev is not in eu-west-1 (ecs.ListTasks, request request-1)", "aws ecs list-clusters --region eu-west-1", true},
		"denied":     {answer{code: "AccessDeniedException", body: "User x is not authorized"}, tagboat.Internal, "User x is not authorized (AccessDeniedException, request request-1)", "get-caller-identity", false},
		"expired":    {answer{code: "ExpiredTokenException", body: "expired"}, tagboat.Internal, "ExpiredTokenException", "sso login", false},
		"unknown":    {answer{code: "UnrecognizedClientException", body: "bad token"}, tagboat.Internal, "bad token", "AWS_PROFILE", false},
		"other":      {answer{code: "InvalidParameterException", body: "no"}, tagboat.Internal, "ecs.ListTasks in eu-west-1: no (InvalidParameterException, request request-1)", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			aws(t, map[string][]answer{"ecs.ListTasks": {c.answer}})
			_, err := open(t).At(cloud.Place{}).ECS().ListTasks(t.Context(), "dev", ecs.TaskFilter{})
			var e *tagboat.Error
			if !errors.As(err, &e) || e.Kind != c.kind || !strings.Contains(e.Error(), c.says) {
				t.Fatalf("the error is %v", err)
			}
			if !strings.Contains(e.Hint, c.hint) || (c.hint == "") != (e.Hint == "") || errors.Is(err, ecs.ErrNotFound) != c.missing {
				t.Errorf("hint %q, not found %t", e.Hint, errors.Is(err, ecs.ErrNotFound))
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	environment(t, "http://127.0.0.1:1")
	_, err := open(t).At(cloud.Place{}).ECS().RegisterTaskDefinition(t.Context(), minimal)
	var e *tagboat.Error
	if !errors.As(err, &e) || !strings.Contains(e.Hint, "tagboat sandbox") || errors.Is(err, ecs.ErrAmbiguous) {
		t.Errorf("the error is %v", err)
	}
}

func TestNoCredentials(t *testing.T) {
	environment(t, "http://127.0.0.1:1")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	_, err := open(t).At(cloud.Place{}).ECS().ListTasks(t.Context(), "dev", ecs.TaskFilter{})
	var e *tagboat.Error
	if !errors.As(err, &e) || e.Kind != tagboat.Usage || !strings.Contains(e.Hint, "AWS_PROFILE") {
		t.Errorf("the error is %v", err)
	}
}

func TestContextEndsACall(t *testing.T) {
	aws(t, map[string][]answer{"ecs.ListTasks": {throttled}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := open(t).At(cloud.Place{}).ECS().ListTasks(ctx, "dev", ecs.TaskFilter{}); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}
