package trigger

import (
	"context"
	"testing"
	"time"

	pluginv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/plugin/v1"
)

// Sends one event.
type single struct{}

func (single) Describe() Description { return Description{} }

func (single) Watch(_ context.Context, subscription *Subscription) error {
	_, err := subscription.Send(Event{Key: "k"})
	return err
}

func TestWhatNoLeaderHasAnsweredIsSentAgainWhenItIsDue(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w := newWatches(ctx, single{})
	w.beginStream()
	if due := w.untilDue(); due != never {
		t.Fatalf("something is due in %v", due)
	}
	const many = 20
	tell := func(number int, generation uint64) {
		w.tell(&pluginv1.Subscription{Ref: named(number).ref(), Generation: generation})
	}
	unavailable := &pluginv1.Refusal{Kind: pluginv1.RefusalKind_REFUSAL_KIND_UNAVAILABLE}
	for number := 0; number < many; number++ {
		tell(number, 1)
		messages := w.submit(<-w.submissions)
		if len(messages) != 1 {
			t.Fatalf("%d messages are sent", len(messages))
		}
		w.taken(&pluginv1.Taken{Id: messages[0].Id, Refusal: unavailable})
	}
	if due := w.untilDue(); due > again {
		t.Fatalf("nothing is due for %v", due)
	}
	if messages := w.overdue(); len(messages) != 0 {
		t.Fatalf("%v is sent too early", messages)
	}
	// One has changed, and one is gone.
	tell(0, 2)
	w.drop(named(1))
	time.Sleep(again + 10*time.Millisecond)
	if messages := w.overdue(); len(messages) != many-2 {
		t.Fatalf("%d messages are sent again", len(messages))
	}
	if due := w.untilDue(); due != never {
		t.Fatalf("something is due in %v", due)
	}
}
