// Drill does what tests/tests/clients.rs asks of it: a word on each line of its input, an object on each of its output.
//
//	drill ADDRESSES PIPELINE
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	client "github.com/clintjedwards/gofer/crates/sdk/go/client"
	apiv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/api/v1"
	logv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/log/v1"
	modelv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/model/v1"
)

type drill struct {
	client   *client.Client
	pipeline *modelv1.PipelineRef
	from     uint64
	unknown  client.RequestID

	mutex    sync.Mutex
	runs     []uint64
	unknowns int
	events   [][2]uint64
	err      error
	stop     chan struct{}
	load     sync.WaitGroup
	watch    *client.Events
	watched  sync.WaitGroup
}

type object map[string]any

func main() {
	c, err := client.Connect(strings.Split(os.Args[1], ","), client.WithUser("go"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	d := &drill{client: c, pipeline: &modelv1.PipelineRef{Namespace: "default", Pipeline: os.Args[2]}}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		answer, err := d.do(lines.Text())
		if err != nil {
			answer = object{"error": err.Error()}
		}
		text, _ := json.Marshal(answer)
		fmt.Println(string(text))
	}
}

func (d *drill) do(word string) (object, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	switch word {
	case "load":
		return d.begin(ctx)
	case "count":
		d.mutex.Lock()
		defer d.mutex.Unlock()
		return object{"runs": len(d.runs)}, d.err
	case "end":
		return d.end(ctx)
	case "subscribed":
		return d.subscribed(ctx)
	case "rejected":
		request := d.start()
		request.Pipeline = &modelv1.PipelineRef{Namespace: "default", Pipeline: "no-such-pipeline"}
		rejected := d.client.StartRun(ctx, request).Rejected
		if rejected == nil {
			return nil, fmt.Errorf("a run of nothing was not refused")
		}
		return object{"reason": rejected.Reason, "help": rejected.Help, "message": rejected.Message, "field": rejected.Field}, nil
	case "unknown":
		d.unknown = client.NewRequestID()
		short, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		outcome := d.client.StartRun(short, d.again()).Unknown
		if outcome == nil {
			return nil, fmt.Errorf("the outcome is known")
		}
		return object{"sent": outcome.Sent, "same": outcome.RequestID == d.unknown}, nil
	case "again":
		value, err := d.client.StartRun(ctx, d.again()).Result()
		if err != nil {
			return nil, err
		}
		return object{"run": value.Run.Run}, nil
	}
	return nil, fmt.Errorf("what is %q?", word)
}

func (d *drill) start() *apiv1.StartRunRequest { return &apiv1.StartRunRequest{Pipeline: d.pipeline} }

func (d *drill) again() *apiv1.StartRunRequest {
	request := d.start()
	request.RequestId = d.unknown[:]
	return request
}

// begin starts runs, each with an id of its own, and watches the log meanwhile.
func (d *drill) begin(ctx context.Context) (object, error) {
	newest, err := d.client.Revision(ctx)
	if err != nil {
		return nil, err
	}
	d.watch = d.client.WatchEvents(context.Background(), &apiv1.WatchRequest{FromRevision: newest + 1})
	d.from, d.stop = newest+1, make(chan struct{})
	d.watched.Add(1)
	go d.follow()
	d.load.Add(1)
	go func() {
		defer d.load.Done()
		for {
			select {
			case <-d.stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
			if err := d.one(); err != nil {
				d.fail(err)
				return
			}
		}
	}()
	return object{}, nil
}

// one starts a run; short tries leave it unknown when the leader is lost, and are repeated with the same id.
func (d *drill) one() error {
	id := client.NewRequestID()
	for try := 0; try < 100; try++ {
		ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
		request := d.start()
		request.RequestId = id[:]
		outcome := d.client.StartRun(ctx, request)
		cancel()
		d.mutex.Lock()
		switch {
		case outcome.Committed != nil:
			d.runs = append(d.runs, outcome.Committed.Value.Run.Run)
			d.mutex.Unlock()
			return nil
		case outcome.Unknown != nil:
			d.unknowns++
		}
		d.mutex.Unlock()
		if outcome.Rejected != nil {
			return outcome.Rejected
		}
	}
	return fmt.Errorf("it stays unknown")
}

func (d *drill) follow() {
	defer d.watched.Done()
	for {
		event, err := d.watch.Next()
		if err == context.Canceled {
			return
		}
		if err != nil {
			d.fail(err)
			return
		}
		d.mutex.Lock()
		d.events = append(d.events, [2]uint64{event.Revision, d.created(event)})
		d.mutex.Unlock()
	}
}

// created is the run of the pipeline that began with the event, or 0.
func (d *drill) created(envelope *logv1.EventEnvelope) uint64 {
	var event logv1.Event
	if err := proto.Unmarshal(envelope.Payload, &event); err != nil {
		d.fail(err)
	}
	run := event.GetRunCreated().GetRun()
	if run.GetPipeline() != d.pipeline.Pipeline {
		return 0
	}
	return run.GetRun()
}

func (d *drill) fail(err error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.err == nil {
		d.err = err
	}
}

// end stops the load, waits until the watch has seen all of it, and tells both.
func (d *drill) end(ctx context.Context) (object, error) {
	close(d.stop)
	d.load.Wait()
	newest, err := d.client.Revision(ctx)
	if err != nil {
		return nil, err
	}
	for {
		d.mutex.Lock()
		count, failed := len(d.events), d.err
		seen := count > 0 && d.events[count-1][0] >= newest
		d.mutex.Unlock()
		if failed != nil || ctx.Err() != nil {
			return nil, fmt.Errorf("the watch has not seen revision %d: %v %v", newest, failed, ctx.Err())
		}
		if seen {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	d.watch.Close()
	d.watched.Wait()
	return object{"runs": d.runs, "unknowns": d.unknowns, "from": d.from, "events": d.events}, d.err
}
