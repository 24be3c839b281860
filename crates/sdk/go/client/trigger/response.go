package trigger

import (
	"fmt"
	"net/http"
	"sort"
	"strings"

	pluginv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/plugin/v1"
)

const (
	// Longest body of an answer, in bytes.
	bodyBytesMax = 1 << 20
	// Most headers of an answer, and how many bytes they may have in all.
	headersMax, headersBytesMax = 64, 16 << 10
)

// errBodyTooLong is what Write says when the body has no more room.
var errBodyTooLong = fmt.Errorf("the body of an answer has at most %d bytes", bodyBytesMax)

// The answer of a handler, while it is written.
type responseWriter struct {
	header http.Header
	// 0: nothing is written yet.
	status int
	// The headers as they were when the status was written.
	sent    http.Header
	body    []byte
	tooLong bool
}

func newResponseWriter() *responseWriter { return &responseWriter{header: http.Header{}} }

// Header is the headers that will be sent with the status.
func (w *responseWriter) Header() http.Header { return w.header }

// WriteHeader says which status it is. Only the first one counts.
func (w *responseWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status, w.sent = status, w.header.Clone()
	}
}

// Write goes on with the body, after a status of 200 if there is none yet.
func (w *responseWriter) Write(data []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.status == http.StatusNoContent || w.status == http.StatusNotModified {
		return 0, http.ErrBodyNotAllowed
	}
	if len(w.body)+len(data) > bodyBytesMax {
		w.tooLong = true
		return 0, errBodyTooLong
	}
	w.body = append(w.body, data...)
	return len(data), nil
}

// response is the answer, or why it is not valid.
func (w *responseWriter) response() (*pluginv1.HttpResponse, error) {
	w.WriteHeader(http.StatusOK)
	if w.status < 200 || w.status > 599 {
		return nil, fmt.Errorf("its status is %d, not 200 to 599", w.status)
	}
	if w.tooLong {
		return nil, errBodyTooLong
	}
	// The contract of http.ResponseWriter.
	_, typed := w.sent["Content-Type"]
	if !typed && len(w.body) > 0 && w.sent.Get("Content-Encoding") == "" {
		w.sent.Set("Content-Type", http.DetectContentType(w.body))
	}
	headers, err := headersOf(w.sent)
	if err != nil {
		return nil, err
	}
	return &pluginv1.HttpResponse{Status: uint32(w.status), Headers: headers, Body: w.body}, nil
}

func headersOf(header http.Header) ([]*pluginv1.HttpHeader, error) {
	names := make([]string, 0, len(header))
	for name := range header {
		names = append(names, name)
	}
	sort.Strings(names)
	var headers []*pluginv1.HttpHeader
	bytes := 0
	for _, name := range names {
		lower := strings.ToLower(name)
		if ofTheConnection(lower) {
			continue
		}
		for _, value := range header[name] {
			if !isToken(lower) || !isFieldValue(value) {
				return nil, fmt.Errorf("%q: %q is no header", name, value)
			}
			headers = append(headers, &pluginv1.HttpHeader{Name: lower, Value: []byte(value)})
			bytes += len(lower) + len(value)
		}
	}
	if len(headers) > headersMax || bytes > headersBytesMax {
		return nil, fmt.Errorf(
			"it has %d headers of %d bytes, the limits are %d and %d", len(headers), bytes, headersMax, headersBytesMax)
	}
	return headers, nil
}

// ofTheConnection is whether a header, in lower case, is about one connection only, or what the node itself says.
func ofTheConnection(name string) bool {
	switch name {
	case "connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "content-length":
		return true
	}
	return strings.HasPrefix(name, "proxy-")
}

// isToken: RFC 9110, section 5.6.2.
func isToken(name string) bool {
	for _, char := range []byte(name) {
		letter := 'a' <= char && char <= 'z' || 'A' <= char && char <= 'Z' || '0' <= char && char <= '9'
		if !letter && strings.IndexByte("!#$%&'*+-.^_`|~", char) < 0 {
			return false
		}
	}
	return name != ""
}

// isFieldValue: RFC 9110, section 5.5.
func isFieldValue(value string) bool {
	for _, char := range []byte(value) {
		if char < ' ' && char != '\t' || char == 0x7f {
			return false
		}
	}
	return true
}

// plain is an answer in words.
func plain(status int, text string) *pluginv1.HttpResponse {
	kind := &pluginv1.HttpHeader{Name: "content-type", Value: []byte("text/plain; charset=utf-8")}
	return &pluginv1.HttpResponse{Status: uint32(status), Headers: []*pluginv1.HttpHeader{kind}, Body: []byte(text + "\n")}
}
