package main

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sipas/survey"
)

func TestArrivalsComeFromTheSeedAndHaveTheirRate(t *testing.T) {
	a, b, c := arrivals(5000, 50_000, 1), arrivals(5000, 50_000, 1), arrivals(5000, 50_000, 2)
	same := true
	for i := range a {
		if a[i] != b[i] {
			t.Fatal("the same seed gave other moments")
		}
		same = same && a[i] == c[i]
		if i > 0 && a[i] < a[i-1] {
			t.Fatal("the moments are not in order")
		}
	}
	if same {
		t.Error("another seed gave the same moments")
	}
	// 50,000 arrivals take 10 s with a standard deviation of 45 ms.
	if last := a[len(a)-1]; last < 9800*time.Millisecond || last > 10200*time.Millisecond {
		t.Errorf("50,000 arrivals at 5,000 a second take %v", last)
	}
}

func TestQuantile(t *testing.T) {
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(i+1))
	}
	for _, c := range []struct {
		p    float64
		want time.Duration
	}{{0.5, 50}, {0.95, 95}, {0.99, 99}, {1, 100}, {0, 1}} {
		if got := quantile(hundred, c.p); got != c.want {
			t.Errorf("quantile %v is %v, want %v", c.p, got, c.want)
		}
	}
	if quantile(nil, 0.5) != 0 {
		t.Error("nothing has a quantile")
	}
}

func request(address, body string) []byte {
	return post(address, "/answers", "", []byte(body))
}

// A server that stands still for a moment makes all who come meanwhile wait, not only those who are on a connection: that is
// what an open loop sees and a closed one hides.
func TestLatencyCountsFromTheIntendedMoment(t *testing.T) {
	const n, rate, stall = 400, 1000, 300 * time.Millisecond
	var seen atomic.Int64
	gate := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if seen.Add(1) == 50 {
			time.AfterFunc(stall, func() { close(gate) })
		}
		if seen.Load() >= 50 {
			<-gate
		}
		if r.Header.Get("Cookie") != "" {
			w.WriteHeader(http.StatusTeapot)
		}
		_, _ = io.WriteString(w, `{"outcome":"stored"}`)
	}))
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	due := make([]time.Duration, n)
	requests := make([][]byte, n)
	for i := range due {
		due[i] = time.Duration(i) * time.Second / rate
		requests[i] = request(address, "x")
	}
	o, err := offer(address, requests, due, 4)
	if err != nil {
		t.Fatal(err)
	}
	if o.lost != nil || o.statuses()[200] != n {
		t.Fatalf("statuses %v, %v", o.statuses(), o.lost)
	}
	for _, r := range o.replies {
		if !r.stored {
			t.Fatal("what the server said of an answer was not read")
		}
	}
	// About 300 of the 400 came while it stood, so half of all waited long; a closed loop of four connections would see four.
	if median := quantile(o.latencies(), 0.5); median < stall/4 {
		t.Errorf("the median is %v with a standstill of %v", median, stall)
	}
}

func TestFailuresAreCounted(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	address := listener.Addr().String()
	o, err := offer(address, [][]byte{request(address, "x"), request(address, "y")}, []time.Duration{0, time.Millisecond}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if o.statuses()[0] != 2 || o.lost == nil || len(o.latencies()) != 0 {
		t.Errorf("%v, %v", o.statuses(), o.lost)
	}

	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer refusing.Close()
	address = strings.TrimPrefix(refusing.URL, "http://")
	o, err = offer(address, [][]byte{request(address, "x")}, []time.Duration{0}, 1)
	if err != nil || o.statuses()[503] != 1 || len(o.latencies()) != 0 {
		t.Errorf("%v, %v", o.statuses(), err)
	}
}

// The answers of a kiosk lie apart and within opening hours, as citizens' do, whenever the benchmark runs.
func TestBacklogIsPlausible(t *testing.T) {
	src := rand.New(rand.NewPCG(1, 1))
	opening := survey.DefaultGaming().Opening
	for hour := range 24 * 9 {
		now := time.Date(2026, 2, 26, 0, 30, 0, 0, survey.Zone).Add(time.Duration(hour) * time.Hour)
		last := now.AddDate(0, 0, -29)
		for n := range 4000 {
			at := given(n, now, src)
			if !at.After(last.Add(time.Minute-time.Second)) || !at.Before(now) || !opening.Open(at) {
				t.Fatalf("as of %v answer %d was given at %v, the one before it at %v", now, n, at, last)
			}
			last = at
		}
	}
}

// What a server holds is held against what it acknowledged.
func TestHolding(t *testing.T) {
	replies := []reply{{status: 200}, {status: 503}, {status: 0}, {status: 0}}
	for _, c := range []struct {
		name string
		held []bool
		rows int
		also error
		ok   bool
	}{
		{"all", []bool{true, false, false, false}, 1, nil, true},
		{"one that got no answer", []bool{true, false, true, false}, 2, nil, true},
		{"an acknowledged one is lost", []bool{false, false, false, false}, 0, nil, false},
		{"twice", []bool{true, false, false, false}, 2, nil, false},
		{"a refused one", []bool{true, true, false, false}, 2, nil, false},
		{"the counts differ", []bool{true, false, false, false}, 1, errors.New("cells"), false},
	} {
		h := &holding{rows: c.rows, has: func(i int) bool { return c.held[i] }, also: c.also}
		if err := h.against(replies); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// Everything runs once, on a small scale: the program and the same with one row per sync keep what they acknowledge, and the table says so.
func TestMeasuring(t *testing.T) {
	if testing.Short() {
		t.Skip("left out: it builds the program")
	}
	t.Chdir("../..")
	b := &bench{dir: t.TempDir(), seconds: 0.5, connections: 16, seed: 1, warmUp: 50}
	r, err := b.all(t.Context(), []int{200}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.rows) != 1 || r.rows[0].acked != 100 || r.rows[0].fault != nil {
		t.Errorf("%+v", r.rows)
	}
	table := r.table(time.Now())
	for _, want := range []string{"| sipas | 200 |", "exactly the acknowledged answers", "256 savers"} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q\n%s", want, table)
		}
	}
	if strings.Contains(table, "BUT") || strings.Contains(table, "NaN") {
		t.Error(table)
	}
}
