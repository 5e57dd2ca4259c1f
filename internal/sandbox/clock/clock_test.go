package clock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/tagboat/tagboat/internal/sandbox/clock"
)

var start = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func TestScaledRunsFaster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.NewScaled(start, 100)
		<-time.After(time.Second)
		if got, want := c.Now(), start.Add(100*time.Second); !got.Equal(want) {
			t.Errorf("after a second it is %v, want %v", got, want)
		}
	})
}

func TestScaledHasReachedWhatItWaitedFor(t *testing.T) {
	for _, speed := range []float64{0.5, 1, 3, 7, 100, 12345} {
		synctest.Test(t, func(t *testing.T) {
			c := clock.NewScaled(start, speed)
			until := start.Add(time.Minute + 1)
			reached, stop := c.Wait(until)
			defer stop()
			<-reached
			if now := c.Now(); now.Before(until) || now.After(until.Add(time.Millisecond)) {
				t.Errorf("speed %v: woke at %v for %v", speed, now, until)
			}
		})
	}
}

func TestScaledWaitForThePastIsOverAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reached, stop := clock.NewScaled(start, 100).Wait(start.Add(-time.Hour))
		defer stop()
		synctest.Wait()
		before := time.Now()
		<-reached
		if time.Since(before) > time.Millisecond {
			t.Error("it waited")
		}
	})
}

func TestScaledIsMoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.NewScaled(start, 100)
		soon, stopSoon := c.Wait(start.Add(time.Hour))
		defer stopSoon()
		late, stopLate := c.Wait(start.Add(3 * time.Hour))
		defer stopLate()
		c.Advance(2 * time.Hour)
		synctest.Wait()
		if got := <-soon; got.Before(start.Add(2 * time.Hour)) {
			t.Errorf("woke at %v", got)
		}
		before := time.Now()
		<-late
		if took := time.Since(before); took < 35*time.Second || took > 37*time.Second {
			t.Errorf("the last hour took %v, want 36s", took)
		}
	})
}

func TestManualWakesOnTime(t *testing.T) {
	c := clock.NewManual(start)
	reached, stop := c.Wait(start.Add(time.Minute))
	defer stop()
	c.Advance(time.Minute - 1)
	select {
	case <-reached:
		t.Fatal("woke too early")
	default:
	}
	c.Advance(1)
	if got := <-reached; !got.Equal(start.Add(time.Minute)) {
		t.Errorf("woke at %v", got)
	}
}

func TestManualForgetsWaitsThatWereGivenUp(t *testing.T) {
	c := clock.NewManual(start)
	reached, stop := c.Wait(start.Add(time.Minute))
	stop()
	c.Advance(time.Hour)
	select {
	case <-reached:
		t.Error("woke nevertheless")
	default:
	}
}
