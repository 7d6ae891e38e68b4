package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// While the data are being opened every request gets 503 and the time to try again; then the pages answer; and stopping
// closes what was opened.
func TestServeWhileStarting(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	address, opened, closed, ready := make(chan string, 1), make(chan struct{}), false, make(chan struct{})
	ctx, stop := context.WithCancel(context.Background())
	s := server{
		addr: freePort(t),
		open: func(context.Context) (http.Handler, func() error, error) {
			<-opened
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "here") }),
				func() error { closed = true; return nil }, nil
		},
		ready: func(a string) { address <- a; close(ready) },
	}
	done := make(chan error, 1)
	go func() { done <- s.serve(ctx, d.app("", io.Discard, io.Discard)) }()

	status, body, header := get(t, "http://"+s.addr)
	if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" || !strings.Contains(body, "The system is starting") {
		t.Errorf("while starting: %d %q %v", status, body, header)
	}
	// A kiosk's script reads what it reads of every error, and keeps what it has.
	status, body, header = get(t, "http://"+s.addr+"/kiosk/config")
	var told struct {
		Error struct{ Code, Message string }
	}
	if err := json.Unmarshal([]byte(body), &told); err != nil || told.Error.Code != "unavailable" || told.Error.Message == "" ||
		status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" || !strings.HasPrefix(header.Get("Content-Type"), "application/json") {
		t.Errorf("a kiosk while starting: %d %q %v, %v", status, body, header, err)
	}
	close(opened)
	<-ready
	if status, body, _ := get(t, <-address); status != http.StatusOK || body != "here" {
		t.Errorf("once open: %d %q", status, body)
	}
	stop()
	if err := <-done; err != nil || !closed {
		t.Errorf("stopped with %v, closed %v", err, closed)
	}
}

// The whole program answers, and stops when it is told to.
func TestServe(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.wave()
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	done := make(chan int, 1)
	go func() {
		code := runAt(ctx, []string{"serve", "--addr", "127.0.0.1:0", "--data", d.dir}, d.app("", in, io.Discard))
		_ = in.Close()
		done <- code
	}()
	buf := make([]byte, 512)
	n, err := out.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	_, rest, _ := strings.Cut(string(buf[:n]), "http://")
	address, _, _ := strings.Cut(rest, ",")
	if status, body, _ := get(t, "http://"+address+"/healthz"); status != http.StatusOK {
		t.Errorf("health: %d %q", status, body)
	}
	// A second server is told so; commands work beside the first.
	if r := d.try("", "serve", "--addr", "127.0.0.1:0"); r.code != exitError || !strings.Contains(r.stderr, "Another sipas server answers") {
		t.Errorf("a second server: exit %d: %s", r.code, r.stderr)
	}
	d.must("wave", "list")
	d.must("verify")
	d.must("backup", filepath.Join(d.tmp, "backup.db"))
	stop()
	if code := <-done; code != exitDone {
		t.Errorf("exit %d", code)
	}
	// What was open is closed: the directory can be opened again.
	d.must("wave", "list")
}

// An address that is taken is said so in one sentence.
func TestServeTakenAddress(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	if r := d.try("", "serve", "--addr", "256.0.0.1:80"); r.code != exitError || !strings.Contains(r.stderr, "Choose another with --addr") {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
	if r := d.try("", "serve", "--addr", "127.0.0.1:0", "--trusted-proxy", "everybody"); r.code != exitError || !strings.Contains(r.stderr, "everybody") {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
	if r := d.try("", "serve", "--tls-cert", filepath.Join(d.tmp, "c"), "--tls-key", filepath.Join(d.tmp, "k")); r.code != exitError || !strings.Contains(r.stderr, "certificate") {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
}

// freePort returns a loopback address that nothing listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// get asks until something listens, and returns the first answer.
func get(t *testing.T, url string) (status int, body string, header http.Header) {
	t.Helper()
	for range 500 {
		resp, err := http.Get(url)
		if err != nil {
			time.Sleep(10 * time.Millisecond) // nothing tells when another goroutine listens, short of asking
			continue
		}
		raw, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(raw), resp.Header
	}
	t.Fatalf("nothing answers at %s", url)
	return 0, "", nil
}
