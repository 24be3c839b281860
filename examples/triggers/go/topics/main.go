// Tells of what is sent to it: a request to /v1/plugins/topics/TOPIC on any node is an event for the subscriptions to the topic,
// known by its header X-Delivery. With TOPICS_TOKEN set, only senders that show it are heard.
//
//	gofer trigger install topics > token
//	GOFER_TRIGGER=topics GOFER_PLUGIN_TOKEN_FILE=token go run ./topics
//	gofer subscription create ci/news --trigger topics --set topic=news
//	curl -H 'X-Delivery: 1' -d hello localhost:7600/v1/plugins/topics/news
package main

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"sort"
	"strings"
	"syscall"

	"github.com/clintjedwards/gofer/crates/sdk/go/client/trigger"
)

type topics struct {
	// What senders must show. Empty: anybody may send.
	token string
}

func (topics) Describe() trigger.Description {
	return trigger.Description{Version: "1.0", Settings: []trigger.Setting{
		{Name: "topic", Required: true, Description: "what to listen to"},
	}}
}

// Watch does nothing: all events are sent.
func (topics) Watch(context.Context, *trigger.Subscription) error { return nil }

func (t topics) HandleHTTP(writer http.ResponseWriter, request *http.Request, subscriptions *trigger.Subscriptions) {
	shown := []byte(request.Header.Get("Authorization"))
	if t.token != "" && subtle.ConstantTimeCompare(shown, []byte("Bearer "+t.token)) != 1 {
		http.Error(writer, "show the token", http.StatusUnauthorized)
		return
	}
	key := request.Header.Get("X-Delivery")
	if key == "" {
		http.Error(writer, "send X-Delivery, which the event is known by", http.StatusBadRequest)
		return
	}
	text, err := io.ReadAll(request.Body)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	topic := strings.Trim(request.URL.Path, "/")
	event := trigger.Event{Key: key, Kind: "message", Payload: map[string]string{"topic": topic, "text": string(text)}}
	told, err := tell(subscriptions, topic, event)
	switch {
	case errors.Is(err, trigger.ErrInvalid):
		http.Error(writer, err.Error(), http.StatusBadRequest)
	case err != nil:
		http.Error(writer, err.Error(), http.StatusServiceUnavailable)
	case len(told) == 0:
		http.Error(writer, fmt.Sprintf("nobody listens to %q", topic), http.StatusNotFound)
	default:
		writer.WriteHeader(http.StatusAccepted)
		fmt.Fprintln(writer, strings.Join(told, "\n"))
	}
}

// tell tells those that listen to a topic of an event, and returns what became of it, a line each.
func tell(subscriptions *trigger.Subscriptions, topic string, event trigger.Event) (told []string, err error) {
	subscriptions.All(func(subscriber trigger.Subscriber) bool {
		if subscriber.Setting("topic") != topic {
			return true
		}
		var fate trigger.Fate
		if fate, err = subscriber.Send(event); err != nil {
			return false
		}
		what := "no run"
		if fate.Outcome == trigger.Fired {
			what = fmt.Sprintf("run %d", fate.Run)
		}
		told = append(told, fmt.Sprintf("%s: %s", subscriber.Name(), what))
		return true
	})
	sort.Strings(told)
	return told, err
}

func main() {
	plugin, err := trigger.FromEnv(topics{token: os.Getenv("TOPICS_TOKEN")})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := plugin.Run(ctx); err != nil {
		log.Fatal(err)
	}
}
