package pages

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"sipas/survey"
	"sipas/templates/i18n"
	"sipas/templates/ui"
)

// urgent are the kiosks that need a person.
func (v FleetView) urgent() []KioskRow {
	return slices.DeleteFunc(slices.Clone(v.Rows), func(r KioskRow) bool { return !r.Urgent() })
}

// mostNotices is how many kiosks stand above the table with what to do. The table begins with the urgent ones, too.
const mostNotices = 12

func (v FleetView) notices() []KioskRow {
	all := v.urgent()
	return all[:min(len(all), mostNotices)]
}

// active are the kiosks that are not revoked.
func (v FleetView) active() int {
	n := 0
	for _, r := range v.Rows {
		if r.States[0] != survey.KioskRevoked {
			n++
		}
	}
	return n
}

// lead answers whether anybody has to do something.
func (v FleetView) lead() string {
	l, n := v.Shell.Lang, len(v.urgent())
	switch {
	case v.active() == 0:
		return i18n.T(l, "fleet.lead_none")
	case n == 0:
		return i18n.Count(l, "fleet.lead_fine", v.active())
	}
	return i18n.Count(l, "fleet.lead_urgent", n, "of", v.active())
}

// totals are the answers that all kiosks gave today, and what waits on them.
func (v FleetView) totals() []ui.Fact {
	l := v.Shell.Lang
	today, waiting := 0, 0
	for _, r := range v.Rows {
		today, waiting = today+r.Today, waiting+r.Waiting
	}
	return []ui.Fact{
		{Name: i18n.T(l, "fleet.today"), Value: i18n.Integer(l, today)},
		{Name: i18n.T(l, "fleet.waiting"), Value: i18n.Integer(l, waiting)},
	}
}

func stateText(l i18n.Lang, s survey.KioskState) string { return i18n.T(l, "fleet.state."+string(s)) }

// stateClass colors a state; the words say the same.
func stateClass(s survey.KioskState) string {
	switch {
	case s.Urgent():
		return "state-flag"
	case s == survey.KioskFine || s == survey.KioskRevoked:
		return ""
	}
	return "state-watch"
}

// notices are the sentences to a kiosk: what is the matter, and what to do.
func (r KioskRow) notices(l i18n.Lang) []string {
	var all []string
	for _, s := range r.States {
		if text := r.notice(l, s); text != "" {
			all = append(all, text)
		}
	}
	return all
}

func (r KioskRow) notice(l i18n.Lang, s survey.KioskState) string {
	switch s {
	case survey.KioskMissing:
		if len(r.Lost) == 0 {
			return i18n.T(l, "fleet.do_missing_before")
		}
		return i18n.T(l, "fleet.do_missing", "numbers", rangesText(l, r.Lost))
	case survey.KioskBehind:
		return i18n.Count(l, "fleet.do_behind", r.Waiting, "time", i18n.DateTime(l, r.Oldest))
	case survey.KioskFull:
		return i18n.T(l, "fleet.do_full", "share", i18n.Percent(l, r.used(), 0))
	case survey.KioskQuiet:
		text := i18n.T(l, "fleet.do_quiet", "time", i18n.DateTime(l, r.LastSeen))
		if r.Waiting > 0 {
			text += " " + i18n.Count(l, "fleet.do_quiet_waiting", r.Waiting)
		}
		return text
	case survey.KioskBattery:
		return i18n.T(l, "fleet.do_battery", "share", i18n.Percent(l, float64(r.Battery)/100, 0))
	case survey.KioskUnseen:
		return i18n.T(l, "fleet.do_unseen", "time", i18n.DateTime(l, r.Enrolled))
	case survey.KioskEmpty:
		return i18n.T(l, "fleet.do_empty")
	case survey.KioskClock:
		return i18n.T(l, "fleet.do_clock", "x", skewText(l, r.Skew))
	case survey.KioskStorage:
		return i18n.T(l, "fleet.do_storage")
	case survey.KioskOld:
		return i18n.T(l, "fleet.do_old", "version", r.Program)
	case survey.KioskRevoked:
		return i18n.T(l, "fleet.do_revoked")
	}
	return ""
}

func (r KioskRow) used() float64 {
	if r.Room <= 0 {
		return 0
	}
	return float64(r.Used) / float64(r.Room)
}

// waiting says how many answers wait and since when.
func (r KioskRow) waiting(l i18n.Lang, now time.Time) string {
	text := i18n.Integer(l, r.Waiting)
	if r.Waiting > 0 && !r.Oldest.IsZero() {
		text += " · " + i18n.T(l, "fleet.oldest", "ago", ago(l, now, r.Oldest))
	}
	return text
}

// numbers says which numbers were given out, and which are missing.
func (r KioskRow) numbers(l i18n.Lang) string { return numbersText(l, r.Last, r.Lost) }

func numbersText(l i18n.Lang, last int, lost []survey.Range) string {
	if last == 0 {
		return i18n.Unknown
	}
	text := "1–" + strconv.Itoa(last)
	if len(lost) == 0 {
		return text
	}
	return i18n.T(l, "fleet.numbers_missing", "all", text, "numbers", rangesText(l, lost))
}

// mostRanges is how many stretches of numbers a sentence names.
const mostRanges = 5

func rangesText(l i18n.Lang, ranges []survey.Range) string {
	var parts []string
	rest := 0
	for i, r := range ranges {
		switch {
		case i >= mostRanges:
			rest += r.Last - r.First + 1
		case r.First == r.Last:
			parts = append(parts, strconv.Itoa(r.First))
		default:
			parts = append(parts, strconv.Itoa(r.First)+"–"+strconv.Itoa(r.Last))
		}
	}
	text := strings.Join(parts, ", ")
	if rest > 0 {
		text += " " + i18n.Count(l, "fleet.more_numbers", rest)
	}
	return text
}

// device says in a few words how the device itself is.
func (r KioskRow) device(l i18n.Lang) []string {
	if r.LastSeen.IsZero() {
		return nil
	}
	parts := []string{i18n.T(l, "fleet.version", "version", r.Program), i18n.T(l, "fleet.clock", "x", skewText(l, r.Skew)),
		i18n.T(l, "fleet.keeps."+string(r.persistence()))}
	if r.Room > 0 {
		parts = append(parts, i18n.T(l, "fleet.storage_used", "share", i18n.Percent(l, r.used(), 0)))
	}
	if r.Battery >= 0 {
		parts = append(parts, i18n.T(l, "fleet.battery", "share", i18n.Percent(l, float64(r.Battery)/100, 0)))
	}
	if r.PxPerMM > 0 {
		return append(parts, i18n.T(l, "fleet.measured", "x", i18n.Number(l, r.PxPerMM, 1)))
	}
	return append(parts, i18n.T(l, "fleet.not_measured"))
}

func (r KioskRow) persistence() survey.Persistence {
	switch r.Persistence {
	case survey.PersistenceGranted, survey.PersistenceRefused:
		return r.Persistence
	}
	return survey.PersistenceUnknown
}

// skewText says how wrong a clock is; what a minute rounds away is right.
func skewText(l i18n.Lang, d time.Duration) string {
	switch {
	case d.Abs() < 30*time.Second:
		return i18n.T(l, "fleet.clock_right")
	case d > 0:
		return i18n.T(l, "fleet.clock_fast", "x", span(l, d))
	}
	return i18n.T(l, "fleet.clock_slow", "x", span(l, -d))
}

// span writes a length of time in its largest useful unit.
func span(l i18n.Lang, d time.Duration) string {
	switch {
	case d < 90*time.Minute:
		return i18n.Count(l, "span.minutes", max(1, int((d+30*time.Second)/time.Minute)))
	case d < 36*time.Hour:
		return i18n.Count(l, "span.hours", int((d+30*time.Minute)/time.Hour))
	}
	return i18n.Count(l, "span.days", int((d+12*time.Hour)/(24*time.Hour)))
}

// ago writes how long ago something was; after two weeks the day says more.
func ago(l i18n.Lang, now, t time.Time) string {
	d := now.Sub(t)
	switch {
	case t.IsZero():
		return i18n.T(l, "ago.never")
	case d < 90*time.Second:
		return i18n.T(l, "ago.now")
	case d > 14*24*time.Hour:
		return i18n.Date(l, t)
	}
	return i18n.T(l, "ago.span", "span", span(l, d))
}

// refusedText says why answers were refused, in an administrator's words.
func refusedText(l i18n.Lang, code survey.Code) string {
	if key := "fleet.refused." + string(code); i18n.Has(l, key) {
		return i18n.T(l, key)
	}
	return i18n.T(l, "fleet.refused_other", "code", string(code))
}

func (v FleetKioskView) facts() []ui.Fact {
	l, r := v.Shell.Lang, v.Row
	return []ui.Fact{
		{Name: i18n.T(l, "fleet.today"), Value: i18n.Integer(l, r.Today)},
		{Name: i18n.T(l, "fleet.waiting"), Value: i18n.Integer(l, r.Waiting), Note: oldestNote(l, v.Now, r)},
		{Name: i18n.T(l, "fleet.last_seen"), Value: ago(l, v.Now, r.LastSeen)},
		{Name: i18n.T(l, "fleet.numbers"), Value: numbersText(l, r.Last, nil)},
	}
}

func oldestNote(l i18n.Lang, now time.Time, r KioskRow) string {
	if r.Waiting == 0 || r.Oldest.IsZero() {
		return ""
	}
	return i18n.T(l, "fleet.oldest", "ago", ago(l, now, r.Oldest))
}
