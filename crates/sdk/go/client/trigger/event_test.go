package trigger

import (
	"encoding/json"
	"errors"
	"testing"
)

// A message with such an event can't be written, and the stream would end of it each time that it is sent again.
func TestAnEventThatIsNoTextIsNotValid(t *testing.T) {
	for name, event := range map[string]Event{
		"key":     {Key: "\xff"},
		"kind":    {Key: "k", Kind: "\xff"},
		"payload": {Key: "k", Payload: json.RawMessage("\"\xff\"")},
	} {
		if _, err := wireOf([]Event{event}); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := wireOf([]Event{{Key: "ä", Payload: "\xff"}}); err != nil {
		t.Error(err)
	}
}
