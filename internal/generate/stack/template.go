package stack

import (
	"fmt"
	"strconv"
	"strings"
)

// head returns the template as far as its resources.
func (s *Stack) head() string {
	var b strings.Builder
	var counts []string
	for i := range s.Services {
		counts = append(counts, s.Services[i].id+"Count=1")
	}
	b.WriteString(part("head", "$APP", s.App, "$ENVIRONMENT", s.Environment, "$LEDGER\n", s.ledger(), "$COUNTS", strings.Join(counts, " "), "$NOTES\n", s.remarks()))
	subnets := ""
	if of := s.subnets(); len(of) > 0 {
		subnets = "    Default: " + strings.Join(of, ",") + "\n"
	}
	b.WriteString(part("parameters", "$APP", s.App, "$ENVIRONMENT", s.Environment, "$SUBNETS\n", subnets))
	for _, input := range s.Inputs {
		fmt.Fprintf(&b, "  %s:\n    Type: AWS::SSM::Parameter::Value<String>\n    Default: %s\n    Description: the pins; CloudFormation reads them again at every update\n", input.ID, input.Name)
	}
	if s.balanced() && s.has(LoadBalancer) {
		b.WriteString(part("balancer-parameters"))
	} else if s.balanced() {
		b.WriteString(part("existing-balancer"))
	}
	if s.logging || s.Watching != nil {
		b.WriteString(part("log-parameters"))
	}
	if s.Watching != nil {
		b.WriteString(part("function-parameters"))
	}
	for i := range s.Services {
		b.WriteString(s.Services[i].parameters(i))
	}
	if s.balanced() && s.has(LoadBalancer) {
		b.WriteString("Conditions:\n  Encrypted: !Not [!Equals [!Ref Certificate, \"\"]]\n")
	}
	return b.String()
}

// ledger returns the commands that make the parameters of the ledger.
func (s *Stack) ledger() string {
	var b strings.Builder
	for _, input := range s.Inputs {
		fmt.Fprintf(&b, "#   aws ssm put-parameter --name %s --type String --value '{}' # once, before the first pin\n", input.Name)
	}
	return b.String()
}

// remarks returns the notes as a comment.
func (s *Stack) remarks() string {
	if len(s.Notes) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("#\n# Notes:\n")
	for _, note := range s.Notes {
		b.WriteString(comment("#   - ", "#     ", note))
	}
	return b.String()
}

// comment returns a text in lines of at most 100 characters.
func comment(lead, rest, text string) string {
	var b strings.Builder
	line := lead
	for i, word := range strings.Fields(text) {
		if i > 0 && len(line)+1+len(word) > 100 {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = rest + word
			continue
		}
		if i > 0 {
			line += " "
		}
		line += word
	}
	return b.String() + line + "\n"
}

func (v *Service) parameters(n int) string {
	count := ""
	if v.count != "" {
		count = ", " + v.count + " in the service file"
	}
	text := part("service-parameters", "$ID", v.id, "$NAME", v.Name, "$FILECOUNT", count)
	if v.port > 0 {
		text += part("target-parameters", "$IDPath", v.id+"Path", "$ID", v.id, "$NAME", v.Name, "$PATH", quoted("/"+v.Name+"/*"),
			"$PRIORITY", strconv.Itoa(10*(n+1)), "$HEALTHFROM", v.from, "$HEALTH", v.health)
	}
	return text
}

// resources returns the resources and the outputs.
func (s *Stack) resources() string {
	var b, outputs strings.Builder
	b.WriteString("Resources:\n")
	if s.has(Cluster) {
		b.WriteString(part("cluster", "$CLUSTER", scalar(s.Cluster)))
	}
	if s.balanced() && s.has(LoadBalancer) {
		b.WriteString(part("balancer"))
		outputs.WriteString("  Address:\n    Description: where the load balancer answers\n    Value: !GetAtt LoadBalancer.DNSName\n")
	}
	logs := s.logs(&b)
	for i := range s.Services {
		s.serviceResources(&b, &outputs, &s.Services[i], logs)
	}
	if len(s.Repositories) > 0 {
		b.WriteString("\n  # Repositories, which the application has once.\n")
	}
	for _, r := range s.Repositories {
		b.WriteString(s.repository(r))
	}
	if s.Watching != nil {
		b.WriteString(s.watching())
		outputs.WriteString(s.Watching.Outputs)
	}
	if outputs.Len() > 0 {
		b.WriteString("Outputs:\n" + outputs.String())
	}
	return b.String()
}

func (s *Stack) serviceResources(b, outputs *strings.Builder, v *Service, logs map[string]string) {
	ingress := "      # nothing calls it from outside\n"
	balancer, cluster := "!GetAtt LoadBalancer.LoadBalancerFullName", "!Ref Cluster"
	if !s.has(LoadBalancer) {
		balancer = "!Ref LoadBalancerName"
	}
	if !s.has(Cluster) {
		cluster = scalar(s.Cluster)
	}
	fmt.Fprintf(b, "\n  # %s\n", v.Name)
	if v.port > 0 {
		ingress = block(6, map[string]any{"SecurityGroupIngress": []any{map[string]any{
			"Description": "from the load balancer", "IpProtocol": "tcp", "FromPort": v.port, "ToPort": v.port, "SourceSecurityGroupId": ref("LoadBalancerSecurityGroup"),
		}}})
		b.WriteString(part("target", "$ID", v.id, "$PORT", strconv.Itoa(v.port)))
	}
	b.WriteString(part("security-group", "$ID", v.id, "$NAME", v.Name, "$INGRESS\n", ingress))
	roles := s.roleResources(v)
	definition := s.definition(v, logs)
	b.WriteString(roles + definition + s.service(v))
	if v.port > 0 {
		b.WriteString(part("alarms", "$ID", v.id, "$NAME", v.Name, "$BALANCER", balancer))
	}
	b.WriteString(part("cpu", "$ID", v.id, "$NAME", v.Name, "$CLUSTER", cluster, "$SERVICE", scalar(v.ServiceName)))
	for _, role := range []string{"ExecutionRole", "TaskRole"} {
		if strings.Contains(roles, "  "+v.id+role+":\n") {
			s.made = append(s.made, "!GetAtt "+v.id+role+".Arn")
			fmt.Fprintf(outputs, "  %s%s:\n    Value: !GetAtt %s%s.Arn\n", v.id, role, v.id, role)
		}
	}
}

// logs adds the log groups that the task definitions name, each once, and returns their names in
// the template.
func (s *Stack) logs(b *strings.Builder) map[string]string {
	ids := map[string]string{}
	if !s.has(Logs) {
		return ids
	}
	for i := range s.Services {
		v := &s.Services[i]
		silent := true
		for _, c := range objects(v.Definition, "containerDefinitions") {
			log, _ := c["logConfiguration"].(map[string]any)
			silent = silent && log == nil
			options, _ := log["options"].(map[string]any)
			group := text(options, "awslogs-group")
			if group == "" || ids[group] != "" || !s.here(options) {
				continue
			}
			ids[group], s.logging = s.id(v.id+"Logs"), true
			b.WriteString(part("logs", "$ID", ids[group], "$GROUP", scalar(group)))
		}
		if silent {
			s.Note("%s: none of its containers has a logConfiguration, so that what it prints is lost", v.Name)
		}
	}
	return ids
}

// Logs reports whether a container of the service writes to a log group.
func (v *Service) Logs(group string) bool {
	for _, c := range objects(v.Definition, "containerDefinitions") {
		log, _ := c["logConfiguration"].(map[string]any)
		options, _ := log["options"].(map[string]any)
		if text(options, "awslogs-group") == group {
			return true
		}
	}
	return false
}
