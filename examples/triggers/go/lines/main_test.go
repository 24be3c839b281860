package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/clintjedwards/gofer/crates/sdk/go/client/trigger/triggertest"
)

func TestEachLineIsToldOfOnce(t *testing.T) {
	cluster := triggertest.Start(t)
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	write := func(text string) {
		if _, err := file.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	next := func(want string) {
		t.Helper()
		var payload struct{ Line string }
		if err := json.Unmarshal(cluster.Next("log").Payload, &payload); err != nil || payload.Line != want {
			t.Fatalf("the line is %q, not %q (%v)", payload.Line, want, err)
		}
	}
	cluster.Subscribe("log", map[string]string{"file": file.Name()})
	ctx, cancel := context.WithCancel(context.Background())
	cluster.Run(ctx, lines{})
	write("one\ntwo\nthr")
	next("one")
	next("two")
	cancel()
	cluster.Run(context.Background(), lines{})
	write("ee\n")
	next("three")
	if taken := cluster.Taken("log"); len(taken) != 3 {
		t.Fatalf("%d lines were taken", len(taken))
	}
}
