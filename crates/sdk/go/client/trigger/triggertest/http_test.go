package triggertest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clintjedwards/gofer/crates/sdk/go/client/trigger"
	"github.com/clintjedwards/gofer/crates/sdk/go/client/trigger/triggertest"
)

// Tells of deliveries: each to all subscriptions with its branch.
type deliveries struct{}

func (deliveries) Describe() trigger.Description {
	return trigger.Description{Version: "1", Settings: []trigger.Setting{{Name: "branch", Required: true}}}
}

func (deliveries) Watch(context.Context, *trigger.Subscription) error { return nil }

func (deliveries) HandleHTTP(writer http.ResponseWriter, request *http.Request, subscriptions *trigger.Subscriptions) {
	switch request.URL.Path {
	case "/push":
	case "/panic":
		panic("it panics")
	case "/much":
		_, _ = writer.Write(make([]byte, 1<<20+1))
		return
	case "/echo":
		writer.Header().Set("Connection", "close")
		writer.Header().Set("X-Host", request.Host)
		writer.Header()["x-tokens"] = request.Header.Values("X-Token")
		_, _ = fmt.Fprintf(writer, "%s %s ", request.Method, request.RequestURI)
		_, _ = io.Copy(writer, request.Body)
		return
	default:
		http.NotFound(writer, request)
		return
	}
	if request.Header.Get("X-Token") != "sesame" {
		http.Error(writer, "the token is another", http.StatusUnauthorized)
		return
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	event := trigger.Event{Key: request.Header.Get("X-Delivery"), Kind: "push", Payload: string(body)}
	var runs []string
	for _, name := range names(subscriptions, request.URL.Query().Get("branch")) {
		subscriber, _ := subscriptions.Get(name)
		fate, err := subscriber.Send(event)
		switch {
		case errors.Is(err, trigger.ErrInvalid):
			http.Error(writer, err.Error(), http.StatusBadRequest)
			return
		case err != nil:
			http.Error(writer, err.Error(), http.StatusServiceUnavailable)
			return
		}
		runs = append(runs, strconv.FormatUint(fate.Run, 10))
	}
	writer.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(writer, strings.Join(runs, " "))
}

func names(subscriptions *trigger.Subscriptions, branch string) []trigger.Name {
	var list []trigger.Name
	subscriptions.All(func(subscriber trigger.Subscriber) bool {
		if subscriber.Setting("branch") == branch {
			list = append(list, subscriber.Name())
		}
		return true
	})
	return list
}

func push(delivery, branch string) *http.Request {
	request := httptest.NewRequest(http.MethodPost, "/push?branch="+branch, strings.NewReader("a change"))
	request.Header.Set("X-Token", "sesame")
	request.Header.Set("X-Delivery", delivery)
	return request
}

// ask is the status and the body of the answer.
func ask(t *testing.T, cluster *triggertest.Cluster, request *http.Request) (int, string) {
	t.Helper()
	response := cluster.HTTP(request)
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, strings.TrimSpace(string(body))
}

func wants(t *testing.T, cluster *triggertest.Cluster, request *http.Request, status int, body string) {
	t.Helper()
	if told, text := ask(t, cluster, request); told != status || text != body {
		t.Fatalf("the answer is %d %q, not %d %q", told, text, status, body)
	}
}

func TestARequestIsToldOfOnceHoweverOftenItIsSent(t *testing.T) {
	cluster := triggertest.Start(t)
	cluster.Subscribe("one", map[string]string{"branch": "main"})
	cluster.Subscribe("two", map[string]string{"branch": "main"})
	cluster.Subscribe("other", map[string]string{"branch": "next"})
	cluster.Run(context.Background(), deliveries{})
	wants(t, cluster, push("d1", "main"), http.StatusAccepted, "1 1")
	wants(t, cluster, push("d2", "next"), http.StatusAccepted, "1")
	wants(t, cluster, push("d2", "main"), http.StatusAccepted, "2 2")
	wants(t, cluster, push("d1", "main"), http.StatusAccepted, "1 1")
	for _, name := range []string{"one", "two"} {
		taken := cluster.Taken(name)
		if len(taken) != 2 || taken[0].Key != "d1" || string(taken[0].Payload) != `"a change"` || taken[1].Key != "d2" {
			t.Fatalf("%s has taken %+v", name, taken)
		}
	}
	// A subscription that comes, changes and goes.
	cluster.Subscribe("late", map[string]string{"branch": "late"})
	wants(t, cluster, push("d3", "late"), http.StatusAccepted, "1")
	cluster.Subscribe("late", map[string]string{"branch": "later"})
	wants(t, cluster, push("d4", "late"), http.StatusAccepted, "")
	wants(t, cluster, push("d4", "later"), http.StatusAccepted, "2")
	cluster.Unsubscribe("late")
	wants(t, cluster, push("d5", "later"), http.StatusAccepted, "")
}

func TestWhatCanNotBeAnsweredIsAFailureOfThatRequestOnly(t *testing.T) {
	cluster := triggertest.Start(t)
	cluster.Subscribe("one", map[string]string{"branch": "main"})
	cluster.Run(context.Background(), deliveries{})
	stranger := push("d1", "main")
	stranger.Header.Set("X-Token", "guess")
	wants(t, cluster, stranger, http.StatusUnauthorized, "the token is another")
	wants(t, cluster, httptest.NewRequest(http.MethodGet, "/elsewhere", nil), http.StatusNotFound, "404 page not found")
	wants(t, cluster, httptest.NewRequest(http.MethodPost, "/panic", nil), http.StatusInternalServerError, "the plug-in has failed")
	wants(t, cluster, httptest.NewRequest(http.MethodGet, "/much", nil), http.StatusInternalServerError, "the plug-in's answer is not valid")
	if status, text := ask(t, cluster, push("", "main")); status != http.StatusBadRequest {
		t.Fatalf("an event without a key: %d %s", status, text)
	}
	// Sent as it is, it would end the stream.
	if status, text := ask(t, cluster, push("\xff", "main")); status != http.StatusBadRequest {
		t.Fatalf("a key that is no text: %d %s", status, text)
	}
	large := httptest.NewRequest(http.MethodPost, "/echo", strings.NewReader(strings.Repeat("x", 1<<20+1)))
	if status, _ := ask(t, cluster, large); status != http.StatusRequestEntityTooLarge {
		t.Fatalf("the answer to a large request is %d", status)
	}
	wants(t, cluster, push("d1", "main"), http.StatusAccepted, "1")
}

func TestARequestComesAsItWasSent(t *testing.T) {
	cluster := triggertest.Start(t)
	cluster.Run(context.Background(), deliveries{})
	request := httptest.NewRequest(http.MethodPut, "http://example.org/%65cho?a=%20b&c", strings.NewReader("hello"))
	request.Header.Add("X-Token", "a")
	request.Header.Add("X-Token", "\xe4")
	response := cluster.HTTP(request)
	body, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK || string(body) != "PUT /%65cho?a=%20b&c hello" {
		t.Fatalf("%d %q", response.StatusCode, body)
	}
	header := response.Header
	tokens := strings.Join(header.Values("X-Tokens"), ",")
	if header.Get("X-Host") != "example.org" || tokens != "a,\xe4" || header.Get("Connection") != "" {
		t.Fatalf("the headers are %q", header)
	}
	if kind := header.Get("Content-Type"); kind != "text/plain; charset=utf-8" {
		t.Fatalf("the type is %q", kind)
	}
	// The path is empty.
	if status, text := ask(t, cluster, httptest.NewRequest(http.MethodGet, "http://example.org", nil)); status != http.StatusNotFound {
		t.Fatalf("%d %s", status, text)
	}
}

func TestARequestThatIsAskedAgainCountsOnceWhateverIsLost(t *testing.T) {
	cluster := triggertest.Start(t)
	cluster.Subscribe("one", map[string]string{"branch": "main"})
	cluster.Run(context.Background(), deliveries{})
	wants(t, cluster, push("first", "main"), http.StatusAccepted, "1")
	cluster.LoseAnswers(1)
	wants(t, cluster, push("lost", "main"), http.StatusServiceUnavailable, "the plug-in has gone, and may have seen the request")
	wants(t, cluster, push("lost", "main"), http.StatusAccepted, "2")
	// Many at once, and streams that are cut meanwhile.
	const senders, each = 8, 12
	var group sync.WaitGroup
	for sender := 0; sender < senders; sender++ {
		group.Add(1)
		go func(sender int) {
			defer group.Done()
			for number := 0; number < each; number++ {
				request := fmt.Sprintf("%d-%d", sender, number)
				for end := time.Now().Add(20 * time.Second); ; {
					response := cluster.HTTP(push(request, "main"))
					if response.StatusCode == http.StatusAccepted {
						break
					}
					if response.StatusCode != http.StatusServiceUnavailable || time.Now().After(end) {
						t.Errorf("the answer to %s is %s", request, response.Status)
						break
					}
				}
				time.Sleep(5 * time.Millisecond)
			}
		}(sender)
	}
	for round := 0; round < 4; round++ {
		cluster.LoseAnswers(1)
		time.Sleep(40 * time.Millisecond)
		cluster.Cut()
		time.Sleep(15 * time.Millisecond)
	}
	group.Wait()
	if taken := len(cluster.Taken("one")); taken != senders*each+2 {
		t.Fatalf("%d events were taken, not %d", taken, senders*each+2)
	}
}

// Tells of something long as soon as it watches.
type eager struct{}

func (eager) Describe() trigger.Description {
	return trigger.Description{Version: "1", Settings: []trigger.Setting{{Name: "text"}}}
}

func (eager) Watch(_ context.Context, subscription *trigger.Subscription) error {
	_, err := subscription.Send(trigger.Event{Key: "k", Payload: strings.Repeat("x", 16<<10)})
	return err
}

func (eager) HandleHTTP(writer http.ResponseWriter, _ *http.Request, subscriptions *trigger.Subscriptions) {
	_, _ = fmt.Fprint(writer, subscriptions.Len())
}

// A node that tells of subscriptions does not read meanwhile.
func TestManySubscriptionsAreHeardOfWhileEventsWait(t *testing.T) {
	const many = 3000
	cluster := triggertest.Start(t)
	text := strings.Repeat("y", 8<<10)
	for number := 0; number < many; number++ {
		cluster.Subscribe(strconv.Itoa(number), map[string]string{"text": text})
	}
	cluster.Run(context.Background(), eager{})
	wants(t, cluster, httptest.NewRequest(http.MethodGet, "/", nil), http.StatusOK, strconv.Itoa(many))
	for number := 0; number < many; number++ {
		cluster.Next(strconv.Itoa(number))
	}
}

// Answers when it is told to, and tells of what its sends said.
type slow struct {
	deliveries
	began chan struct{}
	ended chan error
}

func (s slow) HandleHTTP(_ http.ResponseWriter, request *http.Request, subscriptions *trigger.Subscriptions) {
	s.began <- struct{}{}
	<-request.Context().Done()
	subscriptions.All(func(subscriber trigger.Subscriber) bool {
		_, err := subscriber.Send(trigger.Event{Key: "late"})
		s.ended <- err
		return false
	})
}

func TestAHandlerEndsWithItsStream(t *testing.T) {
	cluster := triggertest.Start(t)
	cluster.Subscribe("one", map[string]string{"branch": "main"})
	trigger := slow{began: make(chan struct{}), ended: make(chan error)}
	cluster.Run(context.Background(), trigger)
	statuses := make(chan int)
	go func() { statuses <- cluster.HTTP(push("d", "main")).StatusCode }()
	<-trigger.began
	cluster.Cut()
	if err := <-trigger.ended; !errors.Is(err, context.Canceled) {
		t.Fatalf("the send says %v", err)
	}
	if status := <-statuses; status != http.StatusServiceUnavailable {
		t.Fatalf("the answer is %d", status)
	}
	// The next stream brings the next request, and nothing of the one before.
	go func() { statuses <- cluster.HTTP(push("d", "main")).StatusCode }()
	<-trigger.began
	cluster.Cut()
	<-trigger.ended
	<-statuses
	if taken := cluster.Taken("one"); len(taken) != 0 {
		t.Fatalf("taken are %+v", taken)
	}
}

func TestAStreamHasOnlySoManyRequestsOpen(t *testing.T) {
	cluster := triggertest.Start(t)
	trigger := slow{began: make(chan struct{}), ended: make(chan error, 64)}
	cluster.Run(context.Background(), trigger)
	statuses := make(chan int, 64)
	for number := 0; number < 64; number++ {
		go func() { statuses <- cluster.HTTP(push("d", "main")).StatusCode }()
		<-trigger.began
	}
	wants(t, cluster, push("d", "main"), http.StatusServiceUnavailable, "the plug-in has more requests than it answers")
	cluster.Cut()
	for number := 0; number < 64; number++ {
		if status := <-statuses; status != http.StatusServiceUnavailable {
			t.Fatalf("the answer is %d", status)
		}
	}
}
