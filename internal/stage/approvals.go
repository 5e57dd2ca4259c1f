package stage

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/tagboat/tagboat"
)

// approvals asks whether enough people have approved the release.
func (q Question) approvals() *tagboat.GateResult {
	needed := q.Needed()
	if needed == 0 {
		return nil
	}
	unknown := ""
	if q.Release.Author == "" {
		unknown = fmt.Sprintf(" (one more than %d, since nobody knows any more who made it)", needed-1)
	}
	var count int
	var reasons []string
	for _, a := range q.Approved() {
		if a.Against == "" {
			count++
			reasons = append(reasons, fmt.Sprintf("%s at %s, which lapses at %s", who(a.By), moment(a.At), moment(a.At.Add(q.Stage.Gates.Lapse))))
			continue
		}
		reasons = append(reasons, fmt.Sprintf("%s at %s does not count: %s", who(a.By), moment(a.At), a.Against))
	}
	text := fmt.Sprintf("%d of %d approvals%s", count, needed, unknown)
	if len(reasons) > 0 {
		text += ": " + strings.Join(reasons, "; ")
	}
	if count >= needed {
		return pass("approvals", "%s", text)
	}
	result := shut("approvals", tagboat.CauseApprovals, "%s", text)
	result.Hint = fmt.Sprintf("somebody other than %s can approve it: tagboat approve %s --to %s; %s",
		cmp.Or(who(q.Release.Author), "its author"), q.name(), q.Stage.Name, q.override())
	return result
}

// Needed returns how many people must approve: one more where nobody knows who made the release.
func (q Question) Needed() int {
	if q.Stage.Gates.Approvals > 0 && q.Release.Author == "" {
		return q.Stage.Gates.Approvals + 1
	}
	return q.Stage.Gates.Approvals
}

// Approved is somebody's last approval, and why it does not count; "" where it does.
type Approved struct {
	Approval
	Against string
}

// Approved returns the last approval for the environment of each person who has not taken it
// back, in the order in which they were given.
func (q Question) Approved() []Approved {
	var last []Approval
	for _, a := range q.Approvals {
		if len(a.Environments) > 0 && !slices.Contains(a.Environments, q.Env.Name) {
			continue
		}
		last = slices.DeleteFunc(last, func(before Approval) bool { return person(before.By) == person(a.By) })
		if !a.Revoked {
			last = append(last, a)
		}
	}
	all := make([]Approved, len(last))
	for i, a := range last {
		all[i] = Approved{a, q.against(a)}
	}
	return all
}

// against says why an approval does not count; "" where it does.
func (q Question) against(a Approval) string {
	if person(a.By) == person(q.Release.Author) {
		return "it is by the author of the release"
	}
	if lapsed := a.At.Add(q.Stage.Gates.Lapse); !q.Now.Before(lapsed) {
		return "it lapsed at " + moment(lapsed)
	}
	for _, g := range q.Versions {
		if !g.Passed {
			return fmt.Sprintf("it fell, since the gate %s no longer lets the release in", g.Gate)
		}
	}
	if q.Upstream == nil {
		return ""
	}
	var newest Trouble
	for _, t := range q.Upstream.Troubles {
		if !t.At.Before(newest.At) {
			newest = t
		}
	}
	if newest.What != "" && !a.At.After(newest.At) {
		return fmt.Sprintf("it fell at %s: %s in %s", moment(newest.At), newest.What, q.Upstream.Environment)
	}
	return ""
}

// madeUp are the session names that SDKs make up where nobody gave one: each session has another.
var madeUp = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(botocore-session|aws-go-sdk|aws-sdk-java|aws-sdk-js|aws-sdk-js-session)-\d+$`)
})

// person returns what tells people from each other: the ARN, and that of the role alone where an
// SDK made the session's name up.
func person(arn string) string {
	if i := strings.LastIndex(arn, "/"); i >= 0 && madeUp().MatchString(arn[i+1:]) {
		return arn[:i]
	}
	return arn
}

// SharedSession warns of approvals of which AWS cannot say who gave them: several people
// had one session name, or an SDK made the name up. Those count as one person's.
func SharedSession(approvals []Approval) []string {
	claims := map[string][]string{}
	var warnings []string
	for _, a := range approvals {
		role := person(a.By)
		said := claims[role]
		if slices.Contains(said, a.Claims) {
			continue
		}
		claims[role] = append(said, a.Claims)
	}
	for _, a := range approvals {
		role := person(a.By)
		said := claims[role]
		delete(claims, role)
		switch {
		case len(said) > 1:
			warnings = append(warnings, fmt.Sprintf("%s approved as %s, which all count as one person: AWS knows them by one name; give each a session name of their own, and have the role's trust policy require it (sts:RoleSessionName)",
				a.By, strings.Join(claimed(said), ", ")))
		case len(said) == 1 && role != a.By:
			warnings = append(warnings, fmt.Sprintf("approvals by the role %s count as one person's: an SDK made the names of its sessions up; give each a session name of their own, and have the role's trust policy require it (sts:RoleSessionName)", role))
		}
	}
	return warnings
}

func claimed(said []string) []string {
	all := make([]string, len(said))
	for i, c := range said {
		all[i] = cmp.Or(c, "nobody")
	}
	return all
}
