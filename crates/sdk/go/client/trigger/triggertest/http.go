package triggertest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sort"
	"strings"
	"time"

	pluginv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/plugin/v1"
)

const (
	// How long a plug-in may take to answer a request.
	answerTime = 30 * time.Second
	// Most requests that a stream has open.
	openMax = 64
	// Longest body of a request and of an answer, in bytes.
	bodyBytesMax = 1 << 20
	// Most headers of a request, in bytes.
	askedBytesMax = 32 << 10
	// Most headers of an answer, and how many bytes they may have in all.
	headersMax, headersBytesMax = 64, 16 << 10
)

// HTTP hands a request to the plug-in, as a node does, and waits for the answer: the path of its URL is what follows
// /v1/plugins/TRIGGER. It waits for a plug-in to be connected that takes requests; the test fails when none is.
//
// What a node answers itself, this does: 503 when the stream has ended before the answer came, or too many requests are open,
// 504 when there was no answer in time, 502 when it was not valid, 413 when the request is too large.
func (c *Cluster) HTTP(request *http.Request) *http.Response {
	c.t.Helper()
	wire, err := told(request)
	if err != nil {
		return refused(request, http.StatusRequestEntityTooLarge, err.Error())
	}
	stream, ok := c.answering()
	if !ok {
		c.t.Errorf("no plug-in that takes requests was connected within %v", patience)
		return refused(request, http.StatusServiceUnavailable, "no plug-in that takes requests is connected")
	}
	answers, ok := stream.ask(wire)
	if !ok {
		return refused(request, http.StatusServiceUnavailable, "the plug-in has more requests than it answers")
	}
	ctx, cancel := context.WithTimeout(request.Context(), answerTime)
	defer cancel()
	select {
	case answer, ok := <-answers:
		if !ok {
			return refused(request, http.StatusServiceUnavailable, "the plug-in has gone, and may have seen the request")
		}
		if err := check(answer); err != nil {
			return refused(request, http.StatusBadGateway, "the plug-in's answer is not valid: "+err.Error())
		}
		return response(request, answer)
	case <-ctx.Done():
		stream.forget(wire.Id)
		return refused(request, http.StatusGatewayTimeout, "the plug-in did not answer in time")
	}
}

// answering waits for a stream whose plug-in takes requests.
func (c *Cluster) answering() (*stream, bool) {
	end := time.Now().Add(patience)
	timer := time.AfterFunc(patience, c.changed.Broadcast)
	defer timer.Stop()
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for {
		for _, stream := range c.streams {
			if stream.takesHTTP {
				return stream, true
			}
		}
		if time.Now().After(end) {
			return nil, false
		}
		c.changed.Wait()
	}
}

// ask has a request handed over; its answer comes unless the stream ends before. False if too many are open.
func (s *stream) ask(request *pluginv1.HttpRequest) (<-chan *pluginv1.HttpResponse, bool) {
	s.cluster.mutex.Lock()
	defer s.cluster.mutex.Unlock()
	answers := make(chan *pluginv1.HttpResponse, 1)
	switch {
	case s.open == nil:
		close(answers)
		return answers, true
	case len(s.open) >= openMax:
		return nil, false
	}
	s.last++
	request.Id = s.last
	s.open[request.Id] = answers
	s.asked = append(s.asked, request)
	s.cluster.changed.Broadcast()
	return answers, true
}

func (s *stream) forget(id uint64) {
	s.cluster.mutex.Lock()
	defer s.cluster.mutex.Unlock()
	delete(s.open, id)
}

// answered: an answer that nobody waits for any more goes nowhere.
func (s *stream) answered(response *pluginv1.HttpResponse) {
	s.cluster.mutex.Lock()
	defer s.cluster.mutex.Unlock()
	if answers := s.open[response.Id]; answers != nil {
		delete(s.open, response.Id)
		answers <- response
	}
}

// told is a request as plug-ins are told of it.
func told(request *http.Request) (*pluginv1.HttpRequest, error) {
	wire := &pluginv1.HttpRequest{Method: request.Method, Path: request.URL.EscapedPath(), Query: request.URL.RawQuery}
	if wire.Method == "" {
		wire.Method = http.MethodGet
	}
	if request.Body != nil {
		body, err := io.ReadAll(io.LimitReader(request.Body, bodyBytesMax+1))
		if err != nil {
			return nil, fmt.Errorf("the body can't be read: %w", err)
		}
		if len(body) > bodyBytesMax {
			return nil, fmt.Errorf("the body has more than %d bytes", bodyBytesMax)
		}
		wire.Body = body
	}
	add := func(name, value string) {
		if name = strings.ToLower(name); !ofTheConnection(name) {
			wire.Headers = append(wire.Headers, &pluginv1.HttpHeader{Name: name, Value: []byte(value)})
		}
	}
	host := request.Host
	if host == "" {
		host = request.URL.Host
	}
	if host != "" {
		add("host", host)
	}
	names := make([]string, 0, len(request.Header))
	for name := range request.Header {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		for _, value := range request.Header[name] {
			add(name, value)
		}
	}
	if _, bytes := size(wire.Headers); bytes > askedBytesMax {
		return nil, fmt.Errorf("the headers have %d bytes, the limit is %d", bytes, askedBytesMax)
	}
	return wire, nil
}

// check is what a node checks.
func check(answer *pluginv1.HttpResponse) error {
	if answer.Status < 200 || answer.Status > 599 {
		return fmt.Errorf("its status %d is not 200 to 599", answer.Status)
	}
	if len(answer.Body) > bodyBytesMax {
		return fmt.Errorf("its body has %d bytes, the limit is %d", len(answer.Body), bodyBytesMax)
	}
	if count, bytes := size(answer.Headers); count > headersMax || bytes > headersBytesMax {
		return fmt.Errorf("it has %d headers of %d bytes, the limits are %d and %d", count, bytes, headersMax, headersBytesMax)
	}
	for _, header := range answer.Headers {
		bad := func(char rune) bool {
			return char <= ' ' || char >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, char)
		}
		if header.Name == "" || strings.IndexFunc(header.Name, bad) >= 0 || bytes.ContainsAny(header.Value, "\r\n\x00") {
			return fmt.Errorf("%q: %q is no header", header.Name, header.Value)
		}
	}
	return nil
}

func size(headers []*pluginv1.HttpHeader) (count, bytes int) {
	for _, header := range headers {
		bytes += len(header.Name) + len(header.Value)
	}
	return len(headers), bytes
}

func ofTheConnection(name string) bool {
	switch name {
	case "connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade":
		return true
	}
	return strings.HasPrefix(name, "proxy-")
}

func response(request *http.Request, answer *pluginv1.HttpResponse) *http.Response {
	header := http.Header{}
	for _, one := range answer.Headers {
		if name := strings.ToLower(one.Name); !ofTheConnection(name) && name != "content-length" {
			header.Add(one.Name, string(one.Value))
		}
	}
	body := answer.Body
	if request.Method == http.MethodHead {
		body = nil
	}
	status := int(answer.Status)
	return &http.Response{
		Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: request,
	}
}

// refused is what a node answers itself.
func refused(request *http.Request, status int, why string) *http.Response {
	return response(request, &pluginv1.HttpResponse{Status: uint32(status), Body: []byte(why + "\n")})
}
