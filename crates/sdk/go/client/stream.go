package client

import (
	"context"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
)

// A stream that lived for so long worked.
const worked = 5 * time.Second

// Stream is what comes from the cluster one after the other, over as many nodes as it takes. It is for one goroutine.
type Stream[T any] struct {
	ctx    context.Context
	cancel context.CancelFunc
	// Next item, which opens the stream again where it was when a node is lost.
	next func() (T, error)
	err  error
}

// Next waits for the next item. io.EOF: that was all. Other errors are *Rejected, *Unreachable when no node could go on
// for the client's timeout, or that of the context. After any error the stream has ended.
func (s *Stream[T]) Next() (T, error) {
	var none T
	if s.err != nil {
		return none, s.err
	}
	item, err := s.next()
	if err != nil {
		if s.ctx.Err() != nil {
			err = s.ctx.Err()
		}
		s.err = err
		s.cancel()
		return none, err
	}
	return item, nil
}

// Close ends the stream; it need not be called after an error. It may be called while Next waits.
func (s *Stream[T]) Close() { s.cancel() }

func newStream[T any](ctx context.Context, next func(context.Context) (T, error)) *Stream[T] {
	ctx, cancel := context.WithCancel(ctx)
	return &Stream[T]{ctx: ctx, cancel: cancel, next: func() (T, error) { return next(ctx) }}
}

// What a generated client has for an open stream.
type receiver[M any] interface{ Recv() (M, error) }

// A source of messages that goes on with the next node when one is lost.
type source[M any] struct {
	client *Client
	// Opens the stream where it is to go on.
	open func(context.Context, grpc.ClientConnInterface) (receiver[M], error)

	current receiver[M]
	index   uint64
	address string
	opened  time.Time
	// Since it last worked.
	first time.Time
	lost  int
	tried map[string]string
}

// receive returns the next message, or io.EOF when a node ended the stream. Whether that was the end is the caller's to
// say: if not, it calls lose.
func (s *source[M]) receive(ctx context.Context) (M, error) {
	var none M
	for {
		if s.current == nil {
			if err := s.connect(ctx); err != nil {
				return none, err
			}
		}
		message, err := s.current.Recv()
		if err == nil || err == io.EOF {
			return message, err
		}
		failed := status.Convert(err)
		if !isTransient(failed) {
			return none, rejected(failed)
		}
		if err := s.lose(ctx, reason(failed)); err != nil {
			return none, err
		}
	}
}

// connect opens the stream on the first node that can be reached.
func (s *source[M]) connect(ctx context.Context) error {
	for {
		index, n := s.client.next()
		s.index, s.address, s.opened = index, n.address, time.Now()
		conn, err := n.connect(ctx)
		if err == nil {
			s.current, err = s.open(s.client.outgoing(ctx), conn)
			if err == nil {
				return nil
			}
			s.current = nil
			if failed := status.Convert(err); !isTransient(failed) {
				return rejected(failed)
			}
		} else if err == errClosed {
			return &Unreachable{Tried: []Failure{{Address: n.address, Reason: err.Error()}}}
		}
		if err := s.lose(ctx, err.Error()); err != nil {
			return err
		}
	}
}

// fresh is called when something new came: what is lost from now on is lost for the first time.
func (s *source[M]) fresh() { s.lost = 0 }

// lose turns to the next node. It fails when nothing new has come for as long as the client has patience.
func (s *source[M]) lose(ctx context.Context, why string) error {
	if s.lost == 0 || (s.current != nil && time.Since(s.opened) >= worked) {
		s.first, s.lost, s.tried = time.Now(), 0, map[string]string{}
	}
	s.current = nil
	s.lost++
	s.tried[s.address] = why
	s.client.giveUp(s.index)
	if err := ctx.Err(); err != nil {
		return err
	}
	if time.Since(s.first) >= s.client.timeout {
		return &Unreachable{Tried: sorted(s.tried)}
	}
	if s.lost > 1 {
		sleep(ctx, backoff(1+s.lost/len(s.client.nodes)))
	}
	return nil
}
