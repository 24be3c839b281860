package client

import (
	"context"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	apiv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/api/v1"
	logv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/log/v1"
	modelv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/model/v1"
)

// Why a node is lost that ended a stream which was to go on.
const endedIt = "it ended the stream"

// WatchRun is the run now and after each change, until it has ended. Changes that follow quickly come as one.
func (c *Client) WatchRun(ctx context.Context, request *apiv1.WatchRunRequest) *Stream[*modelv1.Run] {
	request = proto.Clone(request).(*apiv1.WatchRunRequest)
	from := &source[*apiv1.WatchRunResponse]{client: c, open: func(ctx context.Context, conn grpc.ClientConnInterface) (receiver[*apiv1.WatchRunResponse], error) {
		return apiv1.NewRunServiceClient(conn).WatchRun(ctx, request)
	}}
	var revision uint64
	over := false
	return newStream(ctx, func(ctx context.Context) (*modelv1.Run, error) {
		for !over {
			message, err := from.receive(ctx)
			if err == io.EOF {
				err = from.lose(ctx, endedIt)
			}
			if err != nil {
				return nil, err
			}
			run := message.GetRun()
			// A node that lags behind the one lost may repeat what was seen.
			if run == nil || run.Revision <= revision {
				continue
			}
			from.fresh()
			revision = run.Revision
			over = run.FinishedAt != nil
			return run, nil
		}
		return nil, io.EOF
	})
}

// Events is a stream of the event log, which knows where it is.
type Events struct {
	*Stream[*logv1.EventEnvelope]
	next uint64
}

// Next waits for the next event. See Stream.
func (e *Events) Next() (*logv1.EventEnvelope, error) { return e.Stream.Next() }

// NextRevision is where a later watch goes on after the events that Next has returned: its FromRevision. It is 0 until
// a watch from now on has learned where that is.
func (e *Events) NextRevision() uint64 { return e.next }

// WatchEvents is the event log from a revision on (0: from now on), each event once and in order, whatever node is lost
// on the way.
func (c *Client) WatchEvents(ctx context.Context, request *apiv1.WatchRequest) *Events {
	request = proto.Clone(request).(*apiv1.WatchRequest)
	events := &Events{next: request.FromRevision}
	from := &source[*apiv1.WatchResponse]{client: c, open: func(ctx context.Context, conn grpc.ClientConnInterface) (receiver[*apiv1.WatchResponse], error) {
		return apiv1.NewEventServiceClient(conn).Watch(ctx, request)
	}}
	var ready []*logv1.EventEnvelope
	// All up to here is in ready, or was.
	var through uint64
	events.Stream = newStream(ctx, func(ctx context.Context) (*logv1.EventEnvelope, error) {
		// Pinned before the watch begins, so that one that is lost at once still knows where it was to start.
		if request.FromRevision == 0 {
			newest, err := c.Revision(ctx)
			if err != nil {
				return nil, err
			}
			request.FromRevision = newest + 1
			events.next = newest + 1
		}
		for {
			for len(ready) > 0 {
				event := ready[0]
				ready = ready[1:]
				if event.Revision >= events.next {
					events.next = event.Revision + 1
					return event, nil
				}
			}
			if through >= events.next {
				events.next = through + 1
			}
			request.FromRevision = events.next
			message, err := from.receive(ctx)
			if err == io.EOF && !request.StopAtEnd {
				err = from.lose(ctx, endedIt)
				if err == nil {
					continue
				}
			}
			if err != nil {
				return nil, err
			}
			ready, through = message.Events, message.Revision
			if through >= events.next {
				from.fresh()
			}
		}
	})
	return events
}

// Revision is the newest revision that is acknowledged.
func (c *Client) Revision(ctx context.Context) (uint64, error) {
	// Of the linearizable reads the smallest.
	request := &apiv1.ListNamespacesRequest{PageSize: 1}
	page, err := read(ctx, c, request, apiv1.NewNamespaceServiceClient, apiv1.NamespaceServiceClient.ListNamespaces)
	if err != nil {
		return 0, err
	}
	return page.GetHeader().GetRevision(), nil
}

// Where output came from.
type output struct {
	task    string
	attempt uint32
	stream  apiv1.LogStream
}

// Logs is the output of a run's tasks, each byte once whatever node is lost on the way.
func (c *Client) Logs(ctx context.Context, request *apiv1.StreamLogsRequest) *Stream[*apiv1.StreamLogsResponse] {
	request = proto.Clone(request).(*apiv1.StreamLogsRequest)
	seen, skip := map[output]int{}, map[output]int{}
	from := &source[*apiv1.StreamLogsResponse]{client: c, open: func(ctx context.Context, conn grpc.ClientConnInterface) (receiver[*apiv1.StreamLogsResponse], error) {
		// It begins at its start again.
		skip = make(map[output]int, len(seen))
		for of, bytes := range seen {
			skip[of] = bytes
		}
		return apiv1.NewRunServiceClient(conn).StreamLogs(ctx, request)
	}}
	return newStream(ctx, func(ctx context.Context) (*apiv1.StreamLogsResponse, error) {
		for {
			record, err := from.receive(ctx)
			if err != nil {
				return nil, err
			}
			of := output{record.Task, record.Attempt, record.Stream}
			known := skip[of]
			if known > len(record.Data) {
				known = len(record.Data)
			}
			skip[of] -= known
			if known == len(record.Data) {
				continue
			}
			from.fresh()
			seen[of] += len(record.Data) - known
			record.Data = record.Data[known:]
			return record, nil
		}
	})
}
