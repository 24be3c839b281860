package trigger

import (
	"context"
	"sync"

	pluginv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/plugin/v1"
)

// What waits to be sent over a stream. Putting something there never blocks: a node that is busy telling of subscriptions
// does not read meanwhile, and goes on only if it is read. It has no limit of its own, since who has put something there waits
// for the answer.
type outbox struct {
	mutex   sync.Mutex
	waiting []*pluginv1.AttachRequest
	// Has room for one.
	filled chan struct{}
}

func newOutbox() *outbox { return &outbox{filled: make(chan struct{}, 1)} }

func (o *outbox) put(message *pluginv1.AttachRequest) {
	o.mutex.Lock()
	o.waiting = append(o.waiting, message)
	o.mutex.Unlock()
	select {
	case o.filled <- struct{}{}:
	default:
	}
}

func (o *outbox) events(events *pluginv1.Events) {
	o.put(&pluginv1.AttachRequest{Message: &pluginv1.AttachRequest_Events{Events: events}})
}

// send sends what is put here, until the stream has ended. Why that is, receiving says.
func (o *outbox) send(ctx context.Context, stream pluginv1.PluginService_AttachClient) {
	for {
		select {
		case <-o.filled:
		case <-ctx.Done():
			return
		}
		o.mutex.Lock()
		messages := o.waiting
		o.waiting = nil
		o.mutex.Unlock()
		for _, message := range messages {
			if stream.Send(message) != nil {
				return
			}
		}
	}
}
