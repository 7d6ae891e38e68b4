package survey

import (
	"crypto/rand"
	"encoding/hex"
	"time"
)

// DeviceID names one browser that was enrolled as a kiosk. A browser that is enrolled again gets another one.
type DeviceID string

// QueueID names one life of the place where a device keeps the answers that wait: 128 bits that the device draws when that
// place is new. When a browser clears its storage the next queue has another name, so that numbers which were given out
// and never arrived stay missing instead of being given out again.
type QueueID string

// NewDeviceID draws a device's id.
func NewDeviceID() DeviceID {
	var b [16]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never returns an error.
	return DeviceID(hex.EncodeToString(b[:]))
}

// ParseQueueID checks an id that a device made.
func ParseQueueID(s string) (QueueID, bool) {
	id, ok := ParseResponseID(s)
	return QueueID(id), ok
}

// PIN is what a device needs in order to recognize the number that opens its service menu without asking the server: PBKDF2 with
// SHA-256, all in hexadecimal. The number itself is shown once, to whoever made the code.
type PIN struct {
	Salt       string
	Iterations int
	Hash       string
}

// Enrolment is a code that makes one browser a kiosk, once.
type Enrolment struct {
	CodeHash string // SHA-256 of the code, in hexadecimal
	Point    PointID
	PIN      PIN
	Expires  time.Time
}

// Device is a browser that was enrolled as a kiosk.
type Device struct {
	ID             DeviceID
	Point          PointID
	CredentialHash string // SHA-256 of what its cookie holds, in hexadecimal
	PIN            PIN
	Enrolled       time.Time
	Revoked        time.Time // zero while it may answer
}

// Delivery says by which device, and under which number of its queue, an answer came. The ledger of deliveries holds the
// numbers and never the responses.
type Delivery struct {
	Device DeviceID
	Queue  QueueID
	Seq    int // from 1, one for each sitting
}

// Persistence is what a browser answered when it was asked to keep its storage for good.
type Persistence string

// The answers of a browser.
const (
	PersistenceGranted Persistence = "granted"
	PersistenceRefused Persistence = "refused" // it may clear the storage when it is short of space
	PersistenceUnknown Persistence = "unknown" // it does not say
)

// Beat is what a device tells of itself every minute. The server keeps the last one only.
type Beat struct {
	At          time.Time     // by the server's clock
	Program     string        // version of the page that runs
	Waiting     int           // answers that are not acknowledged yet
	Oldest      time.Time     // when the oldest of them was given, corrected to the server's clock; zero when none waits
	Last        int           // the highest sequence number that was given out
	Skew        time.Duration // the device's clock less the server's
	Persistence Persistence
	Used, Room  int64   // bytes of storage in use and allowed; 0 when the browser does not say
	PxPerMM     float64 // measured at enrolment; 0 when it was not
	Battery     int     // per cent; -1 when the browser does not say
}

// DeviceState is a device with what is known of its deliveries.
type DeviceState struct {
	Device
	Queues []QueueState // the newest first
}

// QueueState is what arrived of one queue.
type QueueState struct {
	Queue   QueueID
	Begun   time.Time // when the server first heard of it
	Beat    Beat      // the last one; At is zero before the first
	Arrived []Range   // sequence numbers that arrived, in order, merged
	Refused []RefusedCount
}

// Range is a stretch of sequence numbers, both ends included.
type Range struct{ First, Last int }

// RefusedCount is how many answers of a queue arrived and were refused for good, by reason. They are in Arrived, too.
type RefusedCount struct {
	Code Code
	N    int
}

// Known is the highest sequence number that the queue is known to have given out.
func (q QueueState) Known() int {
	last := q.Beat.Last
	if n := len(q.Arrived); n > 0 {
		last = max(last, q.Arrived[n-1].Last)
	}
	return last
}

// Missing returns the numbers that were given out and have not arrived, in order. Of the newest ones some may be on their
// way: as many as the device says are waiting.
func (q QueueState) Missing() []Range {
	var missing []Range
	next := 1
	for _, r := range q.Arrived {
		if r.First > next {
			missing = append(missing, Range{next, r.First - 1})
		}
		next = max(next, r.Last+1)
	}
	if last := q.Known(); last >= next {
		missing = append(missing, Range{next, last})
	}
	return missing
}

// Signal is one pattern of answers at a kiosk that looks like anything but citizens. A signal deletes nothing.
type Signal string

// The signals that are judged when an answer is received.
const (
	SignalSameAnswers Signal = "same_answers" // a long run of the same answers
	SignalBurst       Signal = "burst"        // more answers in a few minutes than citizens can give
	SignalHasty       Signal = "hasty"        // answered faster than the questions can be read
	SignalClosed      Signal = "closed"       // outside the opening hours
)

// Signals lists the signals that are judged at receipt.
func Signals() []Signal { return []Signal{SignalSameAnswers, SignalBurst, SignalHasty, SignalClosed} }

// SignalCount is how many answers of a point in a month show a signal.
type SignalCount struct {
	Unit   UnitID
	Point  PointID
	Month  string
	Signal Signal
	N      int
}
