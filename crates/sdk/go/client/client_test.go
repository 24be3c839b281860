package client

import (
	"context"
	"errors"
	"io"
	"net"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/api/v1"
	logv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/log/v1"
	modelv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/model/v1"
)

// A node that answers from a script: it speaks the real protocol over a real socket.
type script struct {
	apiv1.UnimplementedRunServiceServer
	apiv1.UnimplementedEventServiceServer
	apiv1.UnimplementedNamespaceServiceServer

	startRun func(context.Context, *apiv1.StartRunRequest) (*apiv1.StartRunResponse, error)
	listRuns func(*apiv1.ListRunsRequest) *apiv1.ListRunsResponse
	watch    func(*apiv1.WatchRequest, apiv1.EventService_WatchServer) error
	watchRun func(apiv1.RunService_WatchRunServer) error
	logs     func(apiv1.RunService_StreamLogsServer) error

	address string
	mutex   sync.Mutex
	starts  []*apiv1.StartRunRequest
	users   []string
	from    []uint64
	opened  int
}

func serve(t *testing.T, s *script) *script {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = listener.Addr().String()
	server := grpc.NewServer()
	apiv1.RegisterRunServiceServer(server, s)
	apiv1.RegisterEventServiceServer(server, s)
	apiv1.RegisterNamespaceServiceServer(server, s)
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	return s
}

func (s *script) StartRun(ctx context.Context, request *apiv1.StartRunRequest) (*apiv1.StartRunResponse, error) {
	s.mutex.Lock()
	s.starts = append(s.starts, request)
	incoming, _ := metadata.FromIncomingContext(ctx)
	s.users = append(s.users, strings.Join(incoming.Get(userHeader), ","))
	s.mutex.Unlock()
	return s.startRun(ctx, request)
}

func (s *script) ListRuns(_ context.Context, request *apiv1.ListRunsRequest) (*apiv1.ListRunsResponse, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.opened++
	return s.listRuns(request), nil
}

func (s *script) ListNamespaces(context.Context, *apiv1.ListNamespacesRequest) (*apiv1.ListNamespacesResponse, error) {
	return &apiv1.ListNamespacesResponse{Header: &apiv1.ResponseHeader{Revision: 8}}, nil
}

func (s *script) Watch(request *apiv1.WatchRequest, stream apiv1.EventService_WatchServer) error {
	s.mutex.Lock()
	s.from = append(s.from, request.FromRevision)
	s.mutex.Unlock()
	return s.watch(request, stream)
}

func (s *script) WatchRun(_ *apiv1.WatchRunRequest, stream apiv1.RunService_WatchRunServer) error {
	return s.watchRun(stream)
}

func (s *script) StreamLogs(_ *apiv1.StreamLogsRequest, stream apiv1.RunService_StreamLogsServer) error {
	return s.logs(stream)
}

func refusal(code codes.Code, message, reason string, metadata map[string]string, more ...protoadapt.MessageV1) error {
	info := &errdetails.ErrorInfo{Domain: errorDomain, Reason: reason, Metadata: metadata}
	s, err := status.New(code, message).WithDetails(append([]protoadapt.MessageV1{info}, more...)...)
	if err != nil {
		panic(err)
	}
	return s.Err()
}

func unavailable(context.Context, *apiv1.StartRunRequest) (*apiv1.StartRunResponse, error) {
	return nil, refusal(codes.Unavailable, "no leader", "NO_LEADER", nil)
}

func lost() error { return refusal(codes.Unavailable, "going away", "SHUTTING_DOWN", nil) }

func started(context.Context, *apiv1.StartRunRequest) (*apiv1.StartRunResponse, error) {
	return &apiv1.StartRunResponse{
		Header: &apiv1.ResponseHeader{Revision: 42, Node: 1},
		Run:    &modelv1.RunRef{Namespace: "default", Pipeline: "p", Run: 7},
	}, nil
}

// An address at which nobody listens.
func nobody(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func dial(t *testing.T, addresses []string, options ...Option) *Client {
	t.Helper()
	c, err := Connect(addresses, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func within(t *testing.T, timeout time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	t.Cleanup(cancel)
	return ctx
}

func equal(t *testing.T, got, wanted any) {
	t.Helper()
	if !reflect.DeepEqual(got, wanted) {
		t.Fatalf("got %v, wanted %v", got, wanted)
	}
}

func TestAWriteIsRepeatedOnTheNextNodeWithTheSameID(t *testing.T) {
	first, second := serve(t, &script{startRun: unavailable}), serve(t, &script{startRun: started})
	c := dial(t, []string{first.address, second.address}, WithUser("me"))
	request := &apiv1.StartRunRequest{Version: 3}
	outcome := c.StartRun(within(t, time.Minute), request)
	if outcome.Committed == nil {
		t.Fatalf("%+v", outcome)
	}
	equal(t, outcome.Committed.Value.Run.Run, uint64(7))
	equal(t, outcome.Committed.Revision, uint64(42))
	equal(t, len(first.starts[0].RequestId), 16)
	equal(t, proto.Equal(first.starts[0], second.starts[0]), true)
	equal(t, second.starts[0].Version, uint64(3))
	equal(t, second.users, []string{"me"})
	equal(t, len(request.RequestId), 0)
}

func TestARefusalSaysWhyAndWhatToDoAndIsNotRepeated(t *testing.T) {
	bad := &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "pipeline", Description: "too long"}}}
	refuse := func(context.Context, *apiv1.StartRunRequest) (*apiv1.StartRunResponse, error) {
		details := map[string]string{"help": "shorten it", "field": "pipeline", "limit": "64"}
		return nil, refusal(codes.InvalidArgument, "the name is too long", "INVALID_ARGUMENT", details, bad)
	}
	node, other := serve(t, &script{startRun: refuse}), serve(t, &script{startRun: started})
	_, err := dial(t, []string{node.address, other.address}).StartRun(within(t, time.Minute), &apiv1.StartRunRequest{}).Result()
	var rejected *Rejected
	if !errors.As(err, &rejected) {
		t.Fatal(err)
	}
	equal(t, *rejected, Rejected{
		Code: codes.InvalidArgument, Reason: "INVALID_ARGUMENT", Message: "the name is too long", Help: "shorten it",
		Field: "pipeline", Violations: []Violation{{"pipeline", "too long"}}, Metadata: map[string]string{"limit": "64"},
	})
	equal(t, err.Error(), "INVALID_ARGUMENT: the name is too long (shorten it)")
	equal(t, []int{len(node.starts), len(other.starts)}, []int{1, 0})
}

func TestABusyNodeIsAskedAgain(t *testing.T) {
	asked := 0
	node := serve(t, &script{startRun: func(ctx context.Context, request *apiv1.StartRunRequest) (*apiv1.StartRunResponse, error) {
		if asked++; asked == 1 {
			return nil, refusal(codes.ResourceExhausted, "slow down", "OVERLOADED", nil, &errdetails.RetryInfo{})
		}
		return started(ctx, request)
	}})
	if outcome := dial(t, []string{node.address}).StartRun(within(t, time.Minute), &apiv1.StartRunRequest{}); outcome.Committed == nil {
		t.Fatalf("%+v", outcome)
	}
	node = serve(t, &script{startRun: func(context.Context, *apiv1.StartRunRequest) (*apiv1.StartRunResponse, error) {
		return nil, refusal(codes.ResourceExhausted, "too many runs", "RESOURCE_EXHAUSTED", nil)
	}})
	outcome := dial(t, []string{node.address}).StartRun(within(t, time.Minute), &apiv1.StartRunRequest{})
	equal(t, outcome.Rejected != nil && outcome.Rejected.Reason == "RESOURCE_EXHAUSTED", true)
	equal(t, len(node.starts), 1)
}

func TestWhatNoNodeConfirmsIsUnknownAndHasTheID(t *testing.T) {
	node := serve(t, &script{startRun: unavailable})
	id := NewRequestID()
	c := dial(t, []string{node.address, nobody(t)})
	outcome := c.StartRun(within(t, 500*time.Millisecond), &apiv1.StartRunRequest{RequestId: id[:]})
	if outcome.Unknown == nil {
		t.Fatalf("%+v", outcome)
	}
	equal(t, outcome.Unknown.RequestID, id)
	equal(t, outcome.Unknown.Sent, true)
	equal(t, len(outcome.Unknown.Tried), 2)
	equal(t, len(node.starts) > 1, true)
	_, err := outcome.Result()
	equal(t, strings.Contains(err.Error(), id.String()) && strings.Contains(err.Error(), "no leader"), true)
}

func TestANodeThatDoesNotAnswerLeavesItUnknownInTime(t *testing.T) {
	node := serve(t, &script{startRun: func(ctx context.Context, _ *apiv1.StartRunRequest) (*apiv1.StartRunResponse, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	begin := time.Now()
	outcome := dial(t, []string{node.address}, WithTimeout(400*time.Millisecond)).StartRun(context.Background(), &apiv1.StartRunRequest{})
	if outcome.Unknown == nil || !outcome.Unknown.Sent || time.Since(begin) < 300*time.Millisecond {
		t.Fatalf("%+v after %v", outcome, time.Since(begin))
	}
}

func TestWhatReachedNoNodeIsTold(t *testing.T) {
	c := dial(t, []string{nobody(t)})
	outcome := c.StartRun(within(t, 400*time.Millisecond), &apiv1.StartRunRequest{})
	if outcome.Unknown == nil || outcome.Unknown.Sent || !strings.Contains(outcome.Unknown.Error(), "nothing was changed") {
		t.Fatalf("%+v", outcome)
	}
	_, err := c.GetRun(within(t, 300*time.Millisecond), &apiv1.GetRunRequest{})
	var unreachable *Unreachable
	if !errors.As(err, &unreachable) || !strings.Contains(err.Error(), "refused") {
		t.Fatal(err)
	}
	c.Close()
	if _, err := c.GetRun(within(t, time.Minute), &apiv1.GetRunRequest{}); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Fatal(err)
	}
}

func send(stream apiv1.EventService_WatchServer, through uint64, revisions ...uint64) {
	message := &apiv1.WatchResponse{Revision: through}
	for _, revision := range revisions {
		message.Events = append(message.Events, &logv1.EventEnvelope{Revision: revision})
	}
	stream.Send(message)
}

func TestAWatchGoesOnWithTheNextNodeAfterTheLastEvent(t *testing.T) {
	first := serve(t, &script{watch: func(request *apiv1.WatchRequest, stream apiv1.EventService_WatchServer) error {
		send(stream, 3, 2, 3)
		send(stream, 5)
		return lost()
	}})
	second := serve(t, &script{watch: func(request *apiv1.WatchRequest, stream apiv1.EventService_WatchServer) error {
		// One that was seen comes again, as from a node that rounds down.
		send(stream, 6, 5, 6)
		return nil
	}})
	c := dial(t, []string{first.address, second.address})
	watch := c.WatchEvents(within(t, time.Minute), &apiv1.WatchRequest{FromRevision: 2, StopAtEnd: true})
	var seen, nexts []uint64
	for {
		event, err := watch.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		seen, nexts = append(seen, event.Revision), append(nexts, watch.NextRevision())
	}
	equal(t, seen, []uint64{2, 3, 6})
	equal(t, nexts, []uint64{3, 4, 7})
	equal(t, [][]uint64{first.from, second.from}, [][]uint64{{2}, {6}})
}

func TestAWatchFromNowOnIsPinnedBeforeItBegins(t *testing.T) {
	node := serve(t, &script{watch: func(request *apiv1.WatchRequest, stream apiv1.EventService_WatchServer) error {
		send(stream, request.FromRevision, request.FromRevision)
		<-stream.Context().Done()
		return nil
	}})
	watch := dial(t, []string{node.address}).WatchEvents(context.Background(), &apiv1.WatchRequest{})
	event, err := watch.Next()
	if err != nil || event.Revision != 9 {
		t.Fatal(event, err)
	}
	watch.Close()
	if _, err := watch.Next(); err != context.Canceled {
		t.Fatal(err)
	}
}

func TestAStreamThatIsRefusedOrAlwaysBreaksEnds(t *testing.T) {
	node := serve(t, &script{watch: func(*apiv1.WatchRequest, apiv1.EventService_WatchServer) error {
		return refusal(codes.OutOfRange, "in the archive", "EVENTS_ARCHIVED", map[string]string{"first_available": "9"})
	}})
	_, err := dial(t, []string{node.address}).WatchEvents(context.Background(), &apiv1.WatchRequest{FromRevision: 1}).Next()
	var rejected *Rejected
	if !errors.As(err, &rejected) || rejected.Metadata["first_available"] != "9" {
		t.Fatal(err)
	}
	node = serve(t, &script{watch: func(*apiv1.WatchRequest, apiv1.EventService_WatchServer) error { return lost() }})
	c := dial(t, []string{node.address, nobody(t)}, WithTimeout(500*time.Millisecond))
	_, err = c.WatchEvents(context.Background(), &apiv1.WatchRequest{FromRevision: 1}).Next()
	var unreachable *Unreachable
	if !errors.As(err, &unreachable) || len(unreachable.Tried) != 2 || len(node.from) < 2 {
		t.Fatal(err, node.from)
	}
}

func TestARunIsWatchedToItsEndWithoutRepeats(t *testing.T) {
	run := func(revision uint64, end *timestamppb.Timestamp) *apiv1.WatchRunResponse {
		return &apiv1.WatchRunResponse{Run: &modelv1.Run{Revision: revision, FinishedAt: end}}
	}
	first := serve(t, &script{watchRun: func(stream apiv1.RunService_WatchRunServer) error {
		stream.Send(run(3, nil))
		stream.Send(run(5, nil))
		return lost()
	}})
	second := serve(t, &script{watchRun: func(stream apiv1.RunService_WatchRunServer) error {
		stream.Send(run(5, nil))
		stream.Send(run(9, timestamppb.Now()))
		return nil
	}})
	watch := dial(t, []string{first.address, second.address}).WatchRun(within(t, time.Minute), &apiv1.WatchRunRequest{})
	var seen []uint64
	for {
		run, err := watch.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, run.Revision)
	}
	equal(t, seen, []uint64{3, 5, 9})
}

func TestOutputThatWasReadIsPassedOver(t *testing.T) {
	record := func(stream apiv1.LogStream, data string) *apiv1.StreamLogsResponse {
		return &apiv1.StreamLogsResponse{Task: "t", Attempt: 1, Stream: stream, Data: []byte(data)}
	}
	out, errs := apiv1.LogStream_LOG_STREAM_STDOUT, apiv1.LogStream_LOG_STREAM_STDERR
	first := serve(t, &script{logs: func(stream apiv1.RunService_StreamLogsServer) error {
		stream.Send(record(out, "hello "))
		stream.Send(record(errs, "oh"))
		return lost()
	}})
	second := serve(t, &script{logs: func(stream apiv1.RunService_StreamLogsServer) error {
		stream.Send(record(out, "hel"))
		stream.Send(record(out, "lo wor"))
		stream.Send(record(errs, "oh no"))
		stream.Send(record(out, "ld"))
		return nil
	}})
	logs := dial(t, []string{first.address, second.address}).Logs(within(t, time.Minute), &apiv1.StreamLogsRequest{})
	var seen []string
	for {
		record, err := logs.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, string(record.Data))
	}
	equal(t, seen, []string{"hello ", "oh", "wor", " no", "ld"})
}

func TestPagesAreFetchedAsTheyAreRead(t *testing.T) {
	node := serve(t, &script{listRuns: func(request *apiv1.ListRunsRequest) *apiv1.ListRunsResponse {
		pages := map[string]*apiv1.ListRunsResponse{
			"":  {Runs: []*modelv1.Run{{Revision: 1}, {Revision: 2}}, NextPageToken: "b"},
			"b": {Runs: []*modelv1.Run{{Revision: 3}}},
		}
		return pages[request.PageToken]
	}})
	runs := dial(t, []string{node.address}).ListRuns(within(t, time.Minute), &apiv1.ListRunsRequest{})
	first, err := runs.Take(1)
	if err != nil || len(first) != 1 || node.opened != 1 {
		t.Fatal(first, err, node.opened)
	}
	rest, err := runs.Take(10)
	if err != nil || len(rest) != 2 || rest[1].Revision != 3 {
		t.Fatal(rest, err)
	}
	if _, err := runs.Next(); err != io.EOF {
		t.Fatal(err)
	}
}

func TestInputsAreChecked(t *testing.T) {
	for _, bad := range [][]string{nil, {"x"}, {"x:y"}, {":7600"}, {"http://x:1"}, {"x:70000"}, make([]string, addressesMax+1)} {
		if c, err := Connect(bad); err == nil {
			t.Fatal(bad, c)
		}
	}
	if _, err := Connect([]string{"x:1"}, WithTimeout(0)); err == nil {
		t.Fatal("no time at all")
	}
	dial(t, []string{"[::1]:7600", "localhost:7600"})
	outcome := dial(t, []string{nobody(t)}).StartRun(context.Background(), &apiv1.StartRunRequest{RequestId: []byte("short")})
	equal(t, outcome.Rejected != nil && outcome.Rejected.Field == "request_id", true)
	if _, err := (Outcome[int]{}).Result(); err == nil {
		t.Fatal("an empty outcome is an error")
	}
}

func TestRequestIDsAreTextAndBack(t *testing.T) {
	id := NewRequestID()
	equal(t, len(id.String()), 36)
	for _, text := range []string{id.String(), strings.ReplaceAll(id.String(), "-", "")} {
		parsed, err := ParseRequestID(text)
		if err != nil || parsed != id {
			t.Fatal(text, parsed, err)
		}
	}
	for _, bad := range []string{"", "12", strings.Repeat("x", 32)} {
		if _, err := ParseRequestID(bad); err == nil {
			t.Fatal(bad)
		}
	}
}

func TestThePauseGrowsToItsLimitWithFullJitter(t *testing.T) {
	for n, most := range map[int]time.Duration{1: backoffFirst, 3: 4 * backoffFirst, 99: backoffMax} {
		least, largest := most, time.Duration(0)
		for i := 0; i < 1000; i++ {
			pause := backoff(n)
			if pause < least {
				least = pause
			}
			if pause > largest {
				largest = pause
			}
		}
		if least < 0 || least > most/4 || largest < most*3/4 || largest > most {
			t.Fatal(n, least, largest)
		}
	}
}
