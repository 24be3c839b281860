package triggertest

import (
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	modelv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/model/v1"
	pluginv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/plugin/v1"
)

// The streams of the stand-in.
type service struct {
	pluginv1.UnimplementedPluginServiceServer
	cluster *Cluster
}

// A stream that is open.
type stream struct {
	cluster   *Cluster
	takesHTTP bool
	out       chan *pluginv1.AttachResponse
	// Closed when it is over.
	stop chan struct{}
	// Held while it is told of subscriptions: a node does not read meanwhile.
	telling sync.Mutex
	// What was told of, by the goroutine that tells.
	told   map[string]uint64
	synced bool
	// Of the subscriptions as they were told of.
	seen uint64

	// The rest is guarded by the mutex of the cluster.

	// Requests that are to be handed over.
	asked []*pluginv1.HttpRequest
	// Where the answers go that are waited for. Nil: it is over.
	open map[uint64]chan<- *pluginv1.HttpResponse
	// Id of the last request.
	last uint64
}

// Attach serves one stream.
func (s *service) Attach(attached pluginv1.PluginService_AttachServer) error {
	headers, _ := metadata.FromIncomingContext(attached.Context())
	if shown := headers.Get("authorization"); len(shown) != 1 || shown[0] != "Bearer "+token {
		return status.Error(codes.Unauthenticated, "the token is another")
	}
	first, err := attached.Recv()
	if err != nil {
		return err
	}
	if first.GetHello().GetTrigger() != triggerName {
		return status.Error(codes.InvalidArgument, "the first message must be Hello, of the trigger under test")
	}
	stream, cut := s.cluster.begin(first.GetHello().TakesHttp)
	defer s.cluster.end(stream)
	ended := make(chan error, 1)
	go func() { ended <- stream.receive(attached) }()
	go stream.tell()
	welcome := &pluginv1.AttachResponse_Welcome{Welcome: &pluginv1.Welcome{Node: 1}}
	if err := attached.Send(&pluginv1.AttachResponse{Message: welcome}); err != nil {
		return err
	}
	for {
		select {
		case message := <-stream.out:
			if err := attached.Send(message); err != nil {
				return err
			}
		case err := <-ended:
			return err
		case <-cut:
			return status.Error(codes.Unavailable, "the stream was cut by the test")
		}
	}
}

// begin is a stream, and what is closed when it is cut.
func (c *Cluster) begin(takesHTTP bool) (*stream, <-chan struct{}) {
	begun := &stream{
		cluster: c, takesHTTP: takesHTTP,
		out: make(chan *pluginv1.AttachResponse, 64), stop: make(chan struct{}),
		told: map[string]uint64{}, open: map[uint64]chan<- *pluginv1.HttpResponse{},
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.problem = ""
	c.streams = append(c.streams, begun)
	c.changed.Broadcast()
	return begun, c.cuts
}

// end: whoever waits for an answer hears that none comes.
func (c *Cluster) end(ended *stream) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	close(ended.stop)
	for place, stream := range c.streams {
		if stream == ended {
			c.streams = append(c.streams[:place:place], c.streams[place+1:]...)
			break
		}
	}
	for _, answers := range ended.open {
		close(answers)
	}
	ended.open = nil
	c.changed.Broadcast()
}

func (s *stream) receive(attached pluginv1.PluginService_AttachServer) error {
	for {
		s.untilTold()
		message, err := attached.Recv()
		if err != nil {
			return err
		}
		switch message := message.Message.(type) {
		case *pluginv1.AttachRequest_Health:
			s.cluster.mutex.Lock()
			s.cluster.problem = message.Health.Problem
			s.cluster.mutex.Unlock()
		case *pluginv1.AttachRequest_HttpResponse:
			s.answered(message.HttpResponse)
		case *pluginv1.AttachRequest_Events:
			taken, lost := s.cluster.take(message.Events)
			if lost {
				return status.Error(codes.Unavailable, "the answer was lost by the test")
			}
			if !s.send(&pluginv1.AttachResponse{Message: &pluginv1.AttachResponse_Taken{Taken: taken}}) {
				return nil
			}
		default:
			return status.Error(codes.InvalidArgument, "Events, HttpResponse and Health are all that may follow Hello")
		}
	}
}

// untilTold waits until nothing is told.
func (s *stream) untilTold() {
	s.telling.Lock()
	defer s.telling.Unlock()
}

// send is false when the stream is over.
func (s *stream) send(message *pluginv1.AttachResponse) bool {
	select {
	case s.out <- message:
		return true
	case <-s.stop:
		return false
	}
}

// tell tells of all subscriptions and of each change from then on, and of requests after that.
func (s *stream) tell() {
	for {
		s.cluster.mutex.Lock()
		for s.open != nil && s.synced && len(s.asked) == 0 && s.seen == s.cluster.revision {
			s.cluster.changed.Wait()
		}
		over, news := s.open == nil, s.news()
		asked := s.asked
		s.asked = nil
		s.cluster.mutex.Unlock()
		if over || !s.tellAll(news) {
			return
		}
		for _, request := range asked {
			if !s.send(&pluginv1.AttachResponse{Message: &pluginv1.AttachResponse_HttpRequest{HttpRequest: request}}) {
				return
			}
		}
	}
}

func (s *stream) tellAll(news []*pluginv1.AttachResponse) bool {
	s.telling.Lock()
	defer s.telling.Unlock()
	for _, message := range news {
		if !s.send(message) {
			return false
		}
	}
	return true
}

func (s *stream) news() []*pluginv1.AttachResponse {
	var messages []*pluginv1.AttachResponse
	if s.synced && s.seen == s.cluster.revision {
		return nil
	}
	s.seen = s.cluster.revision
	for name := range s.told {
		if s.cluster.known[name] == nil {
			delete(s.told, name)
			gone := &pluginv1.AttachResponse_SubscriptionGone{SubscriptionGone: ref(name)}
			messages = append(messages, &pluginv1.AttachResponse{Message: gone})
		}
	}
	for name, known := range s.cluster.known {
		if s.told[name] == known.generation {
			continue
		}
		s.told[name] = known.generation
		subscription := &pluginv1.AttachResponse_Subscription{Subscription: &pluginv1.Subscription{
			Ref: ref(name), Generation: known.generation, Settings: known.settings, Cursor: known.cursor,
		}}
		messages = append(messages, &pluginv1.AttachResponse{Message: subscription})
	}
	if !s.synced {
		s.synced = true
		all := &pluginv1.AttachResponse_Synced{Synced: &pluginv1.Synced{}}
		messages = append(messages, &pluginv1.AttachResponse{Message: all})
	}
	return messages
}

func ref(name string) *modelv1.SubscriptionRef {
	return &modelv1.SubscriptionRef{Namespace: "default", Pipeline: "test", Name: name}
}
