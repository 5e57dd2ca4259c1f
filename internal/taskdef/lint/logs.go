package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tagboat/tagboat"
	"github.com/tagboat/tagboat/internal/source"
)

// awslogsOptions are what the driver awslogs takes.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html
func awslogsOptions() []string {
	return []string{
		"awslogs-group", "awslogs-region", "awslogs-stream-prefix", "awslogs-create-group",
		"awslogs-datetime-format", "awslogs-multiline-pattern", "mode", "max-buffer-size",
	}
}

// logOptions: "Log driver awslogs requires options: awslogs-region, awslogs-group", "Log
// driver awslogs disallows options: x"
// (https://github.com/aws-samples/amazon-ecs-firelens-examples/issues/83), and "Log driver
// awslogs option 'awslogs-create-group' should only be set to 'true', else omit option."
// (https://github.com/terraform-linters/tflint-ruleset-aws/issues/348).
func logOptions(s *subject) {
	for _, c := range s.containers() {
		log := at(c, "logConfiguration")
		if text(log, "logDriver") != "awslogs" {
			continue
		}
		meant := s.misspelt(c, at(log, "options"))
		required := []string{"awslogs-group", "awslogs-region"}
		if s.onFargate() {
			required = append(required, "awslogs-stream-prefix")
		}
		for _, option := range required {
			if text(log, "options", option) == "" && !meant[option] {
				s.refuse(or(at(log, "options", option), or(at(log, "options"), log)), fmt.Sprintf("add %q to options", option),
					"the log driver awslogs of container %q needs %s", text(c, "name"), option)
			}
		}
		if n := at(log, "options", "awslogs-create-group"); n != nil && n.Text != "true" {
			s.refuse(n, "remove the option, or set it to \"true\"", "awslogs-create-group of container %q can only be \"true\"", text(c, "name"))
		}
	}
}

// misspelt finds options that the driver does not have, and returns those that were meant.
func (s *subject) misspelt(c, options *source.Node) map[string]bool {
	meant := map[string]bool{}
	if options == nil {
		return meant
	}
	for _, f := range options.Fields {
		if slices.Contains(awslogsOptions(), f.Name) {
			continue
		}
		named := &source.Node{Kind: source.String, Text: f.Name, At: f.At, Path: f.Value.Path}
		hint := tagboat.Suggest(f.Name, awslogsOptions())
		if word, ok := strings.CutPrefix(hint, "did you mean "); ok {
			meant[strings.Trim(word, `"?`)] = true
			s.refuse(named, hint, "the log driver awslogs of container %q has no option %q", text(c, "name"), f.Name)
			continue
		}
		s.warn(named, hint, "the log driver awslogs of container %q has no option %q that is known here", text(c, "name"), f.Name)
	}
	return meant
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
