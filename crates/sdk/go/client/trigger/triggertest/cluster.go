// Package triggertest tries a trigger without a cluster. [Cluster] is a stand-in: one server in this process, which takes
// events by the rules of the protocol and keeps them in memory, and hands over HTTP requests. It starts no runs and evaluates
// no expressions. It can be as unkind as a network.
package triggertest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	modelv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/model/v1"
	pluginv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/plugin/v1"
	"github.com/clintjedwards/gofer/crates/sdk/go/client/trigger"
	"google.golang.org/grpc"
)

const (
	triggerName = "under-test"
	token       = "token-of-the-test-kit"
	// How long Next waits.
	patience = 20 * time.Second
)

// Taken is an event that was taken.
type Taken struct {
	Key, Kind string
	// Payload is JSON.
	Payload json.RawMessage
}

// Cluster is a stand-in for a cluster.
type Cluster struct {
	t       testing.TB
	address string

	mutex   sync.Mutex
	changed *sync.Cond
	known   map[string]*subscribed
	// Grows with each change of a subscription.
	revision uint64
	lose     int
	// What the plug-in has said last of how it is.
	problem string
	// Closed by the next cut.
	cuts chan struct{}
	// Those that are open, in the order in which they came.
	streams []*stream
}

type subscribed struct {
	generation uint64
	settings   []*modelv1.Variable
	cursor     []byte
	taken      []Taken
	// Place by key.
	keys map[string]int
	// How many of the events the test was given.
	given int
}

// Start starts a stand-in on a free port of this machine. It ends with the test.
func Start(t testing.TB) *Cluster {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("no free port: %v", err)
	}
	cluster := &Cluster{t: t, address: listener.Addr().String(), known: map[string]*subscribed{}, cuts: make(chan struct{})}
	cluster.changed = sync.NewCond(&cluster.mutex)
	server := grpc.NewServer()
	pluginv1.RegisterPluginServiceServer(server, &service{cluster: cluster})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return cluster
}

// Run runs a trigger against the stand-in, until the test or the context ends.
func (c *Cluster) Run(ctx context.Context, of trigger.Trigger) {
	c.t.Helper()
	plugin, err := trigger.New(of, triggerName, token, c.address)
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = plugin.Run(ctx)
	}()
	c.t.Cleanup(func() {
		cancel()
		<-ended
	})
}

// Subscribe makes a subscription, or changes its settings.
func (c *Cluster) Subscribe(name string, settings map[string]string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	known := c.known[name]
	if known == nil {
		known = &subscribed{keys: map[string]int{}}
		c.known[name] = known
	}
	c.revision++
	known.generation, known.settings = c.revision, nil
	for name, value := range settings {
		known.settings = append(known.settings, &modelv1.Variable{Name: name, Value: value})
	}
	c.changed.Broadcast()
}

// Unsubscribe takes a subscription away.
func (c *Cluster) Unsubscribe(name string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	delete(c.known, name)
	c.revision++
	c.changed.Broadcast()
}

// Taken is all events that a subscription has taken, in order; each once.
func (c *Cluster) Taken(name string) []Taken {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if known := c.known[name]; known != nil {
		return append([]Taken{}, known.taken...)
	}
	return nil
}

// Cursor is up to where the events of a subscription are taken.
func (c *Cluster) Cursor(name string) []byte {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if known := c.known[name]; known != nil {
		return known.cursor
	}
	return nil
}

// Problem is why the plug-in can't do its work, as it has said last on its stream; empty if it can.
func (c *Cluster) Problem() string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.problem
}

// Next waits for the first event of a subscription that this was not asked for before. The test fails when none comes.
func (c *Cluster) Next(name string) Taken {
	c.t.Helper()
	end := time.Now().Add(patience)
	timer := time.AfterFunc(patience, c.changed.Broadcast)
	defer timer.Stop()
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for {
		if known := c.known[name]; known != nil && known.given < len(known.taken) {
			known.given++
			return known.taken[known.given-1]
		}
		if time.Now().After(end) {
			c.t.Fatalf("no event came for %q within %v", name, patience)
		}
		c.changed.Wait()
	}
}

// Cut cuts all streams, as a node does that dies.
func (c *Cluster) Cut() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	close(c.cuts)
	c.cuts = make(chan struct{})
}

// LoseAnswers takes the events of so many messages without an answer, and cuts their streams.
func (c *Cluster) LoseAnswers(count int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.lose = count
}

// take takes events by the rules of the protocol. lost says that nobody is to hear of it.
func (c *Cluster) take(events *pluginv1.Events) (taken *pluginv1.Taken, lost bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.lose > 0 {
		c.lose--
		lost = true
	}
	taken = &pluginv1.Taken{Id: events.Id}
	known := c.known[events.Subscription.GetName()]
	if known == nil || known.generation != events.Generation {
		taken.Refusal = refusal(pluginv1.RefusalKind_REFUSAL_KIND_SUBSCRIPTION, "it is not what it was")
		return taken, lost
	}
	if taken.Refusal = known.check(events); taken.Refusal != nil {
		return taken, lost
	}
	if events.Cursor != nil {
		known.cursor = events.Cursor.To
	}
	for _, event := range events.Events {
		place, duplicate := known.keys[event.Key]
		if !duplicate {
			place = len(known.taken)
			known.keys[event.Key] = place
			known.taken = append(known.taken, Taken{event.Key, event.Kind, json.RawMessage(event.Payload)})
		}
		taken.Fates = append(taken.Fates, &pluginv1.Fate{
			Result: modelv1.EventResult_EVENT_RESULT_FIRED, Run: uint64(place) + 1, Duplicate: duplicate,
		})
	}
	c.changed.Broadcast()
	return taken, lost
}

func (s *subscribed) check(events *pluginv1.Events) *pluginv1.Refusal {
	invalid := func(format string, values ...any) *pluginv1.Refusal {
		return refusal(pluginv1.RefusalKind_REFUSAL_KIND_INVALID, fmt.Sprintf(format, values...))
	}
	if len(events.Events) > 100 {
		return invalid("there are %d events, the limit is 100", len(events.Events))
	}
	for _, event := range events.Events {
		switch {
		case len(event.Key) == 0 || len(event.Key) > 256:
			return invalid("the key %q is not 1 to 256 bytes of text", event.Key)
		case len(event.Payload) > 256*1024:
			return invalid("the payload of %q is longer than 256 KiB", event.Key)
		case event.Payload != "" && !json.Valid([]byte(event.Payload)):
			return invalid("the payload of %q is no JSON", event.Key)
		}
	}
	if events.Cursor == nil {
		return nil
	}
	if len(events.Cursor.To) > 4096 {
		return invalid("the cursor is longer than 4 KiB")
	}
	if (events.Cursor.From == nil) != (s.cursor == nil) || string(events.Cursor.From) != string(s.cursor) {
		elsewhere := refusal(pluginv1.RefusalKind_REFUSAL_KIND_CURSOR, "the cursor is elsewhere")
		elsewhere.Cursor = s.cursor
		return elsewhere
	}
	return nil
}

func refusal(kind pluginv1.RefusalKind, message string) *pluginv1.Refusal {
	return &pluginv1.Refusal{Kind: kind, Message: message}
}
