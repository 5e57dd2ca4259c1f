package selection

import (
	"fmt"
	"strings"
	"time"
)

// reason says why a candidate is skipped; "" for one that is not.
type reason string

const (
	outside    reason = "is outside of the constraint"
	prerelease reason = "is a prerelease, and the constraint names none"
	noMatch    reason = "does not match"
	noTag      reason = "has no tag"
	undated    reason = "does not say when it was built or pushed"
	noPlatform reason = "does not say for which platform it is"
)

func notVersion(err error) reason { return reason("is no semantic version: " + err.Error()) }

func ignored(pattern string) reason { return reason("is ignored by " + pattern) }

func tooYoung(age, least time.Duration) reason {
	return reason(fmt.Sprintf("is %s old, less than %s", duration(max(age, 0).Round(time.Second)), duration(least)))
}

func otherPlatform(has []string, wanted string) reason {
	return reason(fmt.Sprintf("is for %s, not for %s", strings.Join(has, " and "), wanted))
}

func otherTag(wanted string) reason { return reason("is not the tag " + wanted) }
