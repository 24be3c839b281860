// Tells of each line that is appended to a file. The cursor is how many bytes of the file were told of, so no line is lost or
// told of twice, whatever dies when.
//
//	gofer trigger install lines > token
//	GOFER_TRIGGER=lines GOFER_PLUGIN_TOKEN_FILE=token go run ./lines
package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/clintjedwards/gofer/crates/sdk/go/client/trigger"
)

const (
	// Most lines that are told of at once.
	batch = 100
	// Pause when there are no more.
	pause = 500 * time.Millisecond
)

type lines struct{}

func (lines) Describe() trigger.Description {
	return trigger.Description{Version: "1.0", Settings: []trigger.Setting{
		{Name: "file", Required: true, Description: "path of the file"},
	}}
}

func (lines) Watch(ctx context.Context, subscription *trigger.Subscription) error {
	for {
		var at int64
		if cursor := subscription.Cursor(); cursor != nil {
			var err error
			if at, err = strconv.ParseInt(string(cursor), 10, 64); err != nil {
				return err
			}
		}
		events, next, err := read(subscription.Settings["file"], at)
		if err != nil {
			return err
		}
		if len(events) > 0 {
			if _, err := subscription.SendAll(events, []byte(strconv.FormatInt(next, 10))); err != nil {
				return err
			}
			continue
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// read returns the whole lines of a file from a place on, and the place after them.
func read(path string, at int64) (events []trigger.Event, next int64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, at, err
	}
	defer file.Close()
	if _, err := file.Seek(at, io.SeekStart); err != nil {
		return nil, at, err
	}
	reader := bufio.NewReader(file)
	for len(events) < batch {
		line, err := reader.ReadString('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, at, err
		}
		payload := map[string]any{"line": strings.TrimSuffix(line, "\n"), "offset": at}
		events = append(events, trigger.Event{Key: strconv.FormatInt(at, 10), Kind: "line", Payload: payload})
		at += int64(len(line))
	}
	return events, at, nil
}

func main() {
	plugin, err := trigger.FromEnv(lines{})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := plugin.Run(ctx); ctx.Err() == nil {
		log.Fatal(err)
	}
}
