package survey

import (
	"cmp"
	"math"
	"slices"
)

// Signals that need no single answer: counts of answers by day, held against what is known otherwise. They are computed when
// somebody looks, mark no response, and say less than MinAnswers answers nowhere.

// Excess is a unit whose kiosks gave more answers than it handled transactions.
type Excess struct {
	Unit         UnitID
	Month        string // "" for the whole wave
	Answers      int
	Transactions int
}

// Excesses compares the answers at the kiosks of each unit with its register, by month and over the whole wave. Months in which the
// register of the wave holds nothing are left out, because citizens answer for weeks after a period has ended; they count in
// the whole. It comes in order of unit, the whole before the months.
func Excesses(days []DayCount, register []UnitMonthCount, rules Rules) []Excess {
	type key struct {
		unit  UnitID
		month string
	}
	handled, covered := map[key]int{}, map[string]bool{}
	for _, r := range register {
		handled[key{r.Unit, r.Month}] += r.N
		handled[key{r.Unit, ""}] += r.N
		covered[r.Month] = covered[r.Month] || r.N > 0
	}
	answers := map[key]int{}
	for _, d := range days {
		if d.Point == "" {
			continue
		}
		answers[key{d.Unit, ""}] += d.N
		if month := d.Day.Month(); covered[month] {
			answers[key{d.Unit, month}] += d.N
		}
	}
	var all []Excess
	for k, n := range answers {
		if n > handled[k] && n >= rules.MinAnswers {
			all = append(all, Excess{Unit: k.unit, Month: k.month, Answers: n, Transactions: handled[k]})
		}
	}
	slices.SortFunc(all, func(a, b Excess) int { return cmp.Or(cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.Month, b.Month)) })
	return all
}

// Jump is a day, or several on end, on which a kiosk gave far more answers than on its own days before.
type Jump struct {
	Unit     UnitID
	Point    PointID
	From, To Day     // the first and the last of them
	Days     int     // on which the kiosk was used
	N        int     // answers on the highest of them
	Usual    float64 // the median of the days before the first
}

// The days that a day is held against: those before it on which the kiosk was used.
const (
	fewestJumpDays = 10
	mostJumpDays   = 60
)

// Jumps finds the days that stand out. Counts are taken as x = 2√(n + 3/8), on which scale the spread of a Poisson count is 1 whatever
// its mean (Anscombe 1948). A day is a jump when x lies more than JumpSize robust standard deviations above the median of the days
// before: 1.4826 times the median absolute deviation, and no less than 1. Both medians do not mind a few jumps among those days.
// With the default of 6, a kiosk that has 50 answers on a usual day jumps at about 100 when it is as even as chance allows, and later
// when its days differ. The simulation in the tests marks 7 of 100,000 days of honest kiosks, which have market days and
// quiet days, and finds 88 of 100 days on which a clerk adds the answers of five usual ones.
//
// They come in order of point, and of day within it.
func Jumps(days []DayCount, rules Rules) []Jump {
	kiosks := slices.DeleteFunc(slices.Clone(days), func(d DayCount) bool { return d.Point == "" || d.N == 0 })
	slices.SortFunc(kiosks, func(a, b DayCount) int { return cmp.Or(cmp.Compare(a.Point, b.Point), cmp.Compare(a.Day, b.Day)) })
	var all []Jump
	for from := 0; from < len(kiosks); {
		to := from
		for to < len(kiosks) && kiosks[to].Point == kiosks[from].Point {
			to++
		}
		own, again := kiosks[from:to], false
		for i := fewestJumpDays; i < len(own); i++ {
			before := own[max(0, i-mostJumpDays):i]
			usual, jumped := jumps(before, own[i].N, rules.Gaming.JumpSize)
			jumped = jumped && own[i].N >= rules.MinAnswers
			switch {
			case jumped && again:
				last := &all[len(all)-1]
				last.To, last.Days, last.N = own[i].Day, last.Days+1, max(last.N, own[i].N)
			case jumped:
				all = append(all, Jump{
					Unit: own[i].Unit, Point: own[i].Point, From: own[i].Day, To: own[i].Day, Days: 1, N: own[i].N, Usual: usual,
				})
			}
			again = jumped
		}
		from = to
	}
	return all
}

func jumps(before []DayCount, n int, size float64) (usual float64, jumped bool) {
	x := make([]float64, len(before))
	counts := make([]float64, len(before))
	for i, d := range before {
		x[i], counts[i] = anscombe(d.N), float64(d.N)
	}
	center := median(x)
	for i := range x {
		x[i] = math.Abs(x[i] - center)
	}
	return median(counts), anscombe(n)-center > size*max(1, 1.4826*median(x))
}

func anscombe(n int) float64 { return 2 * math.Sqrt(float64(n)+3.0/8) }

// median sorts what it is given.
func median(x []float64) float64 {
	slices.Sort(x)
	n := len(x)
	return (x[(n-1)/2] + x[n/2]) / 2
}
