package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

// awsCommand is the AWS command line, as far as the pages paste it: aws SERVICE OPERATION --MEMBER VALUE…
// Values are text, JSON, file://FILE or NAME=VALUE,NAME=VALUE, and --query names one member.
func awsCommand() {
	if err := runAWS(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "aws:", err)
		os.Exit(254)
	}
}

func runAWS(args []string) error {
	target := map[string]string{"sqs": "AmazonSQS.", "events": "AWSEvents."}[args[0]]
	in, query := map[string]any{}, ""
	for i := 2; i+1 < len(args); i += 2 {
		switch name, value := pascal(args[i]), args[i+1]; name {
		case "Query":
			query = value
		case "Output":
		default:
			parsed, err := parameter(name, value)
			if err != nil {
				return err
			}
			in[name] = parsed
		}
	}
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request, err := http.NewRequest(http.MethodPost, os.Getenv("AWS_ENDPOINT_URL"), strings.NewReader(string(body)))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("X-Amz-Target", target+pascal("--"+args[1]))
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=sandbox/20260101/"+os.Getenv("AWS_REGION")+"/"+args[0]+"/aws4_request, SignedHeaders=host, Signature=none")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return errors.Join(fmt.Errorf("%s: %s", response.Status, answer), err)
	}
	if query != "" {
		var out map[string]any
		if err := json.Unmarshal(answer, &out); err != nil {
			return err
		}
		answer = fmt.Append(nil, out[query])
	}
	_, err = os.Stdout.Write(append(answer, '\n'))
	return err
}

// pascal returns the member of a flag: --queue-name is QueueName.
func pascal(flag string) string {
	var name strings.Builder
	for word := range strings.SplitSeq(strings.TrimPrefix(flag, "--"), "-") {
		name.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return name.String()
}

// parameter returns the value of a member. Patterns are text that happens to be JSON.
func parameter(name, value string) (any, error) {
	if file, ok := strings.CutPrefix(value, "file://"); ok {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		value = string(text)
	}
	switch {
	case name == "EventPattern":
		return value, nil
	case strings.HasPrefix(value, "{"), strings.HasPrefix(value, "["):
		return json.RawMessage(value), nil
	case name == "Targets":
		target := map[string]string{}
		for pair := range strings.SplitSeq(value, ",") {
			key, text, _ := strings.Cut(pair, "=")
			target[key] = text
		}
		return []any{target}, nil
	default:
		return value, nil
	}
}
