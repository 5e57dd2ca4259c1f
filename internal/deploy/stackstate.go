package deploy

import (
	"fmt"
	"strings"
	"time"
)

// state says what state the stack is in, and since when where something goes on.
func (s *ObservedStack) state() string {
	if began := s.UnderWay; s.Busy() && began.ID != "" {
		return fmt.Sprintf("somebody else's operation is under way since %s (%s)", began.At.UTC().Format(time.RFC3339), s.Status)
	}
	if s.StatusReason != "" {
		return fmt.Sprintf("it is %s (%s)", s.Status, s.StatusReason)
	}
	return "it is " + s.Status
}

// HowToRepair says what to do with a stack that cannot be updated in the state that it is in.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html
func HowToRepair(stack, status string) string {
	command := func(name string) string { return fmt.Sprintf("aws cloudformation %s --stack-name %s", name, stack) }
	events := "; what failed is among its events: " + command("describe-stack-events")
	switch {
	case status == "REVIEW_IN_PROGRESS":
		return "it has a change set and no resources yet: execute that, or delete the stack: " + command("delete-stack")
	case status == "DELETE_IN_PROGRESS":
		return "it is being deleted: once it is gone, create it again from its template"
	case strings.HasSuffix(status, "_IN_PROGRESS"):
		return "wait until it has ended, then run the same command: " + command("describe-stacks")
	case status == "UPDATE_ROLLBACK_FAILED":
		return "fix what keeps it from rolling back, then: " + command("continue-update-rollback") + events
	case status == "UPDATE_FAILED":
		return "its last update failed and was not rolled back. Roll it back: " + command("rollback-stack") + ", or update it with its template"
	case status == "ROLLBACK_COMPLETE", status == "ROLLBACK_FAILED", status == "CREATE_FAILED":
		return "it was never created completely, and can only be deleted: " + command("delete-stack") + ", then create it again from its template" + events
	case status == "DELETE_FAILED":
		return "deleting it failed: fix what stands in the way, and delete it again: " + command("delete-stack") + events
	case status == "DELETE_COMPLETE":
		return "it was deleted: create it again from its template"
	}
	return "see its events: " + command("describe-stack-events")
}
