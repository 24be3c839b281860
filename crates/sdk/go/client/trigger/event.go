package trigger

import (
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	modelv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/model/v1"
	pluginv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/plugin/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Event is something that has happened.
type Event struct {
	// Key is what it is known by, 1 to 256 bytes of text. Of events with the same key one counts.
	Key string
	// Kind says what kind of event it is, in words of your own; may be empty.
	Kind string
	// At is when it happened. If it is zero, it is when the cluster hears of it.
	At time.Time
	// Payload is what filters and variables of subscriptions can look at: whatever can be written as JSON, at most 256 KiB.
	Payload any
}

// Outcome is what becomes of an event: one of these, once.
type Outcome int

// The outcomes.
const (
	// Fired: it started a run of the subscription's pipeline.
	Fired Outcome = iota + 1
	// Filtered: the subscription's filter did not let it through.
	Filtered
	// Malformed: it is not what the subscription's expressions need.
	Malformed
	// Refused: no run could be started; the cluster says why in the subscription's events.
	Refused
)

// Fate is what has become of an event.
type Fate struct {
	Outcome Outcome
	// Run is the number of the run that was started, with Fired.
	Run uint64
	// Duplicate says that it was taken before; the outcome is that of then.
	Duplicate bool
}

func (e Event) wire() (*pluginv1.Event, error) {
	payload, err := json.Marshal(e.Payload)
	if err != nil {
		return nil, fmt.Errorf("the payload of event %q can't be written as JSON: %w", e.Key, err)
	}
	// A message with anything else can't be sent, and the stream would end of it.
	if !utf8.ValidString(e.Key) || !utf8.ValidString(e.Kind) || !utf8.Valid(payload) {
		return nil, fmt.Errorf("event %q has text that is no UTF-8", e.Key)
	}
	event := &pluginv1.Event{Key: e.Key, Kind: e.Kind, Payload: string(payload)}
	if !e.At.IsZero() {
		event.OccurredAt = timestamppb.New(e.At)
	}
	return event, nil
}

// wireOf is events as they are sent. The error is ErrInvalid.
func wireOf(events []Event) ([]*pluginv1.Event, error) {
	wire := make([]*pluginv1.Event, 0, len(events))
	for _, event := range events {
		one, err := event.wire()
		if err != nil {
			return nil, fmt.Errorf("%w: %v", ErrInvalid, err)
		}
		wire = append(wire, one)
	}
	return wire, nil
}

func fates(wire []*pluginv1.Fate) []Fate {
	list := make([]Fate, 0, len(wire))
	for _, fate := range wire {
		outcome := Refused
		switch fate.Result {
		case modelv1.EventResult_EVENT_RESULT_FIRED:
			outcome = Fired
		case modelv1.EventResult_EVENT_RESULT_FILTERED:
			outcome = Filtered
		case modelv1.EventResult_EVENT_RESULT_MALFORMED:
			outcome = Malformed
		}
		list = append(list, Fate{Outcome: outcome, Run: fate.Run, Duplicate: fate.Duplicate})
	}
	return list
}
