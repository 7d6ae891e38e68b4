package survey

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Gaming are the thresholds of the signals that answers at a kiosk are not citizens'. They are data, as all rules are: each stands in
// the stored wave and is printed with what it decides. What each costs in false alarms and finds of a cheat stands at Detector.
type Gaming struct {
	SameShare    float64 `json:"same_share"`    // at most this share of citizens gives one favorable answer to every question
	SameChance   float64 `json:"same_chance"`   // at most this chance of an honest answer to end a run that is marked
	BurstAnswers int     `json:"burst_answers"` // more answers than this …
	BurstMinutes int     `json:"burst_minutes"` // … within so many minutes are a burst
	HastySeconds float64 `json:"hasty_seconds"` // for each question after the first; faster than this it cannot have been read
	Opening      Opening `json:"opening"`       // when citizens can be at a kiosk
	JumpSize     float64 `json:"jump_size"`     // robust standard deviations above a kiosk's own earlier days
}

// DefaultGaming are the thresholds of a wave that states none. They are generous: an honest office that is marked loses more
// trust in the program than a small cheat costs.
func DefaultGaming() Gaming {
	return Gaming{
		SameShare: 0.75, SameChance: 0.0001, BurstAnswers: 10, BurstMinutes: 5, HastySeconds: 1.2, JumpSize: 6,
		Opening: Opening{Days: []string{"mon", "tue", "wed", "thu", "fri", "sat"}, From: "06:00", To: "20:00"},
	}
}

// Opening is when an office may be open, in Vietnamese time: every listed day from one time of day to another.
type Opening struct {
	Days []string `json:"days"` // "mon" to "sun"
	From string   `json:"from"` // "06:00"
	To   string   `json:"to"`
}

var weekdays = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// Open reports whether the office may be open at an instant.
func (o Opening) Open(t time.Time) bool {
	t = t.In(Zone)
	minute := t.Hour()*60 + t.Minute()
	from, _ := minuteOf(o.From)
	to, _ := minuteOf(o.To)
	return from <= minute && minute < to && slices.Contains(o.Days, weekdays[t.Weekday()])
}

// Between is how long the office may have been open between two instants; at most a year is looked through.
func (o Opening) Between(from, to time.Time) time.Duration {
	from, to = from.In(Zone), to.In(Zone)
	if since := to.AddDate(-1, 0, 0); from.Before(since) {
		from = since
	}
	opens, _ := minuteOf(o.From)
	closes, _ := minuteOf(o.To)
	sum := time.Duration(0)
	for day := time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, Zone); day.Before(to); day = day.AddDate(0, 0, 1) {
		if !slices.Contains(o.Days, weekdays[day.Weekday()]) {
			continue
		}
		begin, end := day.Add(time.Duration(opens)*time.Minute), day.Add(time.Duration(closes)*time.Minute)
		if begin.Before(from) {
			begin = from
		}
		if end.After(to) {
			end = to
		}
		sum += max(0, end.Sub(begin))
	}
	return sum
}

// minuteOf reads a time of day, as minutes since midnight. "24:00" is the end of the day.
func minuteOf(s string) (int, bool) {
	if len(s) != 5 || s[2] != ':' {
		return 0, false
	}
	for _, i := range []int{0, 1, 3, 4} {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	hour, minute := int(s[0]-'0')*10+int(s[1]-'0'), int(s[3]-'0')*10+int(s[4]-'0')
	return hour*60 + minute, minute < 60 && hour*60+minute <= 24*60
}

// Run is the length at which a run of one pattern is marked, given the share of citizens who give that pattern: the shortest at
// which the answer that ends it is marked with at most SameChance. Citizens answer independently of each other, so an answer is the
// last of r equal ones or more with chance share^r.
func (g Gaming) Run(share float64) int {
	return max(2, int(math.Ceil(math.Log(g.SameChance)/math.Log(share)-1e-9)))
}

func (g Gaming) check() error {
	switch {
	case g.SameShare < 0.5 || g.SameShare > 0.95:
		return fmt.Errorf("gaming: same_share lies between 0.5 and 0.95")
	case g.SameChance <= 0 || g.SameChance > 0.01:
		return fmt.Errorf("gaming: same_chance lies above 0 and is at most 0.01")
	case g.BurstAnswers < 2 || g.BurstAnswers > 1000 || g.BurstMinutes < 1 || g.BurstMinutes > 60:
		return fmt.Errorf("gaming: burst_answers is 2 to 1000, burst_minutes 1 to 60")
	case g.HastySeconds < 0 || g.HastySeconds > 10 || math.IsNaN(g.HastySeconds):
		return fmt.Errorf("gaming: hasty_seconds is 0 to 10")
	case !(g.JumpSize >= 3):
		return fmt.Errorf("gaming: jump_size is at least 3")
	}
	return g.Opening.check()
}

func (o Opening) check() error {
	from, begins := minuteOf(o.From)
	to, ends := minuteOf(o.To)
	if !begins || !ends || from >= to {
		return fmt.Errorf("gaming: opening is from one time of day to a later one, written 06:00")
	}
	if len(o.Days) == 0 {
		return fmt.Errorf("gaming: opening names no day")
	}
	for i, d := range o.Days {
		if !slices.Contains(weekdays[:], d) || slices.Contains(o.Days[:i], d) {
			return fmt.Errorf("gaming: opening day %q is not one of mon to sun, or stands twice", d)
		}
	}
	return nil
}
