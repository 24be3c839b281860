package triggertest_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clintjedwards/gofer/crates/sdk/go/client/trigger"
	"github.com/clintjedwards/gofer/crates/sdk/go/client/trigger/triggertest"
)

// Tells of the numbers from its cursor on.
type counter struct{ watches atomic.Int64 }

func (c *counter) Describe() trigger.Description {
	return trigger.Description{Version: "1", Settings: []trigger.Setting{{Name: "to", Kind: trigger.Number, Default: "0"}}}
}

func (c *counter) Watch(_ context.Context, subscription *trigger.Subscription) error {
	c.watches.Add(1)
	to, err := strconv.Atoi(subscription.Settings["to"])
	if err != nil {
		return err
	}
	for {
		at := 0
		if cursor := subscription.Cursor(); cursor != nil {
			if at, err = strconv.Atoi(string(cursor)); err != nil {
				return err
			}
		}
		if at >= to {
			return nil
		}
		var events []trigger.Event
		for next := at; next < to && len(events) < 7; next++ {
			events = append(events, trigger.Event{Key: strconv.Itoa(next), Payload: next})
		}
		if _, err := subscription.SendAll(events, []byte(strconv.Itoa(at+len(events)))); err != nil {
			return err
		}
	}
}

func allOf(t *testing.T, cluster *triggertest.Cluster, name string, to int) {
	t.Helper()
	for number := 0; number < to; number++ {
		want := strconv.Itoa(number)
		if event := cluster.Next(name); event.Key != want || string(event.Payload) != want {
			t.Fatalf("event %d is %+v", number, event)
		}
	}
	time.Sleep(50 * time.Millisecond)
	if taken := len(cluster.Taken(name)); taken != to {
		t.Fatalf("%d events were taken, not %d", taken, to)
	}
	if cursor := string(cluster.Cursor(name)); cursor != strconv.Itoa(to) {
		t.Fatalf("the cursor is %q", cursor)
	}
}

func TestEventsAreTakenInOrderAndTheCursorMovesWithThem(t *testing.T) {
	cluster := triggertest.Start(t)
	cluster.Subscribe("s", map[string]string{"to": "100"})
	cluster.Run(context.Background(), &counter{})
	allOf(t, cluster, "s", 100)
}

func TestLostAnswersAndStreamsNeitherLoseNorDoubleEvents(t *testing.T) {
	cluster := triggertest.Start(t)
	cluster.Subscribe("s", map[string]string{"to": "3000"})
	cluster.Subscribe("t", map[string]string{"to": "500"})
	ctx, cancel := context.WithCancel(context.Background())
	cluster.Run(ctx, &counter{})
	for round := 0; round < 6; round++ {
		cluster.LoseAnswers(1)
		time.Sleep(40 * time.Millisecond)
		cluster.Cut()
		time.Sleep(15 * time.Millisecond)
	}
	// Another instance, while the first one runs; and the first one dies.
	cluster.Run(context.Background(), &counter{})
	time.Sleep(30 * time.Millisecond)
	cancel()
	allOf(t, cluster, "s", 3000)
	allOf(t, cluster, "t", 500)
}

func TestAWatchEndsWithItsSubscriptionAndBeginsAnewWhenItChanges(t *testing.T) {
	cluster := triggertest.Start(t)
	cluster.Subscribe("s", map[string]string{"to": "10"})
	counting := &counter{}
	cluster.Run(context.Background(), counting)
	allOf(t, cluster, "s", 10)
	cluster.Subscribe("s", map[string]string{"to": "20"})
	for number := 10; number < 20; number++ {
		if event := cluster.Next("s"); event.Key != strconv.Itoa(number) {
			t.Fatalf("event %d is %+v", number, event)
		}
	}
	if watches := counting.watches.Load(); watches != 2 {
		t.Fatalf("%d watches, not 2", watches)
	}
	cluster.Unsubscribe("s")
	cluster.Subscribe("other", map[string]string{"to": "1"})
	allOf(t, cluster, "other", 1)
}

// Sends what is not valid, fails and panics, each once; then goes on.
type clumsy struct{ watches atomic.Int64 }

func (c *clumsy) Describe() trigger.Description { return trigger.Description{Version: "1"} }

func (c *clumsy) Watch(_ context.Context, subscription *trigger.Subscription) error {
	switch c.watches.Add(1) {
	case 1:
		if _, err := subscription.Send(trigger.Event{}); !errors.Is(err, trigger.ErrInvalid) {
			return fmt.Errorf("an event without a key: %w", err)
		}
		return errors.New("it fails")
	case 2:
		panic("it panics")
	}
	for try, duplicate := range []bool{false, true} {
		fate, err := subscription.Send(trigger.Event{Key: "k"})
		if err != nil || fate.Duplicate != duplicate {
			return fmt.Errorf("try %d: %+v, %w", try, fate, err)
		}
	}
	_, err := subscription.Send(trigger.Event{Key: "end"})
	return err
}

func TestAWatchThatFailsBeginsAnew(t *testing.T) {
	cluster := triggertest.Start(t)
	cluster.Subscribe("s", nil)
	cluster.Run(context.Background(), &clumsy{})
	for _, key := range []string{"k", "end"} {
		if event := cluster.Next("s"); event.Key != key {
			t.Fatalf("it is %+v, not %s", event, key)
		}
	}
}

// Is not well until it is told to be.
type ill struct{ well atomic.Bool }

func (i *ill) Describe() trigger.Description { return trigger.Description{Version: "1"} }

func (i *ill) Watch(context.Context, *trigger.Subscription) error { return nil }

func (i *ill) Health() error {
	if i.well.Load() {
		return nil
	}
	return errors.New("no route")
}

func TestATriggerThatIsNotWellSaysSoUntilItIs(t *testing.T) {
	cluster := triggertest.Start(t)
	trigger := &ill{}
	cluster.Run(context.Background(), trigger)
	until := func(problem string) {
		for end := time.Now().Add(20 * time.Second); cluster.Problem() != problem; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("it says %q, not %q", cluster.Problem(), problem)
			}
		}
	}
	until("no route")
	trigger.well.Store(true)
	until("")
}
