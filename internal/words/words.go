// Package words says times, versions and names as people read them, the same in the
// terminal and on the page.
package words

import (
	"fmt"
	"strings"
	"time"

	"github.com/tagboat/tagboat"
)

// Unknown is printed for a value that is not known.
const Unknown = "?"

// Moment is how a time is written, to the second and in UTC; "-" for none.
func Moment(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// Age is how an age is written: in the unit that leaves few digits.
func Age(seconds int64) string {
	age := time.Duration(seconds) * time.Second
	switch {
	case seconds <= 0:
		return "-"
	case age < 2*time.Minute:
		return fmt.Sprintf("%ds", seconds)
	case age < 2*time.Hour:
		return fmt.Sprintf("%dm", seconds/60)
	case age < 48*time.Hour:
		return fmt.Sprintf("%dh", seconds/3600)
	default:
		return fmt.Sprintf("%dd", seconds/86400)
	}
}

// AgeOf is how long ago what runs was deployed.
func AgeOf(s tagboat.ServiceStatus) string {
	if s.Since != nil && s.AgeSeconds == 0 {
		return "0s"
	}
	return Age(s.AgeSeconds)
}

// Version is how a version is written where its digest counts: its tag, where one is known,
// and enough of the digest to recognise it.
func Version(tag string, digest tagboat.Digest) string {
	switch {
	case digest == "":
		return "-"
	case tag == "":
		return digest.Short()
	default:
		return tag + " (" + digest.Short()[:7] + ")"
	}
}

// Short is a version by its tag, or by its digest if no tag is known.
func Short(tag string, digest tagboat.Digest) string {
	switch {
	case tag != "":
		return tag
	case digest != "":
		return digest.Short()
	default:
		return Unknown
	}
}

// Last returns what stands behind the last slash: family:revision of a task definition's ARN.
func Last(s string) string { return s[strings.LastIndex(s, "/")+1:] }

// Who returns the part of an ARN that names somebody.
func Who(arn string) string {
	if !strings.HasPrefix(arn, "arn:") {
		return arn
	}
	return Last(arn[strings.LastIndex(arn, ":")+1:])
}

// Drifts reports whether a service is not as it should be, and will not be once what rolls has
// ended.
func Drifts(s tagboat.ServiceStatus) bool {
	others := 0
	for _, i := range s.Images {
		if i.Running != "" && i.Running != i.Pinned {
			others++
		}
		if i.Deploying != i.Pinned {
			return len(s.Drift) > 0
		}
	}
	return len(s.Drift) > others
}

// Size is how a size is written: in the unit that leaves few digits.
func Size(bytes int64) string {
	const unit = 1000
	if bytes <= 0 {
		return "-"
	}
	size, names := float64(bytes), []string{"B", "kB", "MB", "GB"}
	for size >= unit && len(names) > 1 {
		size, names = size/unit, names[1:]
	}
	if size < 10 && names[0] != "B" {
		return fmt.Sprintf("%.1f %s", size, names[0])
	}
	return fmt.Sprintf("%.0f %s", size, names[0])
}
