package lint

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/tagboat/tagboat/internal/source"
)

// AWS's words that are quoted below are those of
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
// and of the errors that it was seen to answer.

const nameHint = "use letters, digits, hyphens and underscores, 255 at most"

var namePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9_-]{1,255}$`) })

// family: "Family contains invalid characters."
func family(s *subject) {
	if n := at(s.Task, "family"); n != nil && !namePattern().MatchString(n.Text) {
		s.refuse(n, nameHint, "family %q has characters that ECS does not take, or too many", n.Text)
	}
}

// containerNames: "Container.name contains invalid characters".
func containerNames(s *subject) {
	for _, c := range s.containers() {
		if n := at(c, "name"); n != nil && !namePattern().MatchString(n.Text) {
			s.refuse(n, nameHint, "container %q has a name with characters that ECS does not take, or too many", n.Text)
		}
	}
}

// tooManyContainers: a quota, so only a warning.
// https://docs.aws.amazon.com/general/latest/gr/ecs-service.html
func tooManyContainers(s *subject) {
	const most = 10
	if all := s.containers(); len(all) > most {
		s.warn(all[most], "move some of them into another service", "%d containers: a task has %d at most, unless AWS raised that quota", len(all), most)
	}
}

// essential: "Task definition does not have any essential containers."
func essential(s *subject) {
	all := s.containers()
	for _, c := range all {
		if isEssential(c) {
			return
		}
	}
	if len(all) > 0 {
		s.refuse(at(all[0], "essential"), "let one container be essential: it is what the task is for", "no container is essential")
	}
}

var rolePattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(arn:aws[a-z-]*:iam::[0-9]{12}:role/)?[\w+=,.@/-]+$`)
})

// roles: IAM's roles are checked by ECS only when the first task starts, or not at all.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
func roles(s *subject) {
	for _, member := range []string{"taskRoleArn", "executionRoleArn"} {
		if n := at(s.Task, member); n != nil && n.Text != "" && !rolePattern().MatchString(n.Text) {
			s.refuse(n, "write it as arn:aws:iam::111111111111:role/NAME, or the role's name alone", "%s %q is not the ARN of a role", member, n.Text)
		}
	}
}

func taskTags(s *subject)    { s.tags(s.Task) }
func serviceTags(s *subject) { s.tags(s.Service) }

// tags: keys must be unique, "aws:" is reserved, and lengths are limited.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html
func (s *subject) tags(of *source.Node) {
	const most, longestKey, longestValue = 50, 128, 256
	all := list(of, "tags")
	if len(all) > most {
		s.refuse(all[most], fmt.Sprintf("keep %d of them", most), "%d tags: AWS takes %d at most", len(all), most)
	}
	first := map[string]*source.Node{}
	for _, tag := range all {
		key := text(tag, "key")
		switch {
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			s.refuse(at(tag, "key"), "remove the tag: AWS writes those itself", "tag %q: keys that begin with aws: are AWS's", key)
		case utf8.RuneCountInString(key) > longestKey:
			s.refuse(at(tag, "key"), "shorten it", "tag %q: a key has %d characters at most", key, longestKey)
		case utf8.RuneCountInString(text(tag, "value")) > longestValue:
			s.refuse(at(tag, "value"), "shorten it", "tag %q: a value has %d characters at most", key, longestValue)
		case first[key] != nil:
			s.refuse(at(tag, "key"), "remove one; the first is at "+first[key].At.String(), "tag %q is defined twice", key)
		}
		first[key] = or(first[key], tag)
	}
}

// taskSizes: "Invalid 'cpu' setting for task."
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
func taskSizes(s *subject) {
	for _, size := range []struct{ member, unit, hint string }{
		{"cpu", "vcpu", `write CPU units such as "256", or "0.25 vCPU"`}, {"memory", "gb", `write MiB such as "512", or "0.5 GB"`},
	} {
		if n := at(s.Task, size.member); n != nil && n.Text != "" && units(n.Text, size.unit) == 0 {
			s.refuse(n, size.hint, "%s %q of the task is not a size", size.member, n.Text)
		}
	}
}

// memory: "At least one of 'memory' or 'memoryReservation' must be specified."
func memory(s *subject) {
	if at(s.Task, "memory") != nil || s.onFargate() {
		return
	}
	for _, c := range s.containers() {
		if at(c, "memory") == nil && at(c, "memoryReservation") == nil {
			s.refuse(or(at(c, "name"), c), `give it "memory" or "memoryReservation" in MiB, or the task "memory"`,
				"container %q has neither memory nor memoryReservation, and the task has no memory", text(c, "name"))
		}
	}
}

// sums: "The sum of all container 'cpu' values cannot be greater than the value of the
// task 'cpu'." (https://github.com/aws/aws-cdk/issues/24629), and "The total amount of
// memory reserved for all containers within a task must be lower than the task memory value",
// of which no refusal was seen.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
func sums(s *subject) {
	cpu, memory := 0, 0
	for _, c := range s.containers() {
		if n, ok := number(c, "cpu"); ok {
			cpu += n
		}
		reserved, ok := number(c, "memoryReservation")
		if !ok {
			reserved, _ = number(c, "memory")
		}
		memory += reserved
	}
	if whole := units(text(s.Task, "cpu"), "vcpu"); whole > 0 && cpu > whole {
		s.refuse(at(s.Task, "cpu"), "raise cpu of the task, or lower it in the containers", "the containers have cpu %d together, and the task has %d", cpu, whole)
	}
	if whole := units(text(s.Task, "memory"), "gb"); whole > 0 && memory > whole {
		s.warn(at(s.Task, "memory"), "raise memory of the task, or lower it in the containers", "the containers reserve %d MiB of memory together, and the task has %d", memory, whole)
	}
}

// containerSizes: "The 'memory' setting for container 'x' is greater than for the task.",
// "The 'memory' should not be less than 'memoryReservation'.", and Docker's own least
// memory of 6 MiB.
func containerSizes(s *subject) {
	const least = 6
	whole := units(text(s.Task, "memory"), "gb")
	for _, c := range s.containers() {
		name := text(c, "name")
		hard, limited := number(c, "memory")
		soft, reserved := number(c, "memoryReservation")
		switch {
		case limited && hard < least:
			s.refuse(at(c, "memory"), "memory is in MiB", "container %q has memory %d: Docker starts no container with less than %d MiB", name, hard, least)
		case reserved && soft < least:
			s.refuse(at(c, "memoryReservation"), "memoryReservation is in MiB", "container %q has memoryReservation %d: Docker starts no container with less than %d MiB", name, soft, least)
		case limited && reserved && hard < soft:
			s.refuse(at(c, "memory"), "raise memory or lower memoryReservation", "container %q has memory %d, less than its memoryReservation %d", name, hard, soft)
		case whole > 0 && limited && hard > whole:
			s.refuse(at(c, "memory"), "raise memory of the task", "container %q has memory %d, more than the task: %d", name, hard, whole)
		}
	}
}

// mounts: "Unknown volume 'x'."
func mounts(s *subject) {
	var known []string
	for _, v := range list(s.Task, "volumes") {
		known = append(known, text(v, "name"))
	}
	for _, c := range s.containers() {
		for _, m := range list(c, "mountPoints") {
			s.refuseUnknown(at(m, "sourceVolume"), known, `add it: "volumes": [{"name": %q}]`,
				"container %q mounts the volume %q, which the task definition does not have", text(c, "name"))
		}
	}
}

// volumes: an EFS volume with IAM authorization or an access point needs encryption.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EFSVolumeConfiguration.html
func volumes(s *subject) {
	first := map[string]bool{}
	for _, v := range list(s.Task, "volumes") {
		name := text(v, "name")
		if name != "" && first[name] {
			s.warn(at(v, "name"), "rename or remove one of the two", "volume %q is defined twice", name)
		}
		first[name] = true
		efs := at(v, "efsVolumeConfiguration")
		authorization := at(efs, "authorizationConfig")
		if (text(authorization, "iam") == "ENABLED" || text(authorization, "accessPointId") != "") && text(efs, "transitEncryption") != "ENABLED" {
			s.refuse(or(at(efs, "transitEncryption"), efs), `set "transitEncryption": "ENABLED"`,
				"volume %q: EFS with IAM authorization or an access point needs encryption in transit", name)
		}
	}
}

// units reads 1024 and forms with a unit of 1024, such as "1 vCPU", "2 vCPUs" and "2GB"; 0
// means that it is none of them.
func units(s, unit string) int {
	amount := strings.TrimSuffix(strings.ToLower(strings.TrimSpace(s)), "s")
	scale := 1.0
	if before, ok := strings.CutSuffix(amount, unit); ok {
		amount, scale = strings.TrimSpace(before), 1024
	}
	n, ok := decimal(&source.Node{Kind: source.String, Text: amount})
	if !ok || n < 0 {
		return 0
	}
	return int(n * scale)
}
