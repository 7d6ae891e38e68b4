package web

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"sipas/survey"
)

// limits are all counters of calls. They live in memory: a restart forgives.
type limits struct {
	open, send *buckets      // of each link
	unknown    *rate.Limiter // of all links that lead nowhere, together
	account    *buckets      // sign-ins of each name
	address    *buckets      // sign-ins of each address: coarse, an office shares one
	device     *buckets      // calls of each kiosk: a morning's backlog at once, then what any disk can take
	stranger   *rate.Limiter // of all credentials that are not known, together
	enrol      *buckets      // guesses at enrolment codes from each address
	enrols     *rate.Limiter // and from everywhere
}

func newLimits() limits {
	return limits{
		open: newBuckets(1, 60), send: newBuckets(0.5, 20), unknown: rate.NewLimiter(20, 400),
		account: newBuckets(rate.Every(30*time.Second), 10), address: newBuckets(1, 60),
		device: newBuckets(50, 1000), stranger: rate.NewLimiter(50, 1000),
		// A code has 40 bits and lives ten minutes: 3,300 guesses at a hundred codes find one in three million such attacks.
		enrol: newBuckets(0.2, 20), enrols: rate.NewLimiter(5, 300),
	}
}

// mostBuckets is how many keys are counted by themselves.
const mostBuckets = 20000

// buckets limits calls by key. It holds a bounded number of keys: when they are all in use, new ones share one bucket, so
// that inventing keys neither fills the memory nor frees anybody from a limit.
type buckets struct {
	mu       sync.Mutex
	refill   rate.Limit
	burst    int
	most     int
	byKey    map[string]*rate.Limiter
	overflow *rate.Limiter
	swept    time.Time
}

func newBuckets(refill rate.Limit, burst int) *buckets {
	return &buckets{
		refill: refill, burst: burst, most: mostBuckets,
		byKey: map[string]*rate.Limiter{}, overflow: rate.NewLimiter(refill, burst),
	}
}

// take counts one call. When the key has none left it returns how long to wait, and counts nothing.
func (b *buckets) take(key string, now time.Time) (wait time.Duration, ok bool) {
	b.mu.Lock()
	l := b.limiter(key, now)
	b.mu.Unlock()
	return takeOf(l, now)
}

// forget gives a key its whole bucket back.
func (b *buckets) forget(key string) {
	b.mu.Lock()
	delete(b.byKey, key)
	b.mu.Unlock()
}

func (b *buckets) limiter(key string, now time.Time) *rate.Limiter {
	if l := b.byKey[key]; l != nil {
		return l
	}
	if len(b.byKey) >= b.most && now.Sub(b.swept) >= time.Second {
		b.swept = now
		for k, l := range b.byKey {
			if l.TokensAt(now) >= float64(b.burst) {
				delete(b.byKey, k) // a full bucket is the same as none
			}
		}
	}
	if len(b.byKey) >= b.most {
		return b.overflow
	}
	l := rate.NewLimiter(b.refill, b.burst)
	b.byKey[key] = l
	return l
}

func takeOf(l *rate.Limiter, now time.Time) (wait time.Duration, ok bool) {
	r := l.ReserveN(now, 1)
	wait = r.DelayFrom(now)
	if wait == 0 {
		return 0, true
	}
	r.CancelAt(now)
	return wait, false
}

// limited is take as an error.
func (s *Server) limited(b *buckets, op, key string) error {
	if wait, ok := b.take(key, s.clock()); !ok {
		return tooMany(op, wait)
	}
	return nil
}

// guessed counts a link that led nowhere. It returns err, or CodeTooManyAttempts when guessing runs hot; links that are ours
// are never held up by it.
func (s *Server) guessed(err error) error {
	if !survey.IsCode(err, survey.CodeTokenUnknown) {
		return err
	}
	if wait, ok := takeOf(s.limits.unknown, s.clock()); !ok {
		return tooMany("open link", wait)
	}
	return err
}
