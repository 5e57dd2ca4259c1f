package config

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/tagboat/tagboat/internal/source"
)

// Journal says where CloudWatch Logs keeps what was changed.
type Journal struct {
	Off           bool
	LogGroup      string
	RetentionDays int // 0 for ever
}

type fileJournal struct {
	Off           bool        `yaml:"off" doc:"true where no journal is kept; history then has the last hundred changes of a parameter only"`
	LogGroup      source.Text `yaml:"logGroup" doc:"the log group, with {app} in it; default: /tagboat/{app}"`
	RetentionDays int         `yaml:"retentionDays" doc:"days after which CloudWatch Logs deletes an entry; default: never. Applies only to a log group that Tagboat creates"`
}

const defaultLogGroup = "/tagboat/{app}"

// retentions are all that CloudWatch Logs takes, in days.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
func retentions() []int {
	return []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
}

func (b *builder) journal() {
	from := b.file.Journal
	j := Journal{Off: from.Off, LogGroup: defaultLogGroup, RetentionDays: from.RetentionDays}
	if from.LogGroup.At.File != "" {
		j.LogGroup = from.LogGroup.Value
	}
	j.LogGroup = strings.ReplaceAll(j.LogGroup, "{app}", b.config.App)
	if !logGroupName().MatchString(j.LogGroup) {
		b.problem(from.LogGroup.At, "%q cannot be the name of a log group", j.LogGroup).
			hint("it has up to 512 letters, digits and ._-/#, such as %s", defaultLogGroup)
	}
	if j.RetentionDays != 0 && !slices.Contains(retentions(), j.RetentionDays) {
		b.problem(from.LogGroup.At, "CloudWatch Logs does not keep a log group for %d days", j.RetentionDays).
			hint("write one of %v", retentions())
	}
	b.config.Journal = j
}

// logGroupName is what CloudWatch Logs takes.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
var logGroupName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`) })
