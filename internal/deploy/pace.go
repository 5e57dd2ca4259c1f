package deploy

import "time"

// pace is how long an observer waits between two polls: short while something
// changes, longer while nothing does, long while AWS answers with errors.
type pace struct{ interval time.Duration }

const (
	shortest = 400 * time.Millisecond
	longest  = 6 * time.Second
	// longestAfterErrors leaves a throttled account room to recover.
	longestAfterErrors = 30 * time.Second
	// perCall keeps polls below the 20 calls a second that ECS sustains for reading
	// services, with room for others in the account.
	// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html
	perCall = 200 * time.Millisecond
)

// changed makes the next poll follow quickly.
func (p *pace) changed() { p.interval = shortest }

// same lets more time pass.
func (p *pace) same() { p.interval = min(max(p.interval, shortest)*3/2, longest) }

// failed backs off.
func (p *pace) failed() { p.interval = min(max(p.interval, shortest)*2, longestAfterErrors) }

// wait returns how long to wait where a poll takes that many calls.
func (p *pace) wait(calls int) time.Duration {
	return max(p.interval, shortest, time.Duration(calls)*perCall)
}
