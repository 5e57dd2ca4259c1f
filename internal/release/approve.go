package release

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/config"
	"github.com/tagboat/tagboat/internal/fleet"
	"github.com/tagboat/tagboat/internal/home"
	"github.com/tagboat/tagboat/internal/journal"
	"github.com/tagboat/tagboat/internal/operation"
	"github.com/tagboat/tagboat/internal/stage"
)

// Approvals lets people approve releases.
type Approvals struct{ *Releases }

// Approval says what to approve.
type Approval struct {
	Release      string // its name, its id, or the beginning of one
	Stage        tagboat.StageName
	Environments []tagboat.EnvName // of the stage; none for all of it
	Message      string
	Revoke       bool // take back what the caller approved
}

// Approve writes an approval of the caller's, or takes it back, and returns those that there are
// then. What would not count is refused: the error is of kind Usage.
func (a Approvals) Approve(ctx context.Context, r Approval) (tagboat.ApprovalDocument, error) {
	into, of, err := a.asked(ctx, r)
	if err != nil {
		return tagboat.ApprovalDocument{}, err
	}
	err = a.Home.Approve(ctx, home.Approval{
		Stage: r.Stage, Release: of.ID, Environments: r.Environments, Message: r.Message, Actor: journal.BuildOf(a.Getenv).Actor, Revoke: r.Revoke,
	})
	if err != nil {
		return tagboat.ApprovalDocument{}, err
	}
	event := tagboat.Event{Command: "approve", Message: r.Message, Release: of.Name, ReleaseID: of.ID}
	if r.Revoke {
		event.Command = "revoke"
	}
	a.Recorder.AtHome(ctx, event)
	return a.given(ctx, r, into, of)
}

// Given returns the approvals that there are, where one more of the caller's would count. It changes
// nothing.
func (a Approvals) Given(ctx context.Context, r Approval) (tagboat.ApprovalDocument, error) {
	into, of, err := a.asked(ctx, r)
	if err != nil {
		return tagboat.ApprovalDocument{}, err
	}
	return a.given(ctx, r, into, of)
}

// asked returns the stage and the release of an approval that would count.
func (a Approvals) asked(ctx context.Context, r Approval) (config.Stage, tagboat.Release, error) {
	into, err := a.approvable(r)
	if err != nil {
		return into, tagboat.Release{}, err
	}
	found, err := a.Find(ctx, r.Release)
	if err != nil {
		return into, tagboat.Release{}, err
	}
	numbers, err := a.Home.Numbers(ctx)
	if err != nil {
		return into, tagboat.Release{}, err
	}
	of := numberedAs(tagboat.Release{Name: found.Name, ID: found.ID, Commit: found.Commit, Notes: found.Notes, Environments: []tagboat.EnvName{}}, numbers)
	return into, of, a.mayApprove(ctx, r, into, &of)
}

// approvable returns the stage, where releases are approved for it and it has the environments.
func (a Approvals) approvable(r Approval) (config.Stage, error) {
	if _, err := a.Fleet.Environments(fleet.Selection{Stage: r.Stage}); err != nil {
		return config.Stage{}, err
	}
	into := a.Fleet.Config.StageOf(config.Environment{Stage: r.Stage})
	if into.Gates.Approvals == 0 {
		return into, tagboat.Usagef("stage %s asks for no approvals", r.Stage).At(into.Where).
			WithHint("promote the release: tagboat promote %s --to %s; or ask for some in tagboat.yaml: gates: {approvals: 2}", r.Release, r.Stage)
	}
	for _, name := range r.Environments {
		env, err := a.Fleet.Config.Environment(string(name))
		if err != nil {
			return into, err
		}
		if env.Stage != r.Stage {
			return into, tagboat.Usagef("environment %s is of stage %s, and not of %s", name, env.Stage, r.Stage).WithHint("tagboat approve %s --to %s --env %s", r.Release, env.Stage, name)
		}
	}
	return into, nil
}

// mayApprove refuses what would not count, and notes where the release is rejected.
func (a Approvals) mayApprove(ctx context.Context, r Approval, into config.Stage, of *tagboat.Release) error {
	_, me, err := a.Home.Session().Identity(ctx)
	if err != nil {
		return err
	}
	known, err := a.Home.Look(ctx, of.ID)
	if err != nil {
		return err
	}
	if of.Rejected = known.Rejected[of.ID]; of.Rejected != nil && !r.Revoke {
		operation.Tell(ctx, ApprovesRejected{*of})
	}
	if r.Revoke {
		return a.mayRevoke(ctx, r.Stage, *of, me)
	}
	now := a.Home.Session().Now()
	for _, mine := range question(*of, into, []stage.Approval{{By: me, At: now}}, now).Approved() {
		if mine.Against != "" {
			return tagboat.Usagef("an approval of release %s by %s would not count: %s", of.Name, me, mine.Against).
				WithHint("somebody else approves it; AWS tells people apart by their ARN, with the name of their session")
		}
	}
	return nil
}

// mayRevoke refuses to take back what was not given.
func (a Approvals) mayRevoke(ctx context.Context, name tagboat.StageName, of tagboat.Release, me string) error {
	all, err := a.Home.Approvals(ctx, name, of.ID)
	if err != nil {
		return err
	}
	given := false
	for _, approval := range all {
		if approval.By == me {
			given = !approval.Revoked
		}
	}
	if !given {
		return tagboat.Usagef("%s has not approved release %s for stage %s", me, of.Name, name).WithHint("leave --revoke out to approve it")
	}
	return nil
}

// question asks who approved a release, without the evidence that makes approvals fall.
func question(of tagboat.Release, into config.Stage, approvals []stage.Approval, now time.Time) stage.Question {
	return stage.Question{Now: now, Stage: into, Release: stage.Candidate{Name: of.Name, ID: of.ID, Author: of.Author}, Approvals: approvals}
}

// given returns the approvals that there are.
func (a Approvals) given(ctx context.Context, r Approval, into config.Stage, of tagboat.Release) (tagboat.ApprovalDocument, error) {
	all, err := a.Home.Approvals(ctx, r.Stage, of.ID)
	if err != nil {
		return tagboat.ApprovalDocument{}, err
	}
	q := question(of, into, all, a.Home.Session().Now())
	document := tagboat.ApprovalDocument{Release: of, Stage: r.Stage, Needed: q.Needed(), Environments: []tagboat.EnvironmentApprovals{}, Warnings: stage.SharedSession(all)}
	for _, env := range a.Fleet.Config.SortedEnvironments() {
		if env.Stage != r.Stage || len(r.Environments) > 0 && !slices.Contains(r.Environments, env.Name) {
			continue
		}
		q.Env = env
		approved := tagboat.EnvironmentApprovals{Environment: env.Name, Approvals: []tagboat.Approval{}}
		for _, s := range q.Approved() {
			lapses := s.At.Add(into.Gates.Lapse)
			approved.Approvals = append(approved.Approvals, tagboat.Approval{By: s.By, Actor: s.Claims, At: s.At, Lapses: lapses, Message: s.Message, Counts: s.Against == "", Reason: s.Against})
			if s.Against == "" {
				approved.Count++
			}
		}
		document.Environments = append(document.Environments, approved)
	}
	return document, nil
}

// ApprovesRejected says that somebody approves a release that was rejected.
type ApprovesRejected struct{ Release tagboat.Release }

// String implements operation.Event.
func (a ApprovesRejected) String() string {
	return fmt.Sprintf("release %s was rejected, and no approval lets it in: %s (by %s)", a.Release.Name, a.Release.Rejected.Reason, a.Release.Rejected.By)
}
