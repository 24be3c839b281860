package trigger

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"

	pluginv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/plugin/v1"
)

// HTTPHandler is a trigger that answers HTTP requests: what somebody sends to /v1/plugins/TRIGGER of any node, or to a path
// below it. Nobody has checked who that is, so look at a signature or a token first. If requests are all that there is to look
// at, Watch returns nil at once.
type HTTPHandler interface {
	// HandleHTTP answers one request, in a goroutine of its own. The URL of the request has what follows /v1/plugins/TRIGGER
	// in the path, "/" if nothing does. Its body is at most 1 MiB, and is there as a whole. Its context ends after 30 seconds,
	// when nobody waits for the answer any more, or with the stream that it came over.
	//
	// The answer may have 1 MiB, and 64 headers of 16 KiB in all. It goes out when HandleHTTP returns. A status that is not
	// 200 to 599 is not valid.
	//
	// Whoever has sent the request hears of a failure and sends it again, maybe after it was handled. So give each event a
	// key that is the same then.
	HandleHTTP(writer http.ResponseWriter, request *http.Request, subscriptions *Subscriptions)
}

// Subscriptions are those of the trigger, as they were when a request came. They may be used by several goroutines, for as
// long as HandleHTTP runs.
type Subscriptions struct {
	call     *call
	snapshot *snapshot
}

// Len is how many there are.
func (s *Subscriptions) Len() int { return s.snapshot.count }

// Get is the one with a name, and whether there is one.
func (s *Subscriptions) Get(name Name) (subscriber Subscriber, ok bool) {
	one := s.snapshot.get(name)
	return Subscriber{call: s.call, of: one}, one != nil
}

// All calls a function with each of them, in no order, until it returns false. From Go 1.23 on, range takes it:
//
//	for subscriber := range subscriptions.All { … }
func (s *Subscriptions) All(yield func(Subscriber) bool) {
	for _, part := range s.snapshot.parts {
		for _, one := range part {
			if !yield(Subscriber{call: s.call, of: one}) {
				return
			}
		}
	}
}

// Subscriber is a subscription while a request is handled. It may be used by several goroutines.
type Subscriber struct {
	call *call
	of   *subscribed
}

// Name says which one it is.
func (s Subscriber) Name() Name { return s.of.name }

// Setting is what it was given for a setting, or the default of that; empty if there is no such setting.
func (s Subscriber) Setting(name string) string {
	for _, setting := range s.of.settings {
		if setting.Name == name {
			return setting.Value
		}
	}
	return ""
}

// Settings are what it was given, with the defaults of what it was not.
func (s Subscriber) Settings() map[string]string {
	settings := make(map[string]string, len(s.of.settings))
	for _, setting := range s.of.settings {
		settings[setting.Name] = setting.Value
	}
	return settings
}

// Send tells of an event, and returns once the cluster has taken it. It does not move the cursor.
// The error is [ErrChanged], [ErrInvalid] or that of the request's context.
func (s Subscriber) Send(event Event) (Fate, error) {
	fates, err := s.SendAll([]Event{event})
	if err != nil {
		return Fate{}, err
	}
	return fates[0], nil
}

// SendAll tells of at most 100 events in order: all of them are taken, or none. The fates are as many as the events.
// The error is [ErrChanged], [ErrInvalid] or that of the request's context.
func (s Subscriber) SendAll(events []Event) ([]Fate, error) {
	wire, err := wireOf(events)
	if err != nil || len(wire) == 0 {
		return nil, err
	}
	list, err := s.call.take(s.of, wire)
	if err == nil && len(list) != len(events) {
		err = fmt.Errorf("%w: the answer has %d fates for %d events", ErrChanged, len(list), len(events))
	}
	if err != nil {
		return nil, err
	}
	return list, nil
}

// requestOf is a request as a server has it.
func requestOf(ctx context.Context, wire *pluginv1.HttpRequest) (*http.Request, error) {
	target := wire.Path
	if target == "" {
		target = "/"
	}
	if wire.Query != "" {
		target += "?" + wire.Query
	}
	location, err := url.ParseRequestURI(target)
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	for _, one := range wire.Headers {
		header.Add(one.Name, string(one.Value))
	}
	host := header.Get("Host")
	header.Del("Host")
	request := &http.Request{
		Method: wire.Method, URL: location, RequestURI: target, Host: host, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(bytes.NewReader(wire.Body)), ContentLength: int64(len(wire.Body)),
	}
	return request.WithContext(ctx), nil
}
