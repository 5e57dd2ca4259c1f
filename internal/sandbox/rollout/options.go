package rollout

import "time"

// Options say how an Engine behaves. The zero value is useful.
type Options struct {
	// Seed makes the ids that the engine gives; two engines with one seed and the same
	// calls give the same ids.
	Seed string
	// Timings say how long things take; zero members take the defaults.
	Timings Timings
	// Batch is how many tasks of a deployment the scheduler starts at once. 0 means 10.
	Batch int
}

// Timings say how long things take, in the engine's time. With the defaults a calm
// rollout takes about 80 seconds without a load balancer and 145 with one, as traces
// of Fargate services do, and three tasks that cannot pull fail within six minutes.
type Timings struct {
	Schedule    time.Duration // from a change of a service to the scheduler's first act: 2 s
	Round       time.Duration // between two batches of one deployment: 5 s
	Provision   time.Duration // PROVISIONING, the network interface: 5 s
	Pull        time.Duration // pulling images that are there: 8 s
	GiveUp      time.Duration // until a task that cannot be launched fails: 80 s
	Report      time.Duration // containers must live so long for the task to be seen RUNNING: 5 s
	Activate    time.Duration // ACTIVATING, registering targets: 8 s
	Settle      time.Duration // RUNNING to healthy, with neither load balancer nor health check: 40 s
	Drain       time.Duration // the target groups' deregistration delay: 60 s
	Deprovision time.Duration // DEPROVISIONING: 20 s
	Bake        time.Duration // with alarms and no bake time: 3 min
	AlarmPoll   time.Duration // between two looks at the alarms: 15 s
	Shift       time.Duration // of traffic, in one step of a native strategy: 5 s
	Hook        time.Duration // until the function of a lifecycle hook answers: 2 s
	Backoff     time.Duration // after the first launch failure, doubling: 30 s
	BackoffMax  time.Duration // 27 min
	Rollback    time.Duration // a rollback takes at least so long: 1 min
	Steady      time.Duration // between two words of a steady state: 6 h
	Forget      time.Duration // how long a stopped task can be described: 1 h

	TargetInterval time.Duration // between two health checks of a target: 30 s
	TargetHealthy  int           // successes that make an unhealthy target healthy: 5
	TargetFailed   int           // failures that make a target unhealthy: 2
}

// withDefaults returns o with the useful values where it has none.
func (o Options) withDefaults() Options {
	if o.Batch == 0 {
		o.Batch = 10
	}
	o.Timings = o.Timings.withDefaults()
	return o
}

// withDefaults takes its figures from AWS's documentation where it gives any: 40 s to
// count as healthy and the backoff's 27 minutes from the service scheduler's pages, an
// hour from DescribeTasks, 30 s, five and two from the Application Load Balancer's
// target groups. The others follow public traces of Fargate services.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
func (t Timings) withDefaults() Timings {
	or := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	or(&t.Schedule, 2*time.Second)
	or(&t.Round, 5*time.Second)
	or(&t.Provision, 5*time.Second)
	or(&t.Pull, 8*time.Second)
	or(&t.GiveUp, 80*time.Second)
	or(&t.Report, 5*time.Second)
	or(&t.Activate, 8*time.Second)
	or(&t.Settle, 40*time.Second)
	or(&t.Drain, time.Minute)
	or(&t.Deprovision, 20*time.Second)
	or(&t.Bake, 3*time.Minute)
	or(&t.AlarmPoll, 15*time.Second)
	or(&t.Shift, 5*time.Second)
	or(&t.Hook, 2*time.Second)
	or(&t.Backoff, 30*time.Second)
	or(&t.BackoffMax, 27*time.Minute)
	or(&t.Rollback, time.Minute)
	or(&t.Steady, 6*time.Hour)
	or(&t.Forget, time.Hour)
	or(&t.TargetInterval, 30*time.Second)
	if t.TargetHealthy == 0 {
		t.TargetHealthy = 5
	}
	if t.TargetFailed == 0 {
		t.TargetFailed = 2
	}
	return t
}
