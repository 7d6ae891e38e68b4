package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// arrivals are the moments at which a stream of citizens of a given rate answers: a Poisson process, the same for the same seed.
func arrivals(rate float64, n int, seed uint64) []time.Duration {
	src := rand.New(rand.NewPCG(seed, 0))
	due := make([]time.Duration, n)
	at := 0.0
	for i := range due {
		at += src.ExpFloat64() / rate
		due[i] = time.Duration(at * float64(time.Second))
	}
	return due
}

// reply is what came of one request. Status is 0 where no whole answer came.
type reply struct {
	status  int
	stored  bool          // the server said that it was new
	late    time.Duration // from the intended moment to the sending
	latency time.Duration // from the intended moment to the last byte of the answer
}

// offered is what came of all of them.
type offered struct {
	replies []reply
	took    time.Duration // to the last answer
	lost    error         // the first failure of a connection
}

// grace is how long answers are waited for after the last request was due.
const grace = 10 * time.Second

// offer sends each request at its moment, whether or not earlier ones are answered: an open loop. When all connections wait for
// an answer, the request waits for one of them, and its waiting counts. Each connection is kept alive and carries one
// request at a time.
func offer(address string, requests [][]byte, due []time.Duration, connections int) (*offered, error) {
	o := &offered{replies: make([]reply, len(requests))}
	senders := make([]*sender, connections)
	for i := range senders {
		c, err := net.Dial("tcp", address)
		if err != nil {
			return nil, err
		}
		senders[i] = &sender{address: address, conn: c, buffer: make([]byte, 8<<10)}
	}
	work := make(chan int, len(requests)) // never full, so that the clock below never waits
	var wg sync.WaitGroup
	var mu sync.Mutex
	start := time.Now()
	over := start.Add(due[len(due)-1] + grace)
	for _, s := range senders {
		// One deadline for all requests of a connection: renewing it for each would cost more than the request.
		s.over = over
		_ = s.conn.SetDeadline(over)
		wg.Go(func() {
			defer func() { _ = s.conn.Close() }()
			for i := range work {
				r := &o.replies[i]
				if time.Now().After(over) {
					continue
				}
				r.late = time.Since(start) - due[i]
				var err error
				r.status, r.stored, err = s.exchange(requests[i])
				r.latency = time.Since(start) - due[i]
				if err != nil {
					r.status = 0
					mu.Lock()
					o.lost = cmpError(o.lost, err)
					mu.Unlock()
				}
			}
		})
	}
	for i, at := range due {
		if wait := at - time.Since(start); wait > 0 {
			time.Sleep(wait)
		}
		work <- i
	}
	close(work)
	wg.Wait()
	for i, r := range o.replies {
		if r.status != 0 {
			o.took = max(o.took, due[i]+r.latency)
		}
	}
	return o, nil
}

func cmpError(first, next error) error {
	if first != nil {
		return first
	}
	return next
}

// sender is one connection.
type sender struct {
	address string
	conn    net.Conn
	buffer  []byte
	over    time.Time
}

// exchange sends a request and reads its answer, which must name its length. After a failure the connection is made anew.
func (s *sender) exchange(request []byte) (status int, stored bool, err error) {
	status, stored, again, err := s.roundTrip(request)
	if err != nil || !again {
		_ = s.conn.Close()
		if c, dialled := net.Dial("tcp", s.address); dialled == nil {
			s.conn = c
			_ = c.SetDeadline(s.over)
		}
	}
	return status, stored, err
}

var (
	endOfHeader = []byte("\r\n\r\n")
	lengthField = []byte("\r\nContent-Length: ")
	closeField  = []byte("\r\nConnection: close")
	storedWord  = []byte(`"stored"`)
)

func (s *sender) roundTrip(request []byte) (status int, stored, again bool, err error) {
	if _, err := s.conn.Write(request); err != nil {
		return 0, false, false, err
	}
	n, body, length := 0, -1, 0
	for body < 0 || n < body+length {
		if n == len(s.buffer) {
			return 0, false, false, errors.New("an answer is longer than the buffer")
		}
		m, err := s.conn.Read(s.buffer[n:])
		n += m
		if err != nil {
			return 0, false, false, err
		}
		if body >= 0 {
			continue
		}
		i := bytes.Index(s.buffer[:n], endOfHeader)
		if i < 0 {
			continue
		}
		body = i + len(endOfHeader)
		if length, err = contentLength(s.buffer[:body]); err != nil {
			return 0, false, false, err
		}
	}
	head := s.buffer[:body]
	if len(head) < len("HTTP/1.1 200") {
		return 0, false, false, fmt.Errorf("the answer begins with %q", head)
	}
	status, err = strconv.Atoi(string(head[9:12]))
	return status, bytes.Contains(s.buffer[body:n], storedWord), !bytes.Contains(head, closeField), err
}

func contentLength(head []byte) (int, error) {
	i := bytes.Index(head, lengthField)
	if i < 0 {
		return 0, fmt.Errorf("the answer names no length: %q", head)
	}
	digits := head[i+len(lengthField):]
	return strconv.Atoi(string(digits[:bytes.IndexByte(digits, '\r')]))
}

// latencies are the waiting times of the acknowledged requests, sorted.
func (o *offered) latencies() []time.Duration {
	var all []time.Duration
	for _, r := range o.replies {
		if r.status == 200 {
			all = append(all, r.latency)
		}
	}
	slices.Sort(all)
	return all
}

// lateness is how far behind the clock the generator itself sent, sorted.
func (o *offered) lateness() []time.Duration {
	all := make([]time.Duration, len(o.replies))
	for i, r := range o.replies {
		all[i] = r.late
	}
	slices.Sort(all)
	return all
}

// statuses counts the answers by status.
func (o *offered) statuses() map[int]int {
	n := map[int]int{}
	for _, r := range o.replies {
		n[r.status]++
	}
	return n
}

// quantile is the smallest value that at least a share p of the sorted values do not exceed.
func quantile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(p * float64(len(sorted)))
	if float64(rank) < p*float64(len(sorted)) {
		rank++
	}
	return sorted[max(rank, 1)-1]
}
