package client

import (
	"context"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	apiv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/api/v1"
)

// What the answer to every write has.
type headed interface{ GetHeader() *apiv1.ResponseHeader }

// What the request of every write has.
type identified interface {
	proto.Message
	GetRequestId() []byte
}

// service makes the generated client of a service.
type service[S any] func(grpc.ClientConnInterface) S

// method is one of its calls.
type method[S, Q, R any] func(S, context.Context, Q, ...grpc.CallOption) (R, error)

// write sends a change until its outcome is known or the time is up, always with the same request id.
func write[S any, Q identified, R headed](
	ctx context.Context, c *Client, request Q, service service[S], method method[S, Q, R],
) Outcome[R] {
	id := NewRequestID()
	if given := request.GetRequestId(); len(given) > 0 {
		if len(given) != len(id) {
			return Outcome[R]{Rejected: wrongID(len(given))}
		}
		copy(id[:], given)
	}
	// The caller's message stays as it is.
	request = proto.Clone(request).(Q)
	set(request, "request_id", protoreflect.ValueOfBytes(id[:]))
	answer, failed := call(ctx, c, func(ctx context.Context, conn grpc.ClientConnInterface) (R, error) {
		return method(service(conn), ctx, request)
	})
	switch {
	case failed == nil:
		return Outcome[R]{Committed: &Committed[R]{Value: answer, Revision: answer.GetHeader().GetRevision()}}
	case failed.rejected != nil:
		return Outcome[R]{Rejected: failed.rejected}
	}
	return Outcome[R]{Unknown: &Unknown{RequestID: id, Sent: failed.sent, Tried: failed.tried}}
}

func wrongID(length int) *Rejected {
	return &Rejected{
		Code:    codes.InvalidArgument,
		Reason:  "INVALID_ARGUMENT",
		Message: fmt.Sprintf("a request id of %d bytes: it has 16", length),
		Help:    "use NewRequestID, or leave it out",
		Field:   "request_id",
	}
}

// read asks until a node answers or the time is up. The error is *Rejected or *Unreachable.
func read[S any, Q proto.Message, R any](
	ctx context.Context, c *Client, request Q, service service[S], method method[S, Q, R],
) (R, error) {
	answer, failed := call(ctx, c, func(ctx context.Context, conn grpc.ClientConnInterface) (R, error) {
		return method(service(conn), ctx, request)
	})
	switch {
	case failed == nil:
		return answer, nil
	case failed.rejected != nil:
		return answer, failed.rejected
	}
	return answer, &Unreachable{Tried: failed.tried}
}

func set(message proto.Message, name protoreflect.Name, value protoreflect.Value) {
	reflected := message.ProtoReflect()
	reflected.Set(reflected.Descriptor().Fields().ByName(name), value)
}

// What the answer to every list has.
type paged interface{ GetNextPageToken() string }

// Pages is a list that is fetched page by page, as it is read.
type Pages[T any] struct {
	fetch func(token string) ([]T, string, error)
	items []T
	token string
	last  bool
}

// Next is the next item, or io.EOF after the last one. Other errors are *Rejected or *Unreachable; after one of them,
// Next tries again.
func (p *Pages[T]) Next() (T, error) {
	var none T
	for len(p.items) == 0 {
		if p.last {
			return none, io.EOF
		}
		items, token, err := p.fetch(p.token)
		if err != nil {
			return none, err
		}
		p.items, p.token, p.last = items, token, token == ""
	}
	item := p.items[0]
	p.items = p.items[1:]
	return item, nil
}

// Take is the next items, as many as there are but at most so many.
func (p *Pages[T]) Take(most int) ([]T, error) {
	var items []T
	for len(items) < most {
		item, err := p.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return items, err
		}
		items = append(items, item)
	}
	return items, nil
}

func pages[S, T any, Q proto.Message, R paged](
	ctx context.Context, c *Client, request Q, service service[S], method method[S, Q, R], items func(R) []T,
) *Pages[T] {
	request = proto.Clone(request).(Q)
	return &Pages[T]{fetch: func(token string) ([]T, string, error) {
		if token != "" {
			set(request, "page_token", protoreflect.ValueOfString(token))
		}
		page, err := read(ctx, c, request, service, method)
		if err != nil {
			return nil, "", err
		}
		return items(page), page.GetNextPageToken(), nil
	}}
}
