package client

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

const (
	// Largest answer that is read, in bytes.
	answerBytesMax = 64 << 20
	// Longest wait for a connection.
	connectMax = 3 * time.Second
	// A node that answers no ping for this long is given up, which is how a watch notices one that hangs.
	keepaliveEvery, keepaliveTimeout = 10 * time.Second, 5 * time.Second
)

var errClosed = errors.New("the client is closed")

// A node with the connection to it, if there is one.
type node struct {
	address string

	mutex  sync.Mutex
	conn   *grpc.ClientConn
	dialed error
	closed bool
}

// connect returns a connection over which calls can be sent now.
func (n *node) connect(ctx context.Context) (*grpc.ClientConn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectMax)
	defer cancel()
	conn, err := n.current()
	if err != nil {
		return nil, err
	}
	for {
		state := conn.GetState()
		switch state {
		case connectivity.Ready:
			return conn, nil
		case connectivity.Idle:
			conn.Connect()
		case connectivity.TransientFailure, connectivity.Shutdown:
			return nil, n.drop(conn)
		}
		if !conn.WaitForStateChange(ctx, state) {
			n.drop(conn)
			return nil, errors.New("no connection in time")
		}
	}
}

func (n *node) current() (*grpc.ClientConn, error) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	if n.closed {
		return nil, errClosed
	}
	// One that failed would wait before its next try; a new one tries at once.
	if n.conn != nil && n.conn.GetState() == connectivity.TransientFailure {
		n.conn.Close()
		n.conn = nil
	}
	if n.conn == nil {
		conn, err := grpc.NewClient("passthrough:///"+n.address,
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithContextDialer(n.dial),
			// Tries are ours to make: they go to other nodes.
			grpc.WithDisableRetry(),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(answerBytesMax)),
			grpc.WithKeepaliveParams(keepalive.ClientParameters{
				Time: keepaliveEvery, Timeout: keepaliveTimeout, PermitWithoutStream: true,
			}))
		if err != nil {
			return nil, err
		}
		n.conn = conn
	}
	return n.conn, nil
}

// dial remembers why it failed, which the state of a connection does not tell.
func (n *node) dial(ctx context.Context, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	n.mutex.Lock()
	n.dialed = err
	n.mutex.Unlock()
	return conn, err
}

// drop closes a connection that could not be made, and says why it couldn't.
func (n *node) drop(conn *grpc.ClientConn) error {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	conn.Close()
	if n.conn == conn {
		n.conn = nil
	}
	if n.dialed != nil {
		return n.dialed
	}
	return errors.New("no connection")
}

func (n *node) close() error {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.closed = true
	if n.conn == nil {
		return nil
	}
	err := n.conn.Close()
	n.conn = nil
	return err
}
