package trigger

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	pluginv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/plugin/v1"
)

const (
	// Most requests that are open at a time on a stream.
	requestsMax = 64
	// Most handlers that run, with those that go on although they were told to end.
	handlersMax = 256
	// How long a request may take. Later nobody waits for its answer.
	requestTime = 30 * time.Second
)

// The handlers of all streams.
type handlers struct {
	// Nil: the trigger takes no requests.
	handler HTTPHandler
	running atomic.Int64
	// The last id of a message. Watches take some too.
	last *atomic.Uint64
}

// The HTTP requests of one stream.
type requests struct {
	*handlers
	// Ends with the stream.
	ctx context.Context
	out *outbox
	// Whether the stream has told of all subscriptions. Used by the goroutine of the engine only, as early is.
	synced bool
	// Requests that came before. They would miss subscriptions.
	early []arrived

	mutex sync.Mutex
	open  int
	// What waits for an answer, by the id of its message.
	sent map[uint64]chan<- *pluginv1.Taken
}

type arrived struct {
	wire     *pluginv1.HttpRequest
	deadline time.Time
}

func newRequests(ctx context.Context, handlers *handlers, out *outbox) *requests {
	return &requests{handlers: handlers, ctx: ctx, out: out, sent: map[uint64]chan<- *pluginv1.Taken{}}
}

// receive has a request handled.
func (r *requests) receive(wire *pluginv1.HttpRequest, index *index) {
	if r.handler == nil {
		r.answer(wire.Id, plain(http.StatusNotImplemented, "the plug-in takes no requests"))
		return
	}
	if !r.admit() {
		r.answer(wire.Id, plain(http.StatusServiceUnavailable, "the plug-in has more requests than it answers"))
		return
	}
	came := arrived{wire: wire, deadline: time.Now().Add(requestTime)}
	if !r.synced {
		r.early = append(r.early, came)
		return
	}
	go r.serve(came, index.snapshot())
}

// sync: the stream has told of all subscriptions.
func (r *requests) sync(index *index) {
	r.synced = true
	for _, came := range r.early {
		go r.serve(came, index.snapshot())
	}
	r.early = nil
}

func (r *requests) admit() bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.open >= requestsMax || r.running.Load() >= handlersMax {
		return false
	}
	r.open++
	return true
}

func (r *requests) serve(came arrived, snapshot *snapshot) {
	ctx, cancel := context.WithDeadline(r.ctx, came.deadline)
	defer cancel()
	answers := make(chan *pluginv1.HttpResponse, 1)
	r.running.Add(1)
	go func() {
		// Also if the handler ends its goroutine.
		response := failed()
		defer func() {
			r.running.Add(-1)
			answers <- response
		}()
		response = r.handle(ctx, came.wire, snapshot)
	}()
	var response *pluginv1.HttpResponse
	select {
	case response = <-answers:
	case <-ctx.Done():
		response = plain(http.StatusGatewayTimeout, "the plug-in has not answered in time")
		if r.ctx.Err() == nil {
			log.Printf("gofer: a request to %q was not answered within %v", came.wire.Path, requestTime)
		}
	}
	// First, since the node sends the next one as soon as it has the answer.
	r.mutex.Lock()
	r.open--
	r.mutex.Unlock()
	r.answer(came.wire.Id, response)
}

// handle is what the handler answers, or an answer that says that it has failed.
func (r *requests) handle(ctx context.Context, wire *pluginv1.HttpRequest, snapshot *snapshot) (response *pluginv1.HttpResponse) {
	defer func() {
		if panicked := recover(); panicked != nil {
			log.Printf("gofer: the handler of a request to %q has panicked: %v\n%s", wire.Path, panicked, debug.Stack())
			response = failed()
		}
	}()
	request, err := requestOf(ctx, wire)
	if err != nil {
		return plain(http.StatusBadRequest, "the path is not valid")
	}
	writer := newResponseWriter()
	r.handler.HandleHTTP(writer, request, &Subscriptions{call: &call{ctx: ctx, requests: r}, snapshot: snapshot})
	response, err = writer.response()
	if err != nil {
		log.Printf("gofer: the answer to a request to %q is not valid: %v", wire.Path, err)
		return plain(http.StatusInternalServerError, "the plug-in's answer is not valid")
	}
	return response
}

func failed() *pluginv1.HttpResponse {
	return plain(http.StatusInternalServerError, "the plug-in has failed")
}

func (r *requests) answer(id uint64, response *pluginv1.HttpResponse) {
	response.Id = id
	r.out.put(&pluginv1.AttachRequest{Message: &pluginv1.AttachRequest_HttpResponse{HttpResponse: response}})
}

// ask sends events, and waits for what became of them.
func (r *requests) ask(ctx context.Context, events *pluginv1.Events) (*pluginv1.Taken, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	answers := make(chan *pluginv1.Taken, 1)
	events.Id = r.last.Add(1)
	r.mutex.Lock()
	r.sent[events.Id] = answers
	r.mutex.Unlock()
	defer func() {
		r.mutex.Lock()
		defer r.mutex.Unlock()
		delete(r.sent, events.Id)
	}()
	r.out.events(events)
	select {
	case taken := <-answers:
		return taken, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// taken: the cluster says what became of events. It returns whether a handler had sent them.
func (r *requests) taken(taken *pluginv1.Taken) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	answers, ok := r.sent[taken.Id]
	if ok {
		// It has room for one.
		delete(r.sent, taken.Id)
		answers <- taken
	}
	return ok
}

// A request while its handler runs.
type call struct {
	// Ends with the stream, too: nothing of it goes over the next one.
	ctx      context.Context
	requests *requests
}

// take has events taken, for as long as the handler runs.
func (c *call) take(of *subscribed, events []*pluginv1.Event) ([]Fate, error) {
	for {
		// Another message each time: the one before may still be written.
		message := &pluginv1.Events{Subscription: of.name.ref(), Generation: of.generation, Events: events}
		taken, err := c.requests.ask(c.ctx, message)
		if err != nil {
			return nil, err
		}
		if taken.Refusal == nil {
			return fates(taken.Fates), nil
		}
		switch taken.Refusal.Kind {
		case pluginv1.RefusalKind_REFUSAL_KIND_UNAVAILABLE:
		case pluginv1.RefusalKind_REFUSAL_KIND_INVALID:
			return nil, fmt.Errorf("%w: %s", ErrInvalid, taken.Refusal.Message)
		default:
			return nil, fmt.Errorf("%w: %s", ErrChanged, taken.Refusal.Message)
		}
		select {
		case <-time.After(again):
		case <-c.ctx.Done():
			return nil, c.ctx.Err()
		}
	}
}
