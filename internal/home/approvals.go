package home

import (
	"context"
	"encoding/json"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/iam"
	"github.com/tagboat/tagboat/internal/ledger"
	"github.com/tagboat/tagboat/internal/stage"
)

// Approval is one to write.
type Approval struct {
	Stage        tagboat.StageName
	Release      tagboat.Digest
	Environments []tagboat.EnvName // none for all of the stage
	Message      string
	Actor        string // who a CI system says it is; "" outside of one
	Revoke       bool
}

// approvalJSON is the value of an approval. It names what is approved, so that nothing counts
// that was written for something else.
type approvalJSON struct {
	Release      tagboat.Digest    `json:"release"`
	Stage        tagboat.StageName `json:"stage"`
	Environments []tagboat.EnvName `json:"environments,omitempty"`
	Message      string            `json:"message,omitempty"`
	Actor        string            `json:"actor,omitempty"`
	Revoke       bool              `json:"revoke,omitempty"`
}

// Approve writes an approval: one call.
func (h *Home) Approve(ctx context.Context, a Approval) error {
	_, err := h.put(ctx, h.approvals(a.Stage, a.Release), approvalJSON{
		Release: a.Release, Stage: a.Stage, Environments: a.Environments, Message: a.Message, Actor: a.Actor, Revoke: a.Revoke,
	})
	return refused(err, "approve releases for stage "+string(a.Stage), iam.Approve)
}

// Approvals returns what was approved of a release for a stage, the oldest first: one call.
func (h *Home) Approvals(ctx context.Context, name tagboat.StageName, release tagboat.Digest) ([]stage.Approval, error) {
	versions, err := h.store().History(ctx, h.approvals(name, release))
	if err != nil {
		return nil, refused(err, "read approvals", iam.Read)
	}
	var all []stage.Approval
	for _, v := range versions {
		if a, ok := approvalOf(v, name, release); ok {
			all = append(all, a)
		}
	}
	return all, nil
}

// approvalOf returns the approval that a version is; false for one that is none.
func approvalOf(v ledger.Parameter, name tagboat.StageName, release tagboat.Digest) (stage.Approval, bool) {
	var value approvalJSON
	if err := json.Unmarshal([]byte(v.Value), &value); err != nil || value.Release != release || value.Stage != name || v.User == "" {
		return stage.Approval{}, false
	}
	return stage.Approval{
		By: v.User, Claims: value.Actor, At: v.At.UTC(), Environments: value.Environments, Revoked: value.Revoke, Message: value.Message,
	}, true
}

func (h *Home) approvals(name tagboat.StageName, release tagboat.Digest) string {
	return h.Config.Home.Path + "/approvals/" + string(name) + "/" + hex(release)
}
