package web

import (
	"crypto/sha256"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"sipas/survey"
)

// limits are all counters of calls. They live in memory: a restart forgives.
type limits struct {
	open, send *buckets      // of each link
	unknown    *rate.Limiter // of all links that lead nowhere, together
	address    *buckets      // sign-ins of each network: coarse, an office shares one
	guess      *buckets      // sign-ins of each name from each network
	account    *buckets      // sign-ins of each name from everywhere
	device     *buckets      // calls of each kiosk: a morning's backlog at once, then what any disk can take
	stranger   *rate.Limiter // of all credentials that are not known, together
	enrol      *buckets      // guesses at enrolment codes from each network
	enrols     *rate.Limiter // and from everywhere
	beset      *buckets      // tries from each wide network at what is being guessed at from everywhere: see besetBy
}

func newLimits() limits {
	return limits{
		open: newBuckets(1, 60), send: newBuckets(0.5, 20), unknown: rate.NewLimiter(20, 400),
		address: newBuckets(1, 60), guess: newBuckets(rate.Every(30*time.Second), 10), account: newBuckets(rate.Every(30*time.Second), 100),
		device: newBuckets(50, 1000), stranger: rate.NewLimiter(50, 1000),
		// A code has 40 bits and lives ten minutes: 3,300 guesses at a hundred codes find one in three million such attacks, and with two more
		// from each of a thousand networks one in two million.
		enrol: newBuckets(0.2, 20), enrols: rate.NewLimiter(5, 300),
		beset: newBuckets(rate.Every(5*time.Minute), 1),
	}
}

// besetBy decides on a try at a secret when the tries at it from everywhere are spent. There are two attacks, and each limit alone serves one
// of them. Were the limit over all networks final, whoever spends it from a few would keep the owner out for ever. Were there none, many networks
// would mean any number of guesses. So a network has one try more, and the next five minutes later: the right secret gets in at its first, because
// who has not failed there has it still, and a right one gives it back. Over all networks an account is thus guessed at 100 times, then 2,880
// times a day, and 288 times a day more for each network that takes part; 64,000 networks of IPv6 that one customer holds count as one here. What
// remains to an attacker: holding some hundred networks, and the owner's own among them, keeps the owner out there; and 20,000 pairs of network
// and secret at once make later networks share one bucket. A single network cannot spend the limit over all at all, because its own is tighter.
func (s *Server) besetBy(c *call, op, secret string) error {
	return s.limited(s.limits.beset, op, pairKey(secret, network(c.address(), wideNetwork)))
}

// spared gives a network back what it was counted, because its try was right.
func (s *Server) spared(c *call, own *buckets, key, secret string) {
	own.forget(key)
	s.limits.beset.forget(pairKey(secret, network(c.address(), wideNetwork)))
}

// The bits of an IPv6 address that are one caller's: what a household or a telephone is given, and what a customer may be given.
const (
	oneNetwork  = 64
	wideNetwork = 48
)

// network is what an address is counted by: the address itself, or with IPv6 its first bits, because the others are the caller's to choose.
func network(address string, bits int) string {
	a, err := netip.ParseAddr(address)
	if err != nil || a.Unmap().Is4() {
		return a.Unmap().String()
	}
	p, _ := a.Prefix(bits) // bits are in the range of IPv6
	return p.String()
}

// network is the caller's.
func (c *call) network() string { return network(c.address(), oneNetwork) }

// pairKey is a key of two things, of one size however long they are.
func pairKey(a, b string) string {
	sum := sha256.Sum256([]byte(a + "\x00" + b))
	return string(sum[:])
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
