package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

// logDriver is what a log driver takes.
type logDriver struct {
	options  []string // beside mode and max-buffer-size, which all have
	required []string
	usual    []string // ECS has been seen to take a task definition without them
	refused  bool     // ECS itself refuses other options; otherwise the container does not start
	any      bool     // other options are somebody else's to check
}

// logDrivers are the drivers that ECS documents, with the options of
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html and,
// which that page refers to, of https://docs.docker.com/engine/logging/configure/.
func logDrivers() map[string]logDriver {
	attributes := []string{"env", "env-regex", "labels", "labels-regex", "tag"}
	with := func(options ...string) []string { return append(options, attributes...) }
	return map[string]logDriver{
		"awslogs": {refused: true, required: []string{"awslogs-group", "awslogs-region"}, options: []string{
			"awslogs-group", "awslogs-region", "awslogs-stream-prefix", "awslogs-create-group",
			"awslogs-datetime-format", "awslogs-multiline-pattern",
		}},
		"splunk": {usual: []string{"splunk-token"}, required: []string{"splunk-url"}, options: with(
			"splunk-token", "splunk-url", "splunk-source", "splunk-sourcetype", "splunk-index", "splunk-capath", "splunk-caname",
			"splunk-insecureskipverify", "splunk-format", "splunk-verify-connection", "splunk-gzip", "splunk-gzip-level",
			"splunk-index-acknowledgment",
		)},
		"fluentd": {options: with(
			"fluentd-address", "fluentd-async", "fluentd-async-connect", "fluentd-async-reconnect-interval", "fluentd-buffer-limit",
			"fluentd-max-retries", "fluentd-request-ack", "fluentd-retry-wait", "fluentd-sub-second-precision", "fluentd-write-timeout",
		)},
		"gelf": {options: with("gelf-address", "gelf-compression-level", "gelf-compression-type", "gelf-tcp-max-reconnect", "gelf-tcp-reconnect-delay")},
		"syslog": {options: with(
			"syslog-address", "syslog-facility", "syslog-format", "syslog-tls-ca-cert", "syslog-tls-cert", "syslog-tls-key", "syslog-tls-skip-verify",
		)},
		"json-file":   {options: with("compress", "max-file", "max-size")},
		"journald":    {options: with()},
		"awsfirelens": {options: []string{"log-driver-buffer-limit"}, any: true}, // the router's plugins have the others
	}
}

// logOptions: "Log driver awslogs requires options: awslogs-region, awslogs-group", "Log
// driver splunk requires options: splunk-token"
// (https://github.com/hashicorp/terraform-provider-aws/issues/8596), "Log driver awslogs
// disallows options: x" (https://github.com/aws-samples/amazon-ecs-firelens-examples/issues/83),
// "Log driver awslogs option 'awslogs-create-group' should only be set to 'true', else omit
// option." (https://github.com/terraform-linters/tflint-ruleset-aws/issues/348).
func logOptions(s *subject) {
	for _, c := range s.containers() {
		log := at(c, "logConfiguration")
		name := text(log, "logDriver")
		driver, known := logDrivers()[name]
		if !known {
			continue
		}
		given := s.misspelt(c, log, driver)
		for _, secret := range list(log, "secretOptions") {
			given[text(secret, "name")] = true
		}
		if name == "awslogs" && s.onFargate() {
			driver.required = append(driver.required, "awslogs-stream-prefix")
		}
		needs := func(options []string, tell func(*source.Node, string, string, ...any)) {
			for _, option := range options {
				if !given[option] {
					tell(or(at(log, "options", option), or(at(log, "options"), log)), fmt.Sprintf("add %q to options", option),
						"the log driver %s of container %q needs %s", name, text(c, "name"), option)
				}
			}
		}
		needs(driver.usual, s.warn)
		needs(driver.required, s.refuse)
		if n := at(log, "options", "awslogs-create-group"); n != nil && n.Text != "true" {
			s.refuse(n, "remove the option, or set it to \"true\"", "awslogs-create-group of container %q can only be \"true\"", text(c, "name"))
		}
	}
}

// misspelt finds options that the driver does not have, and returns those that are given or
// were meant. What ECS does not refuse is a warning: "unknown log opt 'splunk-sourceType' for
// splunk log driver" is Docker's, which not every task runs on.
// https://github.com/aws/aws-cdk/issues/5456
func (s *subject) misspelt(c, log *source.Node, driver logDriver) map[string]bool {
	given := map[string]bool{}
	options := at(log, "options")
	if options == nil {
		return given
	}
	known := slices.Concat(driver.options, []string{"mode", "max-buffer-size"})
	for _, f := range options.Fields {
		given[f.Name] = f.Value.Text != ""
		if slices.Contains(known, f.Name) {
			continue
		}
		named := &source.Node{Kind: source.String, Text: f.Name, At: f.At, Path: f.Value.Path}
		hint := tagboat.Suggest(f.Name, known)
		word, meant := strings.CutPrefix(hint, "did you mean ")
		if meant {
			given[strings.Trim(word, `"?`)] = true
		}
		message := fmt.Sprintf("the log driver %s of container %q has no option %q", text(log, "logDriver"), text(c, "name"), f.Name)
		switch {
		case meant && driver.refused:
			s.refuse(named, hint, "%s", message)
		case meant || !driver.any:
			s.warn(named, hint, "%s that is known here", message)
		}
	}
	return given
}

// logModes: "logger: logging mode not supported: x", "logger: max-buffer-size option is only
// supported with 'mode=non-blocking'", with which a container does not start; where the mode
// is left out, an account's setting says it. "You cannot configure both the
// awslogs-datetime-format and awslogs-multiline-pattern options."
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html
func logModes(s *subject) {
	for _, c := range s.containers() {
		options := at(c, "logConfiguration", "options")
		mode, size := at(options, "mode"), at(options, "max-buffer-size")
		switch {
		case mode == nil || mode.Text == "non-blocking":
		case mode.Text != "blocking":
			s.warn(mode, `set it to "blocking" or "non-blocking"`, "container %q has the log mode %q, which no log driver has", text(c, "name"), mode.Text)
		case size != nil:
			s.warn(size, `remove it, or set "mode": "non-blocking"`, "container %q has max-buffer-size, which the log mode blocking does not use", text(c, "name"))
		}
		if n := at(options, "awslogs-multiline-pattern"); n != nil && at(options, "awslogs-datetime-format") != nil {
			s.warn(n, "keep one of the two", "container %q has both awslogs-datetime-format and awslogs-multiline-pattern", text(c, "name"))
		}
	}
}

// firelens: "When a firelensConfiguration object is specified, at least one container has
// to be configured with the awsfirelens log driver.", and the other way round.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_firelens.html
func firelens(s *subject) {
	var router, sender *source.Node
	for _, c := range s.containers() {
		router = or(router, at(c, "firelensConfiguration"))
		if driver := at(c, "logConfiguration", "logDriver"); driver != nil && driver.Text == "awsfirelens" {
			sender = or(sender, driver)
		}
	}
	switch {
	case router != nil && sender == nil:
		s.refuse(router, `give another container "logConfiguration": {"logDriver": "awsfirelens"}, or remove this`, "a container is a log router (firelensConfiguration), and none has the log driver awsfirelens")
	case router == nil && sender != nil:
		s.refuse(sender, `add a container with "firelensConfiguration": {"type": "fluentbit"}`, "the log driver awsfirelens needs a container that is the log router (firelensConfiguration)")
	}
}
