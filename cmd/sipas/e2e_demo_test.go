package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"sipas/survey"
)

// demoServer is a running demonstration.
type demoServer struct {
	base, token, wave string
	names, passwords  map[string]string
}

// sharedDemo is one demonstration for all tests that only look. stopDemo ends it.
var (
	demoOnce sync.Once
	demoRun  struct {
		server *demoServer
		failed string
		stop   func()
	}
)

func startDemo(t *testing.T) *demoServer {
	t.Helper()
	demoOnce.Do(func() {
		dir, err := os.MkdirTemp("", "sipas-test-")
		if err != nil {
			demoRun.failed = err.Error()
			return
		}
		ctx, cancel := context.WithCancel(context.Background())
		r, w := io.Pipe()
		var stderr bytes.Buffer
		done := make(chan struct{})
		go func() {
			defer close(done)
			run(ctx, []string{"demo", "--addr", "127.0.0.1:0", "--data", dir}, strings.NewReader(""), w, &stderr, noEnv)
			_ = w.Close()
		}()
		demoRun.stop = func() { cancel(); <-done; _ = os.RemoveAll(dir) }
		printed, err := readUntil(r, "/repair")
		if err != nil {
			demoRun.failed = err.Error() + "\n" + printed + stderr.String()
			return
		}
		d := &demoServer{wave: string(demoWaveID), names: map[string]string{}, passwords: map[string]string{}}
		d.base = string(addressPattern.FindString(printed))
		if m := regexp.MustCompile(`/s/([0-9a-z]{26})`).FindStringSubmatch(printed); m != nil {
			d.token = m[1]
		}
		for _, role := range survey.Roles() {
			d.names[string(role)], d.passwords[string(role)] = string(role), demoPassword
		}
		demoRun.server = d
	})
	if demoRun.server == nil {
		t.Fatalf("the demonstration did not start: %s", demoRun.failed)
	}
	return demoRun.server
}

func stopDemo() {
	if demoRun.stop != nil {
		demoRun.stop()
	}
}

// readUntil reads until a text has gone by, and then drains the rest in the background.
func readUntil(r io.Reader, text string) (string, error) {
	var seen []byte
	buf := make([]byte, 512)
	for {
		n, err := r.Read(buf)
		seen = append(seen, buf[:n]...)
		if bytes.Contains(seen, []byte(text)) {
			go func() { _, _ = io.Copy(io.Discard, r) }()
			return string(seen), nil
		}
		if err != nil {
			return string(seen), err
		}
	}
}
