package client

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
)

// Outcome is what a caller can know of a write: exactly one of its fields is set.
type Outcome[T any] struct {
	// Committed: the change was made, and is not lost again.
	Committed *Committed[T]
	// Rejected: the change was not made, and asking again with the same request id does not make it.
	Rejected *Rejected
	// Unknown: the change may or may not have been made; asking again with the same request id tells.
	Unknown *Unknown
}

// Result is the outcome as a value and an error, which is *Rejected or *Unknown.
func (o Outcome[T]) Result() (T, error) {
	var none T
	switch {
	case o.Committed != nil:
		return o.Committed.Value, nil
	case o.Rejected != nil:
		return none, o.Rejected
	case o.Unknown != nil:
		return none, o.Unknown
	}
	return none, fmt.Errorf("an empty outcome: it did not come from a call")
}

// Committed is a change that was made.
type Committed[T any] struct {
	// The node's answer.
	Value T
	// Of the last event of the change.
	Revision uint64
}

// Rejected is a refusal by the cluster, of a write or of a read.
type Rejected struct {
	Code codes.Code
	// One of those in docs/errors, or of a node's own, such as REVISION_TOO_NEW.
	Reason string
	// What happened, and why.
	Message string
	// What to do; may be empty.
	Help string
	// Path of the field at fault; may be empty.
	Field string
	// All faults of the request.
	Violations []Violation
	// Whatever else the node says, such as first_available for events that are in the archive.
	Metadata map[string]string
}

// Violation is one fault of a request.
type Violation struct {
	Field, Description string
}

func (r *Rejected) Error() string {
	text := r.Message
	if r.Reason != "" {
		text = r.Reason + ": " + text
	}
	if r.Help != "" {
		text += " (" + r.Help + ")"
	}
	return text
}

// Unknown is a write whose answer was lost, or never came.
type Unknown struct {
	// To be sent with the same request again.
	RequestID RequestID
	// Whether a node may have got the request. If not, nothing was changed.
	Sent bool
	// How each node failed last.
	Tried []Failure
}

func (u *Unknown) Error() string {
	if !u.Sent {
		return "no node could be reached, nothing was changed: " + failures(u.Tried)
	}
	return fmt.Sprintf("it is unknown whether the change was made: %s (ask again with request id %s)",
		failures(u.Tried), u.RequestID)
}

// Unreachable is a read that no node answered in time.
type Unreachable struct {
	// How each node failed last.
	Tried []Failure
}

func (u *Unreachable) Error() string {
	return "no node could answer: " + failures(u.Tried)
}

// Failure is a node that did not answer, and why.
type Failure struct {
	Address, Reason string
}

func failures(tried []Failure) string {
	if len(tried) == 0 {
		return "the time was up"
	}
	texts := make([]string, 0, len(tried))
	for _, one := range tried {
		texts = append(texts, one.Address+": "+one.Reason)
	}
	return strings.Join(texts, "; ")
}

// RequestID names a write, so that it is made once however often it is sent.
type RequestID [16]byte

// NewRequestID draws an id.
func NewRequestID() RequestID {
	var id RequestID
	if _, err := rand.Read(id[:]); err != nil {
		panic("the system has no random numbers: " + err.Error())
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}

// ParseRequestID reads what String has written.
func ParseRequestID(text string) (RequestID, error) {
	var id RequestID
	digits := strings.ReplaceAll(text, "-", "")
	if len(digits) != 2*len(id) {
		return id, fmt.Errorf("%q is no request id: it needs 32 hexadecimal digits", text)
	}
	if _, err := hex.Decode(id[:], []byte(digits)); err != nil {
		return id, fmt.Errorf("%q is no request id: %w", text, err)
	}
	return id, nil
}

func (id RequestID) String() string {
	d := hex.EncodeToString(id[:])
	return strings.Join([]string{d[:8], d[8:12], d[12:16], d[16:20], d[20:]}, "-")
}
