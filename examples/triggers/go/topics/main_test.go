package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/clintjedwards/gofer/crates/sdk/go/client/trigger/triggertest"
)

func TestAMessageStartsOneRunOfWhoListens(t *testing.T) {
	cluster := triggertest.Start(t)
	cluster.Subscribe("reader", map[string]string{"topic": "news"})
	cluster.Run(context.Background(), topics{token: "secret"})
	send := func(path, token string, want int) string {
		t.Helper()
		request := httptest.NewRequest(http.MethodPost, path, strings.NewReader("hello"))
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("X-Delivery", "1")
		response := cluster.HTTP(request)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != want {
			t.Fatalf("%s is answered with %d: %s (%v)", path, response.StatusCode, body, err)
		}
		return string(body)
	}
	send("/news", "another", http.StatusUnauthorized)
	send("/sport", "secret", http.StatusNotFound)
	for i := 0; i < 2; i++ {
		if told := send("/news", "secret", http.StatusAccepted); told != "default/test/reader: run 1\n" {
			t.Fatalf("it is told %q", told)
		}
	}
	if taken := cluster.Taken("reader"); len(taken) != 1 {
		t.Fatalf("%d messages were taken", len(taken))
	}
}
