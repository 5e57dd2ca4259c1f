package config

import (
	"cmp"
	"fmt"
	"net/url"
	"time"
)

// Watch says how tagboat watch hears of pushes, and when it acts.
type Watch struct {
	Queue  string        // URL of an SQS queue; "" for none
	Settle time.Duration // how long an environment is left to gather hints
	Sweep  time.Duration // how often everything is looked at
	Grace  time.Duration // how long what is under way may take at the end
}

// What holds where the file does not say. ECS gives a container thirty seconds to end unless told
// otherwise. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
const (
	settles = 5 * time.Second
	sweeps  = 15 * time.Minute
	grace   = 25 * time.Second
)

func (b *builder) watch() {
	from := b.file.Watch
	b.config.Watch = Watch{
		Queue: from.Queue.Value, Settle: cmp.Or(time.Duration(from.Settle), settles),
		Sweep: cmp.Or(time.Duration(from.Sweep), sweeps), Grace: cmp.Or(time.Duration(from.Grace), grace),
	}
	if from.Queue.Value == "" {
		return
	}
	if err := CheckQueue(from.Queue.Value); err != nil {
		b.problem(from.Queue.At, "%v", err).hint("aws sqs get-queue-url --queue-name NAME prints it")
	}
}

// CheckQueue returns an error where a text is not the URL of a queue.
func CheckQueue(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || len(u.Path) < 2 {
		return fmt.Errorf("%q is not the URL of a queue", text)
	}
	return nil
}
