package triggertest

import (
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

// Attach serves one stream.
func (s *service) Attach(stream pluginv1.PluginService_AttachServer) error {
	headers, _ := metadata.FromIncomingContext(stream.Context())
	if shown := headers.Get("authorization"); len(shown) != 1 || shown[0] != "Bearer "+token {
		return status.Error(codes.Unauthenticated, "the token is another")
	}
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	if first.GetHello().GetTrigger() != triggerName {
		return status.Error(codes.InvalidArgument, "the first message must be Hello, of the trigger under test")
	}
	s.cluster.mutex.Lock()
	cut := s.cluster.cuts
	s.cluster.problem = ""
	s.cluster.mutex.Unlock()
	out := make(chan *pluginv1.AttachResponse, 64)
	stop := make(chan struct{})
	ended := make(chan error, 1)
	go func() { ended <- s.receive(stream, out, stop) }()
	go s.tell(out, stop)
	defer s.cluster.changed.Broadcast()
	defer close(stop)
	welcome := &pluginv1.AttachResponse_Welcome{Welcome: &pluginv1.Welcome{Node: 1}}
	if err := stream.Send(&pluginv1.AttachResponse{Message: welcome}); err != nil {
		return err
	}
	for {
		select {
		case message := <-out:
			if err := stream.Send(message); err != nil {
				return err
			}
		case err := <-ended:
			return err
		case <-cut:
			return status.Error(codes.Unavailable, "the stream was cut by the test")
		}
	}
}

func (s *service) receive(stream pluginv1.PluginService_AttachServer, out chan<- *pluginv1.AttachResponse, stop <-chan struct{}) error {
	for {
		message, err := stream.Recv()
		if err != nil {
			return err
		}
		if health := message.GetHealth(); health != nil {
			s.cluster.mutex.Lock()
			s.cluster.problem = health.Problem
			s.cluster.mutex.Unlock()
			continue
		}
		events := message.GetEvents()
		if events == nil {
			return status.Error(codes.InvalidArgument, "Events and Health are all that may follow Hello")
		}
		taken, lost := s.cluster.take(events)
		if lost {
			return status.Error(codes.Unavailable, "the answer was lost by the test")
		}
		select {
		case out <- &pluginv1.AttachResponse{Message: &pluginv1.AttachResponse_Taken{Taken: taken}}:
		case <-stop:
			return nil
		}
	}
}

// tell tells of all subscriptions, and of each change from then on.
func (s *service) tell(out chan<- *pluginv1.AttachResponse, stop <-chan struct{}) {
	told := map[string]uint64{}
	synced := false
	for {
		select {
		case <-stop:
			return
		default:
		}
		for _, message := range s.news(told, &synced) {
			select {
			case out <- message:
			case <-stop:
				return
			}
		}
		s.cluster.mutex.Lock()
		if !s.hasNews(told) {
			select {
			case <-stop:
			default:
				s.cluster.changed.Wait()
			}
		}
		s.cluster.mutex.Unlock()
	}
}

func (s *service) hasNews(told map[string]uint64) bool {
	for name, known := range s.cluster.known {
		if told[name] != known.generation {
			return true
		}
	}
	return len(told) != len(s.cluster.known)
}

func (s *service) news(told map[string]uint64, synced *bool) []*pluginv1.AttachResponse {
	s.cluster.mutex.Lock()
	defer s.cluster.mutex.Unlock()
	var messages []*pluginv1.AttachResponse
	for name := range told {
		if s.cluster.known[name] == nil {
			delete(told, name)
			gone := &pluginv1.AttachResponse_SubscriptionGone{SubscriptionGone: ref(name)}
			messages = append(messages, &pluginv1.AttachResponse{Message: gone})
		}
	}
	for name, known := range s.cluster.known {
		if told[name] == known.generation {
			continue
		}
		told[name] = known.generation
		subscription := &pluginv1.AttachResponse_Subscription{Subscription: &pluginv1.Subscription{
			Ref: ref(name), Generation: known.generation, Settings: known.settings, Cursor: known.cursor,
		}}
		messages = append(messages, &pluginv1.AttachResponse{Message: subscription})
	}
	if !*synced {
		*synced = true
		all := &pluginv1.AttachResponse_Synced{Synced: &pluginv1.Synced{}}
		messages = append(messages, &pluginv1.AttachResponse{Message: all})
	}
	return messages
}

func ref(name string) *modelv1.SubscriptionRef {
	return &modelv1.SubscriptionRef{Namespace: "default", Pipeline: "test", Name: name}
}
