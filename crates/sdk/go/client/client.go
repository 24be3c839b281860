package client

import (
	"context"
	"fmt"
	"math/rand"
	"net"
	"sort"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	// DefaultTimeout is how long a call goes on whose context has no deadline.
	DefaultTimeout = 30 * time.Second
	// Most addresses of one client.
	addressesMax = 64
	// Least time for one node to answer before the next one is asked.
	answerMin = 5 * time.Second
	// Bounds of the pause after all nodes have failed.
	backoffFirst, backoffMax = 100 * time.Millisecond, 2 * time.Second
	// Header with the caller's name, for the record.
	userHeader = "gofer-user"
)

// Client is a cluster as a client sees it. It may be used from several goroutines.
type Client struct {
	nodes   []*node
	at      atomic.Uint64
	timeout time.Duration
	user    string
}

// Option changes how a client works.
type Option func(*Client)

// WithTimeout sets how long a call goes on whose context has no deadline, and for how long a broken stream looks for
// another node.
func WithTimeout(timeout time.Duration) Option { return func(c *Client) { c.timeout = timeout } }

// WithUser names the caller, for the record in the event log. Nobody checks that name.
func WithUser(name string) Option { return func(c *Client) { c.user = name } }

// Connect makes a client of a cluster from addresses of its nodes, HOST:PORT each: best of all of them. Connections are
// made when they are needed, so it succeeds also while no node runs.
func Connect(addresses []string, options ...Option) (*Client, error) {
	c := &Client{timeout: DefaultTimeout}
	for _, option := range options {
		option(c)
	}
	if len(addresses) == 0 || len(addresses) > addressesMax {
		return nil, fmt.Errorf("%d addresses: a client needs 1 to %d, as HOST:PORT", len(addresses), addressesMax)
	}
	if c.timeout <= 0 {
		return nil, fmt.Errorf("a timeout of %v: it must be longer than 0", c.timeout)
	}
	for _, address := range addresses {
		host, port, err := net.SplitHostPort(address)
		if _, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || host == "" || strings.Contains(host, "/") {
			return nil, fmt.Errorf("%q is no address: use HOST:PORT, for example 127.0.0.1:7600", address)
		}
		c.nodes = append(c.nodes, &node{address: address})
	}
	return c, nil
}

// Close gives up all connections. Calls and streams that go on end with errors.
func (c *Client) Close() error {
	var first error
	for _, n := range c.nodes {
		if err := n.close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// Why a call ended without an answer.
type failure struct {
	rejected *Rejected
	// Otherwise no node answered.
	sent  bool
	tried []Failure
}

// call asks until a node answers or refuses, or the time is up.
func call[R any](ctx context.Context, c *Client, ask func(context.Context, grpc.ClientConnInterface) (R, error)) (R, *failure) {
	var none R
	end, ok := ctx.Deadline()
	if !ok {
		end = time.Now().Add(c.timeout)
	}
	ctx, cancel := context.WithDeadline(c.outgoing(ctx), end)
	defer cancel()
	patience := c.patience(time.Until(end))
	sent, tried := false, map[string]string{}
	for turn := 1; ctx.Err() == nil; turn++ {
		index, n := c.next()
		answer, err := func() (R, error) {
			conn, err := n.connect(ctx)
			if err != nil {
				return none, errUnsent{err}
			}
			sent = true
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			return ask(ctx, conn)
		}()
		if err == nil {
			return answer, nil
		}
		if unsent, ok := err.(errUnsent); ok {
			tried[n.address] = unsent.Error()
			if unsent.error == errClosed {
				break
			}
		} else if s := status.Convert(err); !isTransient(s) {
			return none, &failure{rejected: rejected(s)}
		} else {
			tried[n.address] = reason(s)
		}
		c.giveUp(index)
		if turn%len(c.nodes) == 0 {
			sleep(ctx, backoff(turn/len(c.nodes)))
		}
	}
	return none, &failure{sent: sent, tried: sorted(tried)}
}

// A call that certainly reached no node.
type errUnsent struct{ error }

// next is the node to ask.
func (c *Client) next() (uint64, *node) {
	index := c.at.Load()
	return index, c.nodes[index%uint64(len(c.nodes))]
}

// giveUp goes on to the node after that one, unless another call did so already.
func (c *Client) giveUp(index uint64) { c.at.CompareAndSwap(index, index+1) }

// patience is how long a single node may take for its answer.
func (c *Client) patience(left time.Duration) time.Duration {
	third := left / 3
	if third < answerMin {
		third = answerMin
	}
	if len(c.nodes) == 1 || left < third {
		return left
	}
	return third
}

func (c *Client) outgoing(ctx context.Context) context.Context {
	if c.user == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, userHeader, c.user)
}

// backoff is the pause after all nodes have failed for the nth time: exponential, with full jitter, so that many
// clients that lost the same node don't come back at the same moment.
func backoff(n int) time.Duration {
	most := backoffMax
	if n < 6 {
		if grown := backoffFirst << (n - 1); grown < most {
			most = grown
		}
	}
	return time.Duration(rand.Int63n(int64(most) + 1))
}

func sleep(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func sorted(tried map[string]string) []Failure {
	list := make([]Failure, 0, len(tried))
	for address, why := range tried {
		list = append(list, Failure{Address: address, Reason: why})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Address < list[j].Address })
	return list
}
