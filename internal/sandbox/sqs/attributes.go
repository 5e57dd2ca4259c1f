package sqs

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/policy"
)

// settings is what the attributes of a queue say.
type settings struct {
	policy  *policy.Policy // nil where there is none
	redrive *redrive       // nil where there is none
	allow   redriveAllow
}

// redrive says when a message goes to which dead-letter queue.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
type redrive struct {
	Target string      `json:"deadLetterTargetArn"`
	Max    json.Number `json:"maxReceiveCount"` // a string or a number

	max int
}

// redriveAllow says whose dead-letter queue a queue may be.
type redriveAllow struct {
	Permission string   `json:"redrivePermission"` // allowAll, denyAll or byQueue; "" means allowAll
	Sources    []string `json:"sourceQueueArns"`
}

func (a redriveAllow) allows(source string) bool {
	return a.Permission != "denyAll" && (a.Permission != "byQueue" || slices.Contains(a.Sources, source))
}

// number is an attribute that is one.
type number struct{ byDefault, least, most int }

// numbers has the attributes that are numbers.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
func numbers() map[string]number {
	return map[string]number{
		"DelaySeconds":                  {0, 0, 900},
		"MaximumMessageSize":            {maxSize, 1024, maxSize},
		"MessageRetentionPeriod":        {345600, 60, 1209600},
		"ReceiveMessageWaitTimeSeconds": {0, 0, maxWait},
		"VisibilityTimeout":             {30, 0, maxVisibility},
	}
}

// maxSize is how long a message, or a batch, may be: 1 MiB.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
const maxSize = 1 << 20

// read checks attributes by themselves and says what they mean.
func read(attributes map[string]string) (settings, error) {
	var s settings
	for name, value := range attributes {
		bad := refuse("InvalidAttributeValue", "Invalid value for the parameter %s.", name)
		n, isNumber := numbers()[name]
		switch {
		case isNumber:
			if i, err := strconv.Atoi(value); err != nil || i < n.least || i > n.most {
				return s, bad
			}
		case name == "SqsManagedSseEnabled" || name == "FifoQueue":
			if value != "true" && value != "false" {
				return s, bad
			}
		case name == "KmsMasterKeyId" || name == "KmsDataKeyReusePeriodSeconds":
			return s, refuse("UnsupportedOperation", "The sandbox has no KMS: it takes no %s.", name)
		case name != "Policy" && name != "RedrivePolicy" && name != "RedriveAllowPolicy":
			return s, refuse("InvalidAttributeName", "Unknown Attribute %s.", name)
		}
	}
	var err error
	if document := attributes["Policy"]; document != "" {
		if s.policy, err = policy.Parse(document); err != nil {
			return s, refuse("InvalidAttributeValue", "Invalid value for the parameter Policy. Reason: %v", err)
		}
	}
	if document := attributes["RedriveAllowPolicy"]; document != "" {
		if err := policy.Strictly([]byte(document), &s.allow); err != nil || !slices.Contains([]string{"allowAll", "denyAll", "byQueue"}, s.allow.Permission) {
			return s, badRedrive("RedriveAllowPolicy", document, "Amazon SQS can't create the redrive allow policy, as it's in an unsupported format.")
		}
	}
	s.redrive, err = readRedrive(attributes["RedrivePolicy"])
	return s, err
}

func readRedrive(document string) (*redrive, error) {
	const name, most = "RedrivePolicy", 1000
	if document == "" {
		return nil, nil
	}
	var r redrive
	if err := policy.Strictly([]byte(document), &r); err != nil {
		return nil, badRedrive(name, document, "Redrive policy is not a valid JSON map.")
	}
	var err error
	switch r.max, err = strconv.Atoi(r.Max.String()); {
	case r.Target == "":
		return nil, badRedrive(name, document, "Redrive policy does not contain mandatory attribute: deadLetterTargetArn.")
	case r.Max == "":
		return nil, badRedrive(name, document, "Redrive policy does not contain mandatory attribute: maxReceiveCount.")
	case err != nil || r.max < 1 || r.max > most:
		return nil, badRedrive(name, document, "Invalid value for maxReceiveCount: "+r.Max.String()+", valid values are from 1 to 1000 both inclusive.")
	}
	return &r, nil
}

func badRedrive(name, document, reason string) error {
	return badValue("Value %s for parameter %s is invalid. Reason: %s", document, name, reason)
}

// change sets attributes of a queue, all of them or, where one is wrong, none.
func (c call) change(q *queue, attributes map[string]string) error {
	all := maps.Clone(q.Attributes)
	maps.Copy(all, attributes)
	s, err := read(all)
	if err != nil {
		return err
	}
	if r := s.redrive; r != nil && attributes["RedrivePolicy"] != "" {
		if err := c.checkTarget(q, r, attributes["RedrivePolicy"]); err != nil {
			return err
		}
	}
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	q.Attributes, q.settings, q.Modified = all, s, c.now
	return nil
}

// checkTarget looks at the dead-letter queue, which has to be of the same account and region.
func (c call) checkTarget(q *queue, r *redrive, document string) error {
	target := c.queues[r.Target]
	switch {
	case !strings.HasPrefix(r.Target, q.Scope.ARN("sqs", "")):
		return badRedrive("RedrivePolicy", document, "Dead-letter target owner should be same as the source.")
	case target == nil:
		return badRedrive("RedrivePolicy", document, "Dead letter target does not exist.")
	case !target.allow.allows(q.arn()):
		return badRedrive("RedrivePolicy", document, "Queue "+r.Target+" does not allow this queue to use it as a dead-letter queue.")
	}
	return nil
}

type setInput struct {
	urlInput
	Attributes map[string]string
}

func (c call) setAttributes(in setInput) (nothing, error) {
	q, err := c.queue(in.QueueURL, "")
	switch {
	case err != nil:
		return nothing{}, err
	case in.Attributes["FifoQueue"] != "":
		return nothing{}, refuse("InvalidAttributeName", "Unknown Attribute FifoQueue.")
	}
	return nothing{}, c.change(q, in.Attributes)
}

// attribute returns what was set, or the default; "" for one that has none.
func (q *queue) attribute(name string) string {
	value, set := q.Attributes[name]
	if n, isNumber := numbers()[name]; isNumber && !set {
		return strconv.Itoa(n.byDefault)
	}
	if name == "SqsManagedSseEnabled" && !set {
		return "true"
	}
	return value
}

func (q *queue) number(name string) int {
	n, _ := strconv.Atoi(q.attribute(name)) // checked when it was set
	return n
}

func (q *queue) seconds(name string) time.Duration {
	return time.Duration(q.number(name)) * time.Second
}

type getInput struct {
	urlInput
	AttributeNames []string
}

type getOutput struct {
	Attributes map[string]string `json:",omitempty"`
}

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
func (c call) getAttributes(in getInput) (getOutput, error) {
	q, err := c.queue(in.QueueURL, "sqs:GetQueueAttributes")
	if err != nil {
		return getOutput{}, err
	}
	all := maps.Clone(q.Attributes)
	delete(all, "FifoQueue")
	for _, name := range append(slices.Collect(maps.Keys(numbers())), "SqsManagedSseEnabled") {
		all[name] = q.attribute(name)
	}
	visible, hidden, delayed := q.count(c.now, c.client)
	all["ApproximateNumberOfMessages"] = strconv.Itoa(visible)
	all["ApproximateNumberOfMessagesNotVisible"] = strconv.Itoa(hidden)
	all["ApproximateNumberOfMessagesDelayed"] = strconv.Itoa(delayed)
	all["CreatedTimestamp"] = strconv.FormatInt(q.Created.Unix(), 10)
	all["LastModifiedTimestamp"] = strconv.FormatInt(q.Modified.Unix(), 10)
	all["QueueArn"] = q.arn()
	for _, name := range in.AttributeNames {
		known := name == "All" || all[name] != "" || slices.Contains([]string{"Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds"}, name)
		if !known {
			return getOutput{}, refuse("InvalidAttributeName", "Unknown Attribute %s.", name)
		}
	}
	if !slices.Contains(in.AttributeNames, "All") {
		maps.DeleteFunc(all, func(name, _ string) bool { return !slices.Contains(in.AttributeNames, name) })
	}
	return getOutput{all}, nil
}
