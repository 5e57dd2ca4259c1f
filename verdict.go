package tagboat

import "fmt"

// Verdict is how a deployment ended.
type Verdict string

// The verdicts. Only Succeeded and Unchanged are success. Succeeded means that the
// ECS deployment that we started (by id) completed, that its task definition is
// the one that we registered, and that the running tasks have the pinned digests.
const (
	VerdictUnchanged   Verdict = "unchanged"
	VerdictSucceeded   Verdict = "succeeded"
	VerdictRolledBack  Verdict = "rolled-back"
	VerdictFailed      Verdict = "failed"
	VerdictSuperseded  Verdict = "superseded"
	VerdictTimedOut    Verdict = "timed-out"
	VerdictInterrupted Verdict = "interrupted"
	// VerdictStarted is the answer of a deploy that was asked not to wait: the
	// deployment goes on and nobody judged it yet.
	VerdictStarted Verdict = "started"
	// VerdictSkipped is that of a deployment that was not begun because of how another
	// one ended. Nothing was changed, and the other one has the verdict that counts.
	VerdictSkipped Verdict = "skipped"
	// VerdictBlocked is that of a deployment that automation did not begin, because of a
	// hold or a rejection. Nothing was changed.
	VerdictBlocked Verdict = "blocked"
)

// Begun reports whether a deployment with this verdict may have changed something.
func (v Verdict) Begun() bool {
	return v != VerdictUnchanged && v != VerdictSkipped && v != VerdictBlocked
}

// Kind returns the kind of error that a command ends in for this verdict, and
// false where the verdict is not an error.
func (v Verdict) Kind() (Kind, bool) {
	switch v {
	case VerdictUnchanged, VerdictSucceeded, VerdictStarted, VerdictSkipped:
		return 0, false
	case VerdictRolledBack:
		return RolledBack, true
	case VerdictSuperseded:
		return Superseded, true
	case VerdictTimedOut:
		return TimedOut, true
	case VerdictInterrupted:
		return Interrupted, true
	case VerdictBlocked:
		return Blocked, true
	default:
		return Failed, true
	}
}

// HowToContinue says how somebody lets a deployment go on that waits for that.
func HowToContinue(env EnvName, service ServiceName) string {
	command := fmt.Sprintf("tagboat continue --env %s %s", env, service)
	return fmt.Sprintf("to continue it: %s; to roll it back: %s --rollback", command, command)
}
