package githubactions

import (
	"fmt"
	"os"
	"strings"
)

// summaryLimit is how many bytes the summary of a step can have: of one that has more
// GitHub shows nothing at all.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits
const summaryLimit = 1 << 20

const cutShort = "\n\nThe rest is more than GitHub shows; the log has all of it.\n"

// AppendSummary adds a document to the summary of the step, which file holds: the one
// that GITHUB_STEP_SUMMARY names. It adds as many whole pieces as there is room for.
func AppendSummary(file string, pieces []string) error {
	summary, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the job's summary: %w", err)
	}
	info, err := summary.Stat()
	if err == nil {
		_, err = summary.WriteString(fit(pieces, summaryLimit-int(info.Size())))
	}
	if closing := summary.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("writing the job's summary: %w", err)
	}
	return nil
}

// fit joins the pieces that fit into room bytes, up to the first that does not, and says
// where some are missing.
func fit(pieces []string, room int) string {
	var b strings.Builder
	total := 0
	for _, piece := range pieces {
		total += len(piece)
	}
	if total <= room {
		return strings.Join(pieces, "")
	}
	for _, piece := range pieces {
		if b.Len()+len(piece)+len(cutShort) > room {
			break
		}
		b.WriteString(piece)
	}
	if b.Len()+len(cutShort) <= room {
		b.WriteString(cutShort)
	}
	return b.String()
}
