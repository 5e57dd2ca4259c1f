package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// awsCommand is the AWS command line, as far as the pages paste it: aws SERVICE OPERATION [--MEMBER [VALUE...]]...
// Values are text, JSON, file://FILE or NAME=VALUE,NAME=VALUE. Of --query it knows what queryOf does, of
// --output text and json. scripts/clients.sh pastes docs/trouble.md with AWS's own.
func awsCommand() {
	if err := runAWS(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "aws:", err)
		os.Exit(254)
	}
}

// api is how a service is spoken to.
type api struct {
	target string // before the operation; "" for the query protocol
	camel  bool   // members begin with a small letter
}

func apis() map[string]api {
	return map[string]api{
		"sqs": {target: "AmazonSQS."}, "events": {target: "AWSEvents."}, "ssm": {target: "AmazonSSM."},
		"ecs": {target: ecsTarget, camel: true}, "logs": {target: "Logs_20140328.", camel: true},
		"ecr":            {target: "AmazonEC2ContainerRegistry_V20150921.", camel: true},
		"cloudformation": {}, "elbv2": {}, "sts": {},
	}
}

// versions are those of the services that speak the query protocol.
func versions() map[string]string {
	return map[string]string{"cloudformation": "2010-05-15", "elbv2": "2015-12-01", "sts": "2011-06-15"}
}

func runAWS(args []string) error {
	speaks, known := apis()[args[0]]
	if !known {
		return fmt.Errorf("the test's command line does not have %s", args[0])
	}
	if args[1] == "wait" {
		return waitForStack(args[3:])
	}
	in, query, output, err := members(args[2:], speaks)
	if err != nil {
		return err
	}
	body, headers, err := request(args[0], pascal("--"+args[1]), speaks, in)
	if err != nil {
		return err
	}
	answer, err := send(args[0], body, headers)
	if err != nil {
		return err
	}
	out, err := parsed(answer, speaks)
	if err != nil {
		return err
	}
	if query != "" {
		if out, err = queryOf(out, query); err != nil {
			return err
		}
	}
	if output == "text" {
		_, err = fmt.Fprintln(os.Stdout, inText(out))
		return err
	}
	if out == nil || out == "" {
		return nil
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "    ")
	return encoder.Encode(out)
}

// waitForStack is aws cloudformation wait stack-…-complete: it waits until nothing goes on with the stack.
func waitForStack(flags []string) error {
	for range 3000 {
		in, _, _, err := members(flags, api{})
		if err != nil {
			return err
		}
		body, headers, err := request("cloudformation", "DescribeStacks", api{}, in)
		if err != nil {
			return err
		}
		answer, err := send("cloudformation", body, headers)
		if err != nil {
			return err
		}
		if ended := regexp.MustCompile("<StackStatus>([A-Z_]+)</StackStatus>").FindSubmatch(answer); ended != nil && !bytes.HasSuffix(ended[1], []byte("_IN_PROGRESS")) {
			if !slices.Contains([]string{"CREATE_COMPLETE", "UPDATE_COMPLETE"}, string(ended[1])) {
				return fmt.Errorf("Waiter StackUpdateComplete failed: the stack is %s", ended[1])
			}
			return nil
		}
		<-time.After(100 * time.Millisecond)
	}
	return errors.New("Waiter StackUpdateComplete failed: Max attempts exceeded")
}

// members returns what the flags say.
func members(args []string, speaks api) (in map[string]any, query, output string, err error) {
	in = map[string]any{}
	for len(args) > 0 {
		name := pascal(args[0])
		values := args[1:]
		if i := slices.IndexFunc(values, func(v string) bool { return strings.HasPrefix(v, "--") }); i >= 0 {
			values = values[:i]
		}
		args = args[1+len(values):]
		switch {
		case name == "Query":
			query = values[0]
			continue
		case name == "Output":
			output = values[0]
			continue
		case strings.HasPrefix(name, "No") && len(values) == 0:
			in[spelt(strings.TrimPrefix(name, "No"), speaks)] = false
			continue
		}
		if in[spelt(name, speaks)], err = value(name, values); err != nil {
			return nil, "", "", err
		}
	}
	return in, query, output, nil
}

func spelt(name string, speaks api) string {
	if speaks.camel {
		return strings.ToLower(name[:1]) + name[1:]
	}
	return name
}

// pascal returns the member of a flag: --queue-name is QueueName.
func pascal(flag string) string {
	var name strings.Builder
	for word := range strings.SplitSeq(strings.TrimPrefix(flag, "--"), "-") {
		name.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return name.String()
}

// value returns the value of a member. Patterns are text that happens to be JSON.
func value(name string, values []string) (any, error) {
	lists := []string{"Services", "Tasks", "Parameters", "Tags", "ResourcesToSkip", "RetainResources", "Capabilities", "Targets", "ImageIds", "RepositoryNames", "Names", "ServiceDeploymentArns", "TargetGroupArns"}
	if len(values) == 0 {
		return true, nil
	}
	var all []any
	for _, text := range values {
		if file, ok := strings.CutPrefix(text, "file://"); ok {
			content, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			text = string(content)
		}
		switch {
		case name == "EventPattern" || name == "TemplateBody" || name == "Value":
			return text, nil
		case strings.HasPrefix(text, "{"), strings.HasPrefix(text, "["):
			return json.RawMessage(text), nil
		case strings.HasSuffix(name, "Count"):
			return json.Number(text), nil
		case slices.Contains([]string{"Targets", "Parameters", "ImageIds", "Tags"}, name):
			all = append(all, shorthand(text))
		default:
			all = append(all, text)
		}
	}
	if slices.Contains(lists, name) {
		return all, nil
	}
	return all[0], nil
}

// shorthand returns NAME=VALUE,NAME=VALUE as an object.
func shorthand(text string) map[string]string {
	object := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(pair, "=")
		object[key] = value
	}
	return object
}

func request(service, operation string, speaks api, in map[string]any) (body string, headers map[string]string, err error) {
	if speaks.target != "" {
		encoded, err := json.Marshal(in)
		return string(encoded), map[string]string{"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": speaks.target + operation}, err
	}
	form := url.Values{"Action": {operation}, "Version": {versions()[service]}}
	flatten(form, "", in)
	return form.Encode(), map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, nil
}

// flatten writes a value as the query protocol has it.
func flatten(form url.Values, prefix string, v any) {
	under := func(name string) string { return strings.TrimPrefix(prefix+"."+name, ".") }
	switch v := v.(type) {
	case map[string]any:
		for name, item := range v {
			flatten(form, under(name), item)
		}
	case map[string]string:
		for name, item := range v {
			form.Set(under(name), item)
		}
	case []any:
		for i, item := range v {
			flatten(form, under("member."+strconv.Itoa(i+1)), item)
		}
	default:
		form.Set(prefix, fmt.Sprint(v))
	}
}

func send(service, body string, headers map[string]string) ([]byte, error) {
	request, err := http.NewRequest(http.MethodPost, os.Getenv("AWS_ENDPOINT_URL"), strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, text := range headers {
		request.Header.Set(name, text)
	}
	signed := cmp.Or(map[string]string{"elbv2": "elasticloadbalancing"}[service], service)
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=sandbox/20260101/"+os.Getenv("AWS_REGION")+"/"+signed+"/aws4_request, SignedHeaders=host, Signature=none")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, answer)
	}
	return answer, err
}

// parsed returns an answer as a tree; nil where it says nothing.
func parsed(answer []byte, speaks api) (out any, err error) {
	if speaks.target != "" {
		if len(bytes.TrimSpace(answer)) == 0 {
			return nil, nil //nolint:nilnil // nothing was said, and nothing is wrong
		}
		decoder := json.NewDecoder(bytes.NewReader(answer))
		decoder.UseNumber()
		return out, decoder.Decode(&out)
	}
	var root node
	if err := xml.Unmarshal(answer, &root); err != nil {
		return nil, err
	}
	for _, child := range root.Children {
		if strings.HasSuffix(child.XMLName.Local, "Result") {
			return child.tree(), nil
		}
	}
	return nil, nil //nolint:nilnil // as above
}

// node is an element of an answer of the query protocol.
type node struct {
	XMLName  xml.Name
	Text     string `xml:",chardata"`
	Children []node `xml:",any"`
}

func (n node) tree() any {
	if len(n.Children) == 0 {
		return strings.TrimSpace(n.Text)
	}
	if n.Children[0].XMLName.Local == "member" {
		var list []any
		for _, child := range n.Children {
			list = append(list, child.tree())
		}
		return list
	}
	object := map[string]any{}
	for _, child := range n.Children {
		object[child.XMLName.Local] = child.tree()
	}
	return object
}

var (
	filter   = regexp.MustCompile(`^\?contains\((\w+), ?'([^']*)'\)$`)
	nameHere = regexp.MustCompile(`^\w+`)
)

// queryOf evaluates an expression of JMESPath: members, [N], [], [:N], [?contains(MEMBER, 'TEXT')]
// and, for several members, [MEMBER, MEMBER].
func queryOf(v any, expression string) (any, error) {
	expression = strings.TrimPrefix(strings.TrimSpace(expression), ".")
	if expression == "" || v == nil {
		return v, nil
	}
	if name := nameHere.FindString(expression); name != "" {
		object, _ := v.(map[string]any)
		return queryOf(object[name], expression[len(name):])
	}
	inside, rest, ok := bracketed(expression)
	if !ok {
		return nil, fmt.Errorf("the test's command line does not have the query %s", expression)
	}
	list, isList := v.([]any)
	number, isNumber := strconv.Atoi(inside)
	until, isUntil := strings.CutPrefix(inside, ":")
	match := filter.FindStringSubmatch(inside)
	switch {
	case isNumber == nil && !isList, inside == "" && !isList:
		return nil, nil //nolint:nilnil // as JMESPath has it
	case isNumber == nil && number < len(list):
		return queryOf(list[number], rest)
	case isNumber == nil:
		return nil, nil //nolint:nilnil // as JMESPath has it
	case isUntil:
		n, err := strconv.Atoi(until)
		if err != nil {
			return nil, err
		}
		list = list[:min(n, len(list))]
	case match != nil:
		list = slices.DeleteFunc(slices.Clone(list), func(item any) bool {
			object, _ := item.(map[string]any)
			text, _ := object[match[1]].(string)
			return !strings.Contains(text, match[2])
		})
	case inside != "":
		return several(v, inside)
	}
	var all []any
	for _, item := range list {
		found, err := queryOf(item, rest)
		if err != nil {
			return nil, err
		}
		if found != nil {
			all = append(all, found)
		}
	}
	return all, nil
}

// several evaluates expressions that commas separate.
func several(v any, expressions string) (any, error) {
	var all []any
	for expression := range strings.SplitSeq(expressions, ",") {
		found, err := queryOf(v, expression)
		if err != nil {
			return nil, err
		}
		all = append(all, found)
	}
	return all, nil
}

// bracketed splits [inside]rest.
func bracketed(expression string) (inside, rest string, ok bool) {
	depth := 0
	for i, c := range expression {
		switch c {
		case '[':
			depth++
		case ']':
			depth--
		}
		if depth == 0 {
			return strings.TrimSpace(expression[min(1, i):i]), expression[i+1:], i > 0
		}
	}
	return "", "", false
}

// inText prints a value as --output text does: a list of lists as lines, a list as one line.
func inText(v any) string {
	list, isList := v.([]any)
	if !isList {
		if v == nil {
			return "None"
		}
		return fmt.Sprint(v)
	}
	separator := "\t"
	var all []string
	for _, item := range list {
		if _, nested := item.([]any); nested {
			separator = "\n"
		}
		all = append(all, inText(item))
	}
	return strings.Join(all, separator)
}

// orderCommand asks the sandbox for what only a sandbox does: sandbox-order PATH [JSON]; without JSON what was
// ordered ends.
func orderCommand() {
	method, body := http.MethodDelete, ""
	if len(os.Args) > 2 {
		method, body = http.MethodPost, os.Args[2]
	}
	request, err := http.NewRequest(method, os.Getenv("AWS_ENDPOINT_URL")+"/_sandbox/"+os.Args[1], strings.NewReader(body))
	if err == nil {
		var response *http.Response
		if response, err = http.DefaultClient.Do(request); err == nil && response.StatusCode >= http.StatusBadRequest {
			err = errors.New(response.Status)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "sandbox-order:", err)
		os.Exit(1)
	}
}
