package trigger

import (
	"context"
	"errors"
	"fmt"

	modelv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/model/v1"
	pluginv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/plugin/v1"
)

// ErrChanged says that the subscription has changed, is gone, or its cursor is elsewhere. Return it from Watch, which begins
// anew if the subscription is still there.
var ErrChanged = errors.New("the subscription is not what it was")

// ErrInvalid says that the events are not valid: a key too long, a payload too large.
var ErrInvalid = errors.New("the events are not valid")

// Name names a subscription.
type Name struct{ Namespace, Pipeline, Name string }

// String is NAMESPACE/PIPELINE/NAME.
func (n Name) String() string { return n.Namespace + "/" + n.Pipeline + "/" + n.Name }

func nameOf(ref *modelv1.SubscriptionRef) Name {
	return Name{Namespace: ref.GetNamespace(), Pipeline: ref.GetPipeline(), Name: ref.GetName()}
}

func (n Name) ref() *modelv1.SubscriptionRef {
	return &modelv1.SubscriptionRef{Namespace: n.Namespace, Pipeline: n.Pipeline, Name: n.Name}
}

// Subscription is a subscription while it is watched. It is used by one goroutine at a time.
type Subscription struct {
	// Name says which one it is.
	Name Name
	// Settings are what it was given, with the defaults of what it was not.
	Settings map[string]string

	ctx    context.Context
	watch  uint64
	cursor []byte
	submit chan<- submission
}

// Events on their way.
type submission struct {
	name   Name
	watch  uint64
	events []*pluginv1.Event
	cursor *pluginv1.CursorMove
	answer chan answer
}

type answer struct {
	fates []Fate
	err   error
}

// Cursor is up to where events are taken, in the trigger's own words; nil if it has never moved.
func (s *Subscription) Cursor() []byte { return s.cursor }

// Send tells of an event, and returns once the cluster has taken it. It is sent again for as long as nobody answers.
// The error is [ErrChanged], [ErrInvalid] or that of the watch's context.
func (s *Subscription) Send(event Event) (Fate, error) {
	fates, err := s.take([]Event{event}, nil)
	if err != nil {
		return Fate{}, err
	}
	if len(fates) != 1 {
		return Fate{}, fmt.Errorf("%w: the answer has %d fates", ErrChanged, len(fates))
	}
	return fates[0], nil
}

// SendAll tells of at most 100 events in order, and moves the cursor: both happen together, or neither does.
func (s *Subscription) SendAll(events []Event, cursor []byte) ([]Fate, error) {
	to := append([]byte{}, cursor...)
	fates, err := s.take(events, &pluginv1.CursorMove{From: s.cursor, To: to})
	if err == nil {
		s.cursor = to
	}
	return fates, err
}

func (s *Subscription) take(events []Event, cursor *pluginv1.CursorMove) ([]Fate, error) {
	wire, err := wireOf(events)
	if err != nil {
		return nil, err
	}
	answers := make(chan answer, 1)
	select {
	case s.submit <- submission{name: s.Name, watch: s.watch, events: wire, cursor: cursor, answer: answers}:
	case <-s.ctx.Done():
		return nil, s.ctx.Err()
	}
	select {
	case answer := <-answers:
		return answer.fates, answer.err
	case <-s.ctx.Done():
		return nil, s.ctx.Err()
	}
}
