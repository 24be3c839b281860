package trigger

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	pluginv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/plugin/v1"
)

type handlerFunc func(http.ResponseWriter, *http.Request, *Subscriptions)

func (f handlerFunc) HandleHTTP(writer http.ResponseWriter, request *http.Request, subscriptions *Subscriptions) {
	f(writer, request, subscriptions)
}

// The requests of a stream, of which the test is the cluster.
type streamed struct {
	*requests
	index *index
	end   context.CancelFunc
}

func stream(t *testing.T, handler handlerFunc) streamed {
	ctx, end := context.WithCancel(context.Background())
	t.Cleanup(end)
	handlers := &handlers{last: newWatches(ctx, nil).last}
	if handler != nil {
		handlers.handler = handler
	}
	index := newIndex()
	index.put(&subscribed{name: named(1), generation: 5})
	return streamed{requests: newRequests(ctx, handlers, newOutbox()), index: index, end: end}
}

// next is what the plug-in sends next.
func (s streamed) next(t *testing.T) *pluginv1.AttachRequest {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		s.out.mutex.Lock()
		if len(s.out.waiting) > 0 {
			message := s.out.waiting[0]
			s.out.waiting = s.out.waiting[1:]
			s.out.mutex.Unlock()
			return message
		}
		s.out.mutex.Unlock()
	}
	t.Fatal("nothing was sent")
	return nil
}

func (s streamed) answers(t *testing.T, id uint64, status int, body string) {
	t.Helper()
	answer := s.next(t).GetHttpResponse()
	if answer.GetId() != id || int(answer.GetStatus()) != status || strings.TrimSpace(string(answer.GetBody())) != body {
		t.Fatalf("the answer is %v", answer)
	}
}

func (s streamed) refuse(events *pluginv1.Events, kind pluginv1.RefusalKind) {
	s.taken(&pluginv1.Taken{Id: events.Id, Refusal: &pluginv1.Refusal{Kind: kind, Message: "no"}})
}

func TestASendOfAHandlerIsSentAgainUntilItIsTakenOrRefused(t *testing.T) {
	results := make(chan error)
	s := stream(t, func(_ http.ResponseWriter, _ *http.Request, subscriptions *Subscriptions) {
		one, _ := subscriptions.Get(named(1))
		for {
			_, err := one.SendAll([]Event{{Key: "a"}, {Key: "b"}})
			results <- err
		}
	})
	s.sync(s.index)
	s.receive(&pluginv1.HttpRequest{Id: 1}, s.index)
	first := s.next(t).GetEvents()
	// What becomes of the subscription later is not what the events are for.
	s.index.put(&subscribed{name: named(1), generation: 6})
	s.refuse(first, pluginv1.RefusalKind_REFUSAL_KIND_UNAVAILABLE)
	second := s.next(t).GetEvents()
	if first.Id == second.Id || second.Generation != 5 || len(second.Events) != 2 || second.Cursor != nil {
		t.Fatalf("%v and %v", first, second)
	}
	s.taken(&pluginv1.Taken{Id: second.Id, Fates: []*pluginv1.Fate{{Run: 1}, {Run: 2}}})
	if err := <-results; err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[pluginv1.RefusalKind]error{
		pluginv1.RefusalKind_REFUSAL_KIND_INVALID:      ErrInvalid,
		pluginv1.RefusalKind_REFUSAL_KIND_SUBSCRIPTION: ErrChanged,
	} {
		s.refuse(s.next(t).GetEvents(), kind)
		if err := <-results; !errors.Is(err, want) {
			t.Fatalf("%v is %v", kind, err)
		}
	}
	// One that is refused when the stream ends is not sent again.
	s.refuse(s.next(t).GetEvents(), pluginv1.RefusalKind_REFUSAL_KIND_UNAVAILABLE)
	s.end()
	if err := <-results; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if s.taken(&pluginv1.Taken{Id: second.Id}) {
		t.Fatal("an answer that came twice was for somebody")
	}
}

func TestARequestThatComesTooEarlyWaitsForTheSubscriptions(t *testing.T) {
	s := stream(t, func(writer http.ResponseWriter, _ *http.Request, subscriptions *Subscriptions) {
		if _, ok := subscriptions.Get(named(2)); !ok {
			writer.WriteHeader(http.StatusNotFound)
		}
	})
	s.receive(&pluginv1.HttpRequest{Id: 1}, s.index)
	s.index.put(&subscribed{name: named(2), generation: 6})
	s.sync(s.index)
	s.answers(t, 1, http.StatusOK, "")
}

func TestARequestIsAnsweredAlsoIfItsHandlerIsNot(t *testing.T) {
	ended := make(chan struct{})
	s := stream(t, func(_ http.ResponseWriter, request *http.Request, _ *Subscriptions) {
		if request.URL.Path == "/exit" {
			runtime.Goexit()
		}
		<-ended
	})
	defer close(ended)
	s.sync(s.index)
	s.receive(&pluginv1.HttpRequest{Id: 1, Path: "/exit"}, s.index)
	s.answers(t, 1, http.StatusInternalServerError, "the plug-in has failed")
	s.receive(&pluginv1.HttpRequest{Id: 2, Path: "/%zz"}, s.index)
	s.answers(t, 2, http.StatusBadRequest, "the path is not valid")
	late := arrived{wire: &pluginv1.HttpRequest{Id: 3}, deadline: time.Now().Add(20 * time.Millisecond)}
	s.admit()
	go s.serve(late, s.index.snapshot())
	s.answers(t, 3, http.StatusGatewayTimeout, "the plug-in has not answered in time")
	// It is not open any more, but it runs.
	for id := uint64(10); id < 10+requestsMax; id++ {
		s.receive(&pluginv1.HttpRequest{Id: id}, s.index)
	}
	s.receive(&pluginv1.HttpRequest{Id: 4}, s.index)
	s.answers(t, 4, http.StatusServiceUnavailable, "the plug-in has more requests than it answers")

	// Those of earlier streams that did not end.
	other := stream(t, s.handler.(handlerFunc))
	other.running.Store(handlersMax)
	other.receive(&pluginv1.HttpRequest{Id: 1}, other.index)
	other.answers(t, 1, http.StatusServiceUnavailable, "the plug-in has more requests than it answers")

	none := stream(t, nil)
	none.receive(&pluginv1.HttpRequest{Id: 1}, none.index)
	none.answers(t, 1, http.StatusNotImplemented, "the plug-in takes no requests")
}

func TestAnAnswerIsWhatANodeTakes(t *testing.T) {
	told := func(write func(http.ResponseWriter)) (*pluginv1.HttpResponse, error) {
		writer := newResponseWriter()
		write(writer)
		return writer.response()
	}
	answer, err := told(func(writer http.ResponseWriter) {
		for _, name := range []string{"Connection", "Proxy-Authenticate", "Content-Length", "Te", "Upgrade"} {
			writer.Header().Set(name, "1")
		}
		writer.Header()["x-b"] = []string{"2", "3"}
		writer.Header().Set("X-A", "\xe4\t1")
		writer.WriteHeader(http.StatusTeapot)
		writer.WriteHeader(http.StatusOK)
		writer.Header().Set("X-Late", "1")
		_, _ = writer.Write([]byte("tea"))
	})
	if err != nil || answer.Status != http.StatusTeapot || string(answer.Body) != "tea" {
		t.Fatalf("%v, %v", answer, err)
	}
	var headers []string
	for _, header := range answer.Headers {
		headers = append(headers, header.Name+"="+string(header.Value))
	}
	if all := strings.Join(headers, " "); all != "content-type=text/plain; charset=utf-8 x-a=\xe4\t1 x-b=2 x-b=3" {
		t.Fatal(all)
	}
	fits := func(writer http.ResponseWriter) {
		writer.Header()["X"] = make([]string, headersMax-1)
		writer.Header().Set("Content-Type", strings.Repeat("x", headersBytesMax-headersMax-len("content-type")+1))
		_, _ = writer.Write(make([]byte, bodyBytesMax))
	}
	if _, err := told(fits); err != nil {
		t.Fatal(err)
	}
	for name, write := range map[string]func(http.ResponseWriter){
		"status 101": func(writer http.ResponseWriter) { writer.WriteHeader(101) },
		"status 600": func(writer http.ResponseWriter) { writer.WriteHeader(600) },
		"a body":     func(writer http.ResponseWriter) { fits(writer); _, _ = writer.Write([]byte("x")) },
		"headers":    func(writer http.ResponseWriter) { writer.Header()["Y"] = []string{"", ""}; fits(writer) },
		"a header":   func(writer http.ResponseWriter) { writer.Header().Set("X", strings.Repeat("x", headersBytesMax)) },
		"a name":     func(writer http.ResponseWriter) { writer.Header()["a b"] = []string{"1"} },
		"a value":    func(writer http.ResponseWriter) { writer.Header().Set("X-A", "1\r\nX-B: 2") },
	} {
		if answer, err := told(write); err == nil {
			t.Errorf("%s that is not valid: %v", name, answer)
		}
	}
}
