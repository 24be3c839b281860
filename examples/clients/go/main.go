package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	client "github.com/clintjedwards/gofer/crates/sdk/go/client"
	apiv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/api/v1"
	modelv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/model/v1"
)

func main() {
	c, err := client.Connect(strings.Split(os.Args[1], ","))
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()

	request := &apiv1.StartRunRequest{Pipeline: &modelv1.PipelineRef{Namespace: "default", Pipeline: "nightly"}}
	var run *modelv1.RunRef
	for run == nil {
		outcome := c.StartRun(ctx, request)
		switch {
		case outcome.Committed != nil:
			run = outcome.Committed.Value.Run
		case outcome.Rejected != nil:
			log.Fatalf("%s: %s (%s)", outcome.Rejected.Reason, outcome.Rejected.Message, outcome.Rejected.Help)
		case ctx.Err() != nil:
			log.Fatal(outcome.Unknown)
		default: // Asked again with the same id, it is started once.
			request.RequestId = outcome.Unknown.RequestID[:]
		}
	}
	for watch := c.WatchRun(ctx, &apiv1.WatchRunRequest{Run: run}); ; {
		state, err := watch.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("run %d: %s\n", run.Run, state.Status)
	}
	for logs := c.Logs(ctx, &apiv1.StreamLogsRequest{Run: run}); ; {
		record, err := logs.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %s", record.Task, record.Data)
	}
}
