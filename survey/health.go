package survey

import (
	"cmp"
	"slices"
	"time"
)

// KioskState is one thing that is to be known of a kiosk. States are computed when somebody looks, from what its devices told last,
// and so heal by themselves: there is nothing to acknowledge.
type KioskState string

// The states of a kiosk, the most urgent first. Those up to KioskEmpty need a person.
const (
	KioskMissing KioskState = "missing" // answers were numbered and are neither here nor waiting
	KioskBehind  KioskState = "behind"  // it is connected and does not deliver
	KioskFull    KioskState = "full"    // hardly any storage is left
	KioskQuiet   KioskState = "quiet"   // nothing was heard of it while the office may have been open
	KioskBattery KioskState = "battery" // it is about to go dark
	KioskUnseen  KioskState = "unseen"  // a device was enrolled and has not been heard of since
	KioskEmpty   KioskState = "empty"   // no device is enrolled
	KioskClock   KioskState = "clock"   // its clock is wrong; the server corrects the times of its answers
	KioskStorage KioskState = "storage" // the browser may clear what waits
	KioskOld     KioskState = "old"     // it runs another version of the page
	KioskFine    KioskState = "fine"    // none of these
	KioskRevoked KioskState = "revoked" // it was ended for good
)

// KioskStates lists the states, the most urgent first.
func KioskStates() []KioskState {
	return []KioskState{
		KioskMissing, KioskBehind, KioskFull, KioskQuiet, KioskBattery, KioskUnseen, KioskEmpty,
		KioskClock, KioskStorage, KioskOld, KioskFine, KioskRevoked,
	}
}

// Urgent reports whether somebody has to do something about it.
func (s KioskState) Urgent() bool {
	return slices.Index(KioskStates(), s) <= slices.Index(KioskStates(), KioskEmpty)
}

// From when on a state holds.
const (
	quietAfter   = time.Hour        // of opening hours
	unseenAfter  = 10 * time.Minute // after enrolment
	behindAfter  = 30 * time.Minute // that an answer waits on a device which is connected
	wrongClock   = 5 * time.Minute
	fullStorage  = 0.9
	lowBattery   = 15                  // per cent
	lostQueueFor = 14 * 24 * time.Hour // that numbers which went with an earlier queue need a person
)

// KioskHealth is a kiosk as the fleet page shows it.
type KioskHealth struct {
	Point   Point
	States  []KioskState   // the most urgent first; KioskFine alone when nothing is the matter
	Devices []DeviceHealth // those that may answer, the one that was heard of last first
	Ended   []DeviceState  // those that were revoked
}

// DeviceHealth is a device of a kiosk.
type DeviceHealth struct {
	DeviceState
	States []KioskState
	Beat   Beat    // of its newest queue; At is zero before the first
	Lost   []Range // of its newest queue
}

// Urgent reports whether somebody has to do something.
func (k *KioskHealth) Urgent() bool { return k.States[0].Urgent() }

// Device returns the device that was heard of last, or nil.
func (k *KioskHealth) Device() *DeviceHealth {
	if len(k.Devices) == 0 {
		return nil
	}
	return &k.Devices[0]
}

// Waiting sums up the answers that wait on the kiosk's devices, and returns when the oldest was given.
func (k *KioskHealth) Waiting() (n int, oldest time.Time) {
	for _, d := range k.Devices {
		n += d.Beat.Waiting
		if o := d.Beat.Oldest; d.Beat.Waiting > 0 && !o.IsZero() && (oldest.IsZero() || o.Before(oldest)) {
			oldest = o
		}
	}
	return n, oldest
}

// Lost returns the numbers that were given out, did not arrive and, by what the device told last, do not wait on it either. It is what
// is missing without the newest, as many as wait: a device sends the oldest first. Numbers newer than what the device told
// last are on their way.
func (q QueueState) Lost() []Range {
	if q.Beat.At.IsZero() {
		return nil
	}
	var lost []Range
	n := 0
	for _, r := range q.Missing() {
		if r.Last = min(r.Last, q.Beat.Last); r.First <= r.Last {
			lost = append(lost, r)
			n += r.Last - r.First + 1
		}
	}
	// Take away from the end what waits.
	for waiting := min(n, q.Beat.Waiting); waiting > 0; {
		last := &lost[len(lost)-1]
		size := last.Last - last.First + 1
		if size > waiting {
			last.Last -= waiting
			break
		}
		waiting -= size
		lost = lost[:len(lost)-1]
	}
	return lost
}

// HealthOf says how a kiosk is. devices are those of the kiosk; opening is when offices may be open, and program the version that
// the server gives out.
func HealthOf(p Point, devices []DeviceState, now time.Time, opening Opening, program string) KioskHealth {
	k := KioskHealth{Point: p}
	for _, d := range devices {
		if !d.Revoked.IsZero() || p.Revoked {
			k.Ended = append(k.Ended, d)
			continue
		}
		k.Devices = append(k.Devices, DeviceHealth{DeviceState: d})
	}
	for i := range k.Devices {
		d := &k.Devices[i]
		if len(d.Queues) > 0 {
			d.Beat, d.Lost = d.Queues[0].Beat, d.Queues[0].Lost()
		}
	}
	slices.SortStableFunc(k.Devices, func(a, b DeviceHealth) int {
		return cmp.Or(b.Beat.At.Compare(a.Beat.At), b.Enrolled.Compare(a.Enrolled))
	})
	for i := range k.Devices {
		d := &k.Devices[i]
		d.States = d.judge(now, opening, program)
		// What a kiosk was before another device took its place is nobody's worry, but for the answers on it.
		if i == 0 || d.Beat.Waiting > 0 || slices.Contains(d.States, KioskMissing) {
			k.States = append(k.States, d.States...)
		}
	}
	switch {
	case p.Revoked:
		k.States = []KioskState{KioskRevoked}
	case len(k.Devices) == 0:
		k.States = []KioskState{KioskEmpty}
	default:
		k.States = sortStates(k.States)
	}
	return k
}

func (d *DeviceHealth) judge(now time.Time, opening Opening, program string) []KioskState {
	var s []KioskState
	say := func(state KioskState, holds bool) {
		if holds {
			s = append(s, state)
		}
	}
	b := d.Beat
	for i, q := range d.Queues {
		say(KioskMissing, len(q.Lost()) > 0 && (i == 0 || now.Sub(q.Beat.At) < lostQueueFor))
	}
	if b.At.IsZero() {
		say(KioskUnseen, now.Sub(d.Enrolled) > unseenAfter)
		return sortStates(s)
	}
	quiet := opening.Between(b.At, now) > quietAfter
	say(KioskQuiet, quiet)
	say(KioskBehind, !quiet && b.Waiting > 0 && !b.Oldest.IsZero() && b.At.Sub(b.Oldest) > behindAfter)
	say(KioskFull, b.Room > 0 && float64(b.Used) > fullStorage*float64(b.Room))
	say(KioskBattery, !quiet && b.Battery >= 0 && b.Battery <= lowBattery)
	say(KioskClock, b.Skew.Abs() > wrongClock)
	say(KioskStorage, b.Persistence == PersistenceRefused)
	say(KioskOld, b.Program != program)
	return sortStates(s)
}

// sortStates puts the most urgent first, each once; nothing is fine.
func sortStates(s []KioskState) []KioskState {
	if len(s) > 1 {
		s = slices.DeleteFunc(s, func(x KioskState) bool { return x == KioskFine })
	}
	if len(s) == 0 {
		return []KioskState{KioskFine}
	}
	order := KioskStates()
	slices.SortFunc(s, func(a, b KioskState) int { return cmp.Compare(slices.Index(order, a), slices.Index(order, b)) })
	return slices.Compact(s)
}
