package trigger

import (
	"bytes"
	"container/heap"
	"context"
	"fmt"
	"log"
	"math/rand"
	"runtime/debug"
	"sync/atomic"
	"time"

	pluginv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/plugin/v1"
)

const (
	// Pause before a watch begins anew: after the first failure, and at most.
	restartFirst, restartMax = 200 * time.Millisecond, time.Minute
	// Pause before what no leader has answered is sent again.
	again = 250 * time.Millisecond
	never = time.Hour
)

type task int

const (
	running task = iota
	// It has failed, and begins anew at its time.
	waiting
	// It has nothing more to do.
	done
)

// A subscription, and the goroutine that watches for it.
type watch struct {
	// As the cluster has told of it last, with the cursor that is known since.
	subscription *pluginv1.Subscription
	number       uint64
	task         task
	cancel       context.CancelFunc
	pending      *pending
	failures     int
	// When to look at it again; zero: never.
	due time.Time
}

// Events that are on their way.
type pending struct {
	submission
	// Of the message; 0: it is to be sent.
	id uint64
	// The cursor has moved already: what became of the events is asked for once more, by their keys.
	moved bool
}

type ended struct {
	name   Name
	number uint64
	err    error
}

// All watches. But for its channels it is used by the goroutine of the engine only.
type watches struct {
	ctx       context.Context
	trigger   Trigger
	kept      map[Name]*watch
	told      map[Name]bool
	sent      map[uint64]Name
	streaming bool
	// When to look at watches again. One that its watch knows nothing of means nothing.
	timers timers
	// All that are kept, for the handlers of requests.
	index *index
	// The last id of a message or a watch. Handlers of requests take some too.
	last *atomic.Uint64

	submissions chan submission
	ended       chan ended
}

func newWatches(ctx context.Context, trigger Trigger) *watches {
	return &watches{
		ctx: ctx, trigger: trigger,
		kept: map[Name]*watch{}, told: map[Name]bool{}, sent: map[uint64]Name{},
		index: newIndex(), last: &atomic.Uint64{},
		submissions: make(chan submission), ended: make(chan ended),
	}
}

// beginStream: a stream is there; it will tell of all subscriptions.
func (w *watches) beginStream() {
	w.streaming = true
	w.told = map[Name]bool{}
}

// endStream: whatever was not answered is to be sent again.
func (w *watches) endStream() {
	w.streaming = false
	w.sent = map[uint64]Name{}
	for _, known := range w.kept {
		if known.pending != nil {
			known.pending.id = 0
		}
	}
}

// heed does what a message of the cluster asks for, and says what to send.
func (w *watches) heed(message *pluginv1.AttachResponse) []*pluginv1.Events {
	switch message := message.Message.(type) {
	case *pluginv1.AttachResponse_Subscription:
		return w.tell(message.Subscription)
	case *pluginv1.AttachResponse_SubscriptionGone:
		name := nameOf(message.SubscriptionGone)
		delete(w.told, name)
		w.drop(name)
	case *pluginv1.AttachResponse_Synced:
		for name := range w.kept {
			if !w.told[name] {
				w.drop(name)
			}
		}
	case *pluginv1.AttachResponse_Taken:
		return w.taken(message.Taken)
	}
	return nil
}

func (w *watches) tell(subscription *pluginv1.Subscription) []*pluginv1.Events {
	name := nameOf(subscription.Ref)
	w.told[name] = true
	if known := w.kept[name]; known != nil && known.subscription.Generation == subscription.Generation {
		known.subscription = subscription
		return w.send(name)
	}
	w.drop(name)
	w.start(name, subscription, 0)
	w.index.put(&subscribed{name: name, generation: subscription.Generation, settings: subscription.Settings})
	return nil
}

// submit has events of a watch sent.
func (w *watches) submit(submission submission) []*pluginv1.Events {
	known := w.kept[submission.name]
	if known == nil || known.number != submission.watch {
		submission.answer <- answer{err: fmt.Errorf("%w: it is watched anew", ErrChanged)}
		return nil
	}
	known.pending = &pending{submission: submission}
	return w.send(submission.name)
}

// send is the message with what a watch has on its way, if it is to be sent now.
func (w *watches) send(name Name) []*pluginv1.Events {
	known := w.kept[name]
	if !w.streaming || !w.told[name] || known == nil || known.pending == nil || known.pending.id != 0 {
		return nil
	}
	id := w.last.Add(1)
	known.pending.id = id
	w.sent[id] = name
	events := &pluginv1.Events{
		Id: id, Subscription: name.ref(), Generation: known.subscription.Generation, Events: known.pending.events,
	}
	if !known.pending.moved {
		events.Cursor = known.pending.cursor
	}
	return []*pluginv1.Events{events}
}

// taken: the cluster says what became of events.
func (w *watches) taken(taken *pluginv1.Taken) []*pluginv1.Events {
	name, sent := w.sent[taken.Id]
	delete(w.sent, taken.Id)
	known := w.kept[name]
	if !sent || known == nil || known.pending == nil || known.pending.id != taken.Id {
		return nil
	}
	if taken.Refusal != nil {
		return w.refused(name, known, taken.Refusal)
	}
	if cursor := known.pending.cursor; cursor != nil {
		known.subscription.Cursor = cursor.To
	}
	known.failures = 0
	w.answer(known, answer{fates: fates(taken.Fates)})
	return nil
}

func (w *watches) refused(name Name, known *watch, refusal *pluginv1.Refusal) []*pluginv1.Events {
	pending := known.pending
	switch refusal.Kind {
	case pluginv1.RefusalKind_REFUSAL_KIND_UNAVAILABLE:
		pending.id = 0
		w.wake(name, known, again)
		return nil
	case pluginv1.RefusalKind_REFUSAL_KIND_CURSOR:
		if pending.cursor != nil && refusal.Cursor != nil && bytes.Equal(pending.cursor.To, refusal.Cursor) {
			pending.id, pending.moved = 0, true
			return w.send(name)
		}
		known.subscription.Cursor = refusal.Cursor
	case pluginv1.RefusalKind_REFUSAL_KIND_INVALID:
		w.answer(known, answer{err: fmt.Errorf("%w: %s", ErrInvalid, refusal.Message)})
		return nil
	}
	w.answer(known, answer{err: fmt.Errorf("%w: %s", ErrChanged, refusal.Message)})
	return nil
}

func (w *watches) answer(known *watch, answer answer) {
	// Its channel has room for one.
	known.pending.answer <- answer
	known.pending = nil
}

// end notes that a watch has ended.
func (w *watches) end(ended ended) {
	known := w.kept[ended.name]
	if known == nil || known.number != ended.number {
		return
	}
	known.pending = nil
	if ended.err == nil {
		known.task = done
		return
	}
	log.Printf("gofer: the watch of %v has ended and begins anew: %v", ended.name, ended.err)
	known.task = waiting
	pause := restartMax
	if known.failures < 8 {
		pause = restartFirst << known.failures
	}
	known.failures++
	w.wake(ended.name, known, pause*3/4+time.Duration(rand.Int63n(int64(pause)/2)))
}

// wake has a watch looked at again after a pause.
func (w *watches) wake(name Name, known *watch, pause time.Duration) {
	known.due = time.Now().Add(pause)
	heap.Push(&w.timers, timer{at: known.due, name: name})
}

// next is the watch that is due first; nil if none ever is.
func (w *watches) next() *watch {
	for len(w.timers) > 0 {
		first := w.timers[0]
		if known := w.kept[first.name]; known != nil && known.due.Equal(first.at) {
			return known
		}
		heap.Pop(&w.timers)
	}
	return nil
}

// untilDue is how long there is nothing to do.
func (w *watches) untilDue() time.Duration {
	if known := w.next(); known != nil {
		return time.Until(known.due)
	}
	return never
}

// overdue does what is due.
func (w *watches) overdue() []*pluginv1.Events {
	var messages []*pluginv1.Events
	now := time.Now()
	for known := w.next(); known != nil && !known.due.After(now); known = w.next() {
		name := w.timers[0].name
		heap.Pop(&w.timers)
		known.due = time.Time{}
		if known.task == waiting {
			known.cancel()
			w.start(name, known.subscription, known.failures)
		} else {
			messages = append(messages, w.send(name)...)
		}
	}
	return messages
}

func (w *watches) start(name Name, subscription *pluginv1.Subscription, failures int) {
	number := w.last.Add(1)
	ctx, cancel := context.WithCancel(w.ctx)
	handed := &Subscription{
		Name: name, Settings: map[string]string{}, ctx: ctx, watch: number, cursor: subscription.Cursor, submit: w.submissions,
	}
	for _, setting := range subscription.Settings {
		handed.Settings[setting.Name] = setting.Value
	}
	w.kept[name] = &watch{subscription: subscription, number: number, cancel: cancel, failures: failures}
	go func() {
		err := guarded(ctx, w.trigger, handed)
		select {
		case w.ended <- ended{name: name, number: number, err: err}:
		case <-ctx.Done():
		}
	}()
}

// guarded makes an error of a panic: the other subscriptions go on.
func guarded(ctx context.Context, trigger Trigger, subscription *Subscription) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("the watch has panicked: %v\n%s", panicked, debug.Stack())
		}
	}()
	return trigger.Watch(ctx, subscription)
}

func (w *watches) drop(name Name) {
	if known := w.kept[name]; known != nil {
		known.cancel()
		delete(w.kept, name)
		w.index.remove(name)
	}
}
