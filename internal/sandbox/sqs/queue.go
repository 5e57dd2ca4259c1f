package sqs

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/policy"
	"github.com/tagboat/tagboat/internal/sandbox/wire"
)

// queue is one queue with its messages, oldest first.
type queue struct {
	Scope      wire.Scope
	Name       string
	Attributes map[string]string // those that were set
	Tags       map[string]string
	Created    time.Time
	Modified   time.Time
	Purged     time.Time
	Messages   []*message

	settings
	changed chan struct{} // closed once messages came or became visible
}

func (q *queue) arn() string { return q.Scope.ARN("sqs", q.Name) }

func (q *queue) urlAt(host string) string {
	return "http://" + host + "/" + q.Scope.Account + "/" + q.Name
}

// restore makes what is not saved of what is.
func (q *queue) restore() (err error) {
	q.changed = make(chan struct{})
	q.settings, err = read(q.Attributes)
	return err
}

// wake has those look again who wait for messages.
func (q *queue) wake() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// sorted returns queues in order of their ARNs.
func (s *Service) sorted(want func(*queue) bool) []*queue {
	var all []*queue
	for _, arn := range slices.Sorted(maps.Keys(s.queues)) {
		if want(s.queues[arn]) {
			all = append(all, s.queues[arn])
		}
	}
	return all
}

// queue returns what a URL names, once the queue's policy has had its say. The host of a URL does
// not count: its account, its name and the region of the call do. An action "" is the owner's alone.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-basic-examples-of-sqs-policies.html
func (c call) queue(url, action string) (*queue, error) {
	if url == "" {
		return nil, missing("QueueUrl")
	}
	parts := strings.Split(strings.TrimPrefix(url, "http"), "/")
	if len(parts) < 2 || parts[len(parts)-1] == "" {
		return nil, refuse("InvalidAddress", "The address %s is not valid for this endpoint.", url)
	}
	return c.named(parts[len(parts)-2], parts[len(parts)-1], action)
}

func (c call) named(account, name, action string) (*queue, error) {
	q := c.queues[wire.Scope{Account: account, Region: c.caller.Region}.ARN("sqs", name)]
	if q == nil {
		return nil, refuse("QueueDoesNotExist", "The specified queue does not exist.")
	}
	decided := policy.Silent
	if action != "" {
		decided = q.policy.Decide(policy.Request{Principal: c.caller.ARN, Account: c.caller.Account, Action: action, Resource: q.arn()})
	}
	switch owner := account == c.caller.Account; {
	case decided == policy.Denied:
		return nil, c.denied(action, q, "with an explicit deny in a resource-based policy")
	case !owner && decided != policy.Allowed:
		return nil, c.denied(cmp.Or(action, "sqs:*"), q, "because no resource-based policy allows the "+strings.ToLower(cmp.Or(action, "sqs:*"))+" action")
	}
	q.expire(c.now)
	return q, nil
}

func (c call) denied(action string, q *queue, why string) error {
	return refuse("AccessDeniedException", "User: %s is not authorized to perform: %s on resource: %s %s", c.caller.ARN, strings.ToLower(action), q.arn(), why)
}

type urlInput struct {
	QueueURL string `json:"QueueUrl"`
}

type urlOutput struct {
	QueueURL string `json:"QueueUrl"`
}

var namePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`) })

type createInput struct {
	QueueName  string
	Attributes map[string]string
	Tags       map[string]string `json:"tags"`
}

// recreateAfter is how long the name of a deleted queue is taken.
const recreateAfter = time.Minute

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
func (c call) create(in createInput) (urlOutput, error) {
	q := &queue{Scope: c.caller.Scope, Name: in.QueueName, Attributes: map[string]string{}, Tags: map[string]string{}, Created: c.now, changed: make(chan struct{})}
	switch at, was := c.deleted[q.arn()]; {
	case strings.HasSuffix(in.QueueName, ".fifo") || in.Attributes["FifoQueue"] != "" && in.Attributes["FifoQueue"] != "false":
		return urlOutput{}, refuse("UnsupportedOperation", "The sandbox has no FIFO queues.")
	case !namePattern().MatchString(in.QueueName):
		return urlOutput{}, badValue("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	case was && c.now.Before(at.Add(recreateAfter)):
		return urlOutput{}, refuse("QueueDeletedRecently", "You must wait 60 seconds after deleting a queue before you can create another with the same name.")
	}
	if there := c.queues[q.arn()]; there != nil {
		for name, value := range in.Attributes {
			if there.attribute(name) != value {
				return urlOutput{}, refuse("QueueNameExists", "A queue already exists with the same name and a different value for attribute %s", name)
			}
		}
		return urlOutput{there.urlAt(c.host)}, nil
	}
	if err := c.change(q, in.Attributes); err != nil {
		return urlOutput{}, err
	}
	maps.Copy(q.Tags, in.Tags)
	c.queues[q.arn()] = q
	delete(c.deleted, q.arn())
	return urlOutput{q.urlAt(c.host)}, nil
}

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html
func (c call) remove(in urlInput) (nothing, error) {
	q, err := c.queue(in.QueueURL, "")
	if err == nil {
		delete(c.queues, q.arn())
		c.deleted[q.arn()] = c.now
		q.wake()
	}
	return nothing{}, err
}

type nameInput struct {
	QueueName string
	Owner     string `json:"QueueOwnerAWSAccountId"`
}

func (c call) url(in nameInput) (urlOutput, error) {
	q, err := c.named(cmp.Or(in.Owner, c.caller.Account), in.QueueName, "sqs:GetQueueUrl")
	if err != nil {
		return urlOutput{}, err
	}
	return urlOutput{q.urlAt(c.host)}, nil
}

type pageInput struct {
	MaxResults *int
	NextToken  string
}

// page returns the URLs of a page of queues. Without MaxResults there is one page, of 1,000.
func (c call) page(in pageInput, all []*queue) (urls []string, next string, err error) {
	const most = 1000
	size := most
	if in.MaxResults != nil {
		if size = *in.MaxResults; size < 1 || size > most {
			return nil, "", badNumber(size, "MaxResults", "Must be between 1 and 1000, if provided.")
		}
	}
	shown, next, err := wire.Page(all, in.NextToken, size, "")
	if err != nil {
		return nil, "", badValue("Invalid or expired next token.")
	}
	for _, q := range shown {
		urls = append(urls, q.urlAt(c.host))
	}
	if in.MaxResults == nil {
		next = ""
	}
	return urls, next, nil
}

type listInput struct {
	pageInput
	Prefix string `json:"QueueNamePrefix"`
}

type listOutput struct {
	QueueURLs []string `json:"QueueUrls,omitempty"`
	NextToken string   `json:",omitempty"`
}

func (c call) list(in listInput) (out listOutput, err error) {
	out.QueueURLs, out.NextToken, err = c.page(in.pageInput, c.sorted(func(q *queue) bool {
		return q.Scope == c.caller.Scope && strings.HasPrefix(q.Name, in.Prefix)
	}))
	return out, err
}

type sourcesInput struct {
	urlInput
	pageInput
}

type sourcesOutput struct {
	QueueURLs []string `json:"queueUrls"`
	NextToken string   `json:",omitempty"`
}

// sources lists the queues whose dead-letter queue this is.
func (c call) sources(in sourcesInput) (sourcesOutput, error) {
	dead, err := c.queue(in.QueueURL, "")
	if err != nil {
		return sourcesOutput{}, err
	}
	urls, next, err := c.page(in.pageInput, c.sorted(func(q *queue) bool { return q.redrive != nil && q.redrive.Target == dead.arn() }))
	return sourcesOutput{append([]string{}, urls...), next}, err
}

// purgeEvery is how long after a purge there can be no other.
const purgeEvery = time.Minute

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_PurgeQueue.html
func (c call) purge(in urlInput) (nothing, error) {
	q, err := c.queue(in.QueueURL, "sqs:PurgeQueue")
	switch {
	case err != nil:
		return nothing{}, err
	case !q.Purged.IsZero() && c.now.Before(q.Purged.Add(purgeEvery)):
		return nothing{}, refuse("PurgeQueueInProgress", "Only one PurgeQueue operation on %s is allowed every 60 seconds.", q.Name)
	}
	q.Messages, q.Purged = nil, c.now
	return nothing{}, nil
}

type tagInput struct {
	urlInput
	Tags map[string]string
}

// maxTags is how many tags a queue should have at most; AWS recommends it and counts no further.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-tags.html
const maxTags = 50

func (c call) tag(in tagInput) (nothing, error) {
	q, err := c.queue(in.QueueURL, "")
	if err != nil {
		return nothing{}, err
	}
	tags := maps.Clone(q.Tags)
	maps.Copy(tags, in.Tags)
	if len(tags) > maxTags {
		return nothing{}, badValue("Too many tags added for queue %s.", q.Name)
	}
	q.Tags = tags
	return nothing{}, nil
}

type untagInput struct {
	urlInput
	TagKeys []string
}

func (c call) untag(in untagInput) (nothing, error) {
	q, err := c.queue(in.QueueURL, "")
	if err == nil {
		maps.DeleteFunc(q.Tags, func(key, _ string) bool { return slices.Contains(in.TagKeys, key) })
	}
	return nothing{}, err
}

type tagsOutput struct {
	Tags map[string]string `json:",omitempty"`
}

func (c call) tags(in urlInput) (tagsOutput, error) {
	q, err := c.queue(in.QueueURL, "")
	if err != nil {
		return tagsOutput{}, err
	}
	return tagsOutput{maps.Clone(q.Tags)}, nil
}
