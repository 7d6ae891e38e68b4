package survey

import (
	"hash/maphash"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Detector judges each answer of a kiosk when it is received: does it look like anything but a citizen's? It deletes nothing and
// proves nothing; it sets a mark, with which results are shown a second time without the marked ones.
//
// What it may know is little. A stored response has neither point nor time, so nothing can be looked up afterwards. The detector holds
// the last answers of each point in memory, as times and keyed digests of their patterns, and forgets a point that is idle; a restart
// forgets all. The answers that came before a pattern could be seen are stored unmarked already: of a run or a burst only what
// exceeds the threshold is marked.
//
// An answer is judged by when it was given, on the server's clock, and not by when it arrived: what waited for a week without a network
// is no burst. Answers may arrive in any order near their own time. A sending that is repeated, or comes late with a lower
// revision, gets the verdict of the first; a higher revision of the same sitting takes its place and is judged anew, and counts once.
//
// The signals, with DefaultGaming. The rates of false alarms are of the simulation in the tests: 1.3 million answers at 200 kiosks with
// 20 to 180 answers a day, rush hours, citizens who come as two, and offices where up to three in four give the best answer to everything.
//
//	same_answers  As many equal answers in a row as citizens produce with a chance of at most SameChance for the last of them. A
//	              favorable answer to every question (one of the upper half of each scale) may be given by SameShare of the citizens: 33 in a
//	              row. Any other same answer to everything is given by the rest at most: 7. A pattern of different answers is bound to its
//	              module besides: 4. An answer in the module "m1" and one in "m2" are equal when both say the same to everything.
//	              False alarms: 0.2 of 100,000 answers; SameShare^33, 8 of 100,000, in an office as good as the rule allows for, and more
//	              in a better one: with nine in ten, 3 of 100 answers.
//	burst         More than BurstAnswers within BurstMinutes: 30 seconds for each to walk up, read and answer, without a gap.
//	              False alarms: 0.1 of 100,000 answers, in the rush hours of the busiest kiosks.
//	hasty         Less than HastySeconds for each question after the first, of three questions or more. The first may have stood on the
//	              screen for long. False alarms: none where a question takes six seconds, give or take a factor of 1.7. Citizens who tap
//	              without reading are marked, too.
//	closed        Outside Opening. No false alarms but those of an office that is open when the wave says it is not.
//
// A clerk who presses "very satisfied" 40 times within seven minutes is marked from the 11th press on, or from the first when the presses
// are hasty; one who presses once a minute, from the 33rd. One who presses a few times after each citizen is not found here: see Jumps
// and Excesses.
//
// A Detector is safe for concurrent use.
type Detector struct {
	mu     sync.Mutex
	seed   maphash.Seed
	points map[PointID]*recent
	swept  time.Time
	clock  uint64 // counts arrivals
}

// NewDetector returns a detector that has seen nothing.
func NewDetector() *Detector {
	return &Detector{seed: maphash.MakeSeed(), points: map[PointID]*recent{}}
}

// Sitting is what is judged: one answer with what is known of it at receipt and never stored with it.
type Sitting struct {
	Point      PointID
	Delivery   Delivery
	Revision   int
	Instrument *Instrument
	Modules    []string
	Answers    map[string]int
	At         time.Time     // when it was last changed, corrected to the server's clock
	Took       time.Duration // from the first question to At
}

// What the detector holds at most: points, and for how long a point that sends nothing; answers of a point beyond the longest run.
const (
	mostPoints  = 2000
	pointIdle   = 12 * time.Hour
	spareRecent = 32
)

// recent are the last answers of one point, in the order in which they were given.
type recent struct {
	answers []judged
	last    time.Time // arrival
}

// judged is an answer that was seen.
type judged struct {
	queue    QueueID
	seq      int
	revision int
	at       int64 // milliseconds
	pattern  uint64
	arrival  uint64
	signals  []Signal
}

// Judge returns what an answer looks like, in the order of Signals. A sitting without a single valid answer looks like nothing. now is
// the time of arrival and serves to forget.
func (d *Detector) Judge(s Sitting, rules Gaming, now time.Time) []Signal {
	pattern, share, answered := d.patternOf(&s, rules)
	if answered == 0 {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forget(now)
	p := d.points[s.Point]
	if p == nil {
		p = &recent{}
		d.points[s.Point] = p
	}
	p.last = now
	known := slices.IndexFunc(p.answers, func(j judged) bool { return j.seq == s.Delivery.Seq && j.queue == s.Delivery.Queue })
	if known >= 0 {
		if j := p.answers[known]; s.Revision <= j.revision {
			return slices.Clone(j.signals)
		}
		p.answers = slices.Delete(p.answers, known, known+1)
	}
	d.clock++
	run := rules.Run(share)
	at := p.insert(judged{
		queue: s.Delivery.Queue, seq: s.Delivery.Seq, revision: s.Revision, at: s.At.UnixMilli(), pattern: pattern, arrival: d.clock,
	})
	var signals []Signal
	if p.run(at) >= run {
		signals = append(signals, SignalSameAnswers)
	}
	if p.crowd(at, int64(rules.BurstMinutes)*60_000) > rules.BurstAnswers {
		signals = append(signals, SignalBurst)
	}
	if answered >= 3 && s.Took.Seconds() < rules.HastySeconds*float64(answered-1) {
		signals = append(signals, SignalHasty)
	}
	if !rules.Opening.Open(s.At) {
		signals = append(signals, SignalClosed)
	}
	p.answers[at].signals = signals
	p.trim(max(rules.Run(rules.SameShare), rules.BurstAnswers) + spareRecent)
	return slices.Clone(signals)
}

// forget drops the points that are idle, and the one that has been silent longest when there are too many.
func (d *Detector) forget(now time.Time) {
	if now.Sub(d.swept) >= time.Hour {
		d.swept = now
		for id, p := range d.points {
			if now.Sub(p.last) >= pointIdle {
				delete(d.points, id)
			}
		}
	}
	if len(d.points) <= mostPoints {
		return
	}
	var oldest PointID
	for id, p := range d.points {
		if o := d.points[oldest]; o == nil || p.last.Before(o.last) {
			oldest = id
		}
	}
	delete(d.points, oldest)
}

// insert puts an answer in its place and returns which that is. Of equal times the later arrival stands behind.
func (p *recent) insert(j judged) int {
	at := len(p.answers)
	for at > 0 && p.answers[at-1].at > j.at {
		at--
	}
	p.answers = slices.Insert(p.answers, at, j)
	return at
}

// trim drops what arrived longest ago. What was given longest ago may be the newest arrival of a backlog, and its neighbors come next.
func (p *recent) trim(most int) {
	for len(p.answers) > most {
		oldest := 0
		for i := range p.answers {
			if p.answers[i].arrival < p.answers[oldest].arrival {
				oldest = i
			}
		}
		p.answers = slices.Delete(p.answers, oldest, oldest+1)
	}
}

// run is the length of the stretch of equal patterns around an answer.
func (p *recent) run(at int) int {
	from, to := at, at
	for from > 0 && p.answers[from-1].pattern == p.answers[at].pattern {
		from--
	}
	for to < len(p.answers)-1 && p.answers[to+1].pattern == p.answers[at].pattern {
		to++
	}
	return to - from + 1
}

// crowd is the largest number of answers within a window, in milliseconds, that holds the given one.
func (p *recent) crowd(at int, window int64) int {
	from := at
	for from > 0 && p.answers[at].at-p.answers[from-1].at <= window {
		from--
	}
	most, to := 0, at
	for ; from <= at; from++ {
		for to < len(p.answers) && p.answers[to].at-p.answers[from].at <= window {
			to++
		}
		most = max(most, to-from)
	}
	return most
}

// patternOf digests what was answered, says which share of citizens may give the same, and counts the valid answers. Patterns of
// which every answer stands at the same place of its scale are equal whatever was asked.
func (d *Detector) patternOf(s *Sitting, rules Gaming) (pattern uint64, share float64, answered int) {
	var text []byte
	place, same, favorable := -1, true, true
	for _, item := range s.Instrument.Asked(s.Modules) {
		code, given := s.Answers[item.Code]
		if !given || code < 0 {
			continue
		}
		scale, _ := s.Instrument.Scale(item.Scale)
		at := slices.IndexFunc(scale.Levels, func(l Level) bool { return l.Code == code })
		if answered == 0 {
			place = at
		}
		answered++
		same = same && at == place
		favorable = favorable && at < len(scale.Levels)/2
		text = append(append(append(text, item.Code...), '='), strconv.Itoa(code)...)
		text = append(text, 0)
	}
	share = 1 - rules.SameShare
	switch {
	case same && favorable:
		share = rules.SameShare
		fallthrough
	case same:
		text = strconv.AppendInt(append(text[:0], "same "...), int64(place), 10)
	default:
		for _, code := range s.Modules {
			if m, ok := s.Instrument.Module(code); ok {
				share *= m.Chance
			}
		}
	}
	return maphash.Bytes(d.seed, text), share, answered
}
