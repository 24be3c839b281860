package trigger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand"
	"strings"
	"time"

	pluginv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/plugin/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	// Pause before another node is tried: at first, and at most.
	connectFirst, connectMax = 100 * time.Millisecond, 5 * time.Second
	keepaliveTime            = 10 * time.Second
	keepaliveTimeout         = 5 * time.Second
	// How often the trigger is asked whether it is well.
	healthTime = 5 * time.Second
	// Longest text of what keeps it from its work, in bytes.
	problemBytesMax = 1024
)

// Keeps a trigger connected: streams to the cluster, one after the other, and what goes over them.
type engine struct {
	ctx       context.Context
	plugin    *Plugin
	addresses []string
	place     int
	watches   *watches
	handlers  *handlers
}

func newEngine(ctx context.Context, plugin *Plugin) *engine {
	addresses := append([]string{}, plugin.addresses...)
	place := rand.Intn(len(addresses))
	watches := newWatches(ctx, plugin.trigger)
	handler, _ := plugin.trigger.(HTTPHandler)
	return &engine{
		ctx: ctx, plugin: plugin, addresses: addresses, place: place,
		watches: watches, handlers: &handlers{handler: handler, last: watches.last},
	}
}

func (e *engine) run() error {
	pause := connectFirst
	for {
		address := e.addresses[e.place%len(e.addresses)]
		e.place++
		welcome, err := e.stream(address)
		if e.ctx.Err() != nil {
			return e.ctx.Err()
		}
		switch status.Code(err) {
		case codes.Unauthenticated, codes.NotFound, codes.InvalidArgument, codes.Unimplemented:
			return fmt.Errorf("%w: %s", ErrRefused, status.Convert(err).Message())
		}
		if err != nil {
			log.Printf("gofer: the stream to %s has ended, another node is tried: %v", address, err)
		}
		if welcome {
			pause = connectFirst
		}
		select {
		case <-time.After(pause/2 + time.Duration(rand.Int63n(int64(pause)))):
		case <-e.ctx.Done():
			return e.ctx.Err()
		}
		if pause *= 2; pause > connectMax {
			pause = connectMax
		}
	}
}

// What a stream has brought.
type received struct {
	message *pluginv1.AttachResponse
	err     error
}

func (e *engine) stream(address string) (welcome bool, err error) {
	conn, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		// The path of a socket is no authority.
		grpc.WithAuthority(authority(address)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: keepaliveTime, Timeout: keepaliveTimeout, PermitWithoutStream: true}))
	if err != nil {
		return false, status.Error(codes.InvalidArgument, err.Error())
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(metadata.AppendToOutgoingContext(e.ctx, "authorization", "Bearer "+e.plugin.token))
	defer cancel()
	stream, err := pluginv1.NewPluginServiceClient(conn).Attach(ctx)
	if err != nil {
		return false, err
	}
	out := newOutbox()
	out.put(&pluginv1.AttachRequest{Message: &pluginv1.AttachRequest_Hello{Hello: e.hello()}})
	go out.send(ctx, stream)
	incoming := make(chan received)
	go func() {
		for {
			message, err := stream.Recv()
			select {
			case incoming <- received{message, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	e.watches.beginStream()
	defer e.watches.endStream()
	return e.serve(newRequests(ctx, e.handlers, out), incoming)
}

func (e *engine) hello() *pluginv1.Hello {
	hello := e.plugin.trigger.Describe().hello(e.plugin.name)
	hello.TakesHttp = e.handlers.handler != nil
	return hello
}

func authority(address string) string {
	if strings.HasPrefix(address, "unix:") {
		return "localhost"
	}
	return address
}

// problem is what keeps the trigger from its work; empty if nothing does.
func (e *engine) problem() string {
	checker, ok := e.plugin.trigger.(HealthChecker)
	if !ok {
		return ""
	}
	err := checker.Health()
	if err == nil {
		return ""
	}
	problem := strings.ToValidUTF8(err.Error(), "?")
	if len(problem) > problemBytesMax {
		problem = strings.ToValidUTF8(problem[:problemBytesMax], "")
	}
	if problem == "" {
		return "it does not say why"
	}
	return problem
}

func (e *engine) serve(requests *requests, incoming <-chan received) (welcome bool, err error) {
	// Nothing is said of a trigger that is well: that is how a stream begins.
	told := ""
	health := time.NewTicker(healthTime)
	defer health.Stop()
	for {
		timer := time.NewTimer(e.watches.untilDue())
		var messages []*pluginv1.Events
		select {
		case received := <-incoming:
			if received.err != nil {
				timer.Stop()
				if errors.Is(received.err, io.EOF) {
					return welcome, nil
				}
				return welcome, received.err
			}
			welcome = welcome || received.message.GetWelcome() != nil
			messages = e.heed(requests, received.message)
		case submission := <-e.watches.submissions:
			messages = e.watches.submit(submission)
		case ended := <-e.watches.ended:
			e.watches.end(ended)
		case <-timer.C:
			messages = e.watches.overdue()
		case <-health.C:
			if problem := e.problem(); problem != told {
				told = problem
				requests.out.put(&pluginv1.AttachRequest{Message: &pluginv1.AttachRequest_Health{Health: &pluginv1.Health{Problem: problem}}})
			}
		case <-e.ctx.Done():
			timer.Stop()
			return welcome, e.ctx.Err()
		}
		timer.Stop()
		for _, events := range messages {
			requests.out.events(events)
		}
	}
}

// heed does what a message of the cluster asks for, and says what to send.
func (e *engine) heed(requests *requests, message *pluginv1.AttachResponse) []*pluginv1.Events {
	switch message := message.Message.(type) {
	case *pluginv1.AttachResponse_Welcome:
		e.learn(message.Welcome.Addresses)
		return nil
	case *pluginv1.AttachResponse_HttpRequest:
		requests.receive(message.HttpRequest, e.watches.index)
		return nil
	case *pluginv1.AttachResponse_Taken:
		if requests.taken(message.Taken) {
			return nil
		}
	}
	messages := e.watches.heed(message)
	if message.GetSynced() != nil {
		// Those that are gone are not there any more.
		requests.sync(e.watches.index)
	}
	return messages
}

// learn adds nodes to those that are known.
func (e *engine) learn(addresses []string) {
	for _, address := range addresses {
		known := false
		for _, other := range e.addresses {
			known = known || other == address
		}
		if !known {
			e.addresses = append(e.addresses, address)
		}
	}
}
