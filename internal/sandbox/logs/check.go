package logs

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

const maxNameLength = 512

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
var groupNamePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[.\-_/#A-Za-z0-9]+$`) })

func checkGroupName(name string) error {
	if err := checkLength(name, "logGroupName"); err != nil {
		return err
	}
	if !groupNamePattern().MatchString(name) {
		return invalidMember(name, "logGroupName", `satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+`)
	}
	return nil
}

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogStream.html
func checkStreamName(name string) error {
	if err := checkLength(name, "logStreamName"); err != nil {
		return err
	}
	if strings.ContainsAny(name, ":*") {
		return invalidMember(name, "logStreamName", `satisfy regular expression pattern: [^:*]*`)
	}
	return nil
}

func checkLength(name, member string) error {
	switch {
	case name == "":
		return invalidMember(name, member, "have length greater than or equal to 1")
	case len(name) > maxNameLength:
		return wire.Errorf("InvalidParameterException",
			"Invalid LogGroup or LogStream, both must have length less than or equal to %d.", maxNameLength)
	}
	return nil
}

// invalidMember is how AWS words a member that breaks a rule of the API's model.
func invalidMember(value, member, rule string) error {
	return wire.Errorf(invalidParameter,
		"1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must %s", value, member, rule)
}

// limit returns the size of a page: the default where none was asked for.
func limit(asked *int, byDefault, most int) (int, error) {
	switch {
	case asked == nil:
		return byDefault, nil
	case *asked < 1:
		return 0, invalidMember(fmt.Sprint(*asked), "limit", "have value greater than or equal to 1")
	case *asked > most:
		return 0, invalidMember(fmt.Sprint(*asked), "limit", fmt.Sprintf("have value less than or equal to %d", most))
	}
	return *asked, nil
}

const invalidParameter = "InvalidParameterException"

func badToken() error {
	return wire.Errorf(invalidParameter, "The specified nextToken is invalid.")
}
