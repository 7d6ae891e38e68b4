package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"sipas/survey"
)

// The fields of work, as the offices name them.
const (
	fieldLand      = "Đất đai"
	fieldCivil     = "Hộ tịch"
	fieldCertify   = "Chứng thực"
	fieldBusiness  = "Đăng ký kinh doanh"
	fieldBuilding  = "Xây dựng"
	fieldWelfare   = "Bảo trợ xã hội"
	fieldMerit     = "Người có công, lao động"
	fieldRecords   = "Lý lịch tư pháp"
	fieldTransport = "Giao thông vận tải"
	fieldHealth    = "Y tế"
	fieldTrade     = "Thương mại, dịch vụ"
	fieldSchools   = "Giáo dục"
	fieldFarming   = "Nông nghiệp"
)

// field is a field of work with the traits that the truth is made of, in ten-thousandths.
type field struct {
	name                  string
	procedures            []procedure
	late                  int // chance of a late dossier
	satisfaction          int // added to the chance of a good answer
	response              int // added to the chance of answering
	counter, online, post int // shares of the channels
}

// procedure is an administrative procedure with the days that an office has for it.
type procedure struct {
	code string
	days int
}

var fields = []field{
	{fieldLand, []procedure{{"1.014465", 20}, {"1.012753", 15}, {"1.012785", 10}, {"1.012814", 25}}, 2700, -250, -100, 62, 30, 8},
	{fieldCivil, []procedure{{"1.001193", 1}, {"1.000894", 3}, {"1.000656", 1}, {"2.000635", 2}}, 800, 150, 0, 66, 33, 1},
	{fieldCertify, []procedure{{"2.000815", 1}, {"2.000884", 1}, {"2.001035", 2}}, 550, 200, 0, 88, 12, 0},
	{fieldBusiness, []procedure{{"1.001612", 3}, {"2.000720", 3}, {"2.001610", 3}}, 1000, 150, 200, 22, 74, 4},
	{fieldBuilding, []procedure{{"1.009994", 20}, {"1.009998", 15}, {"1.013225", 10}}, 2300, -200, -50, 52, 42, 6},
	{fieldWelfare, []procedure{{"1.001776", 12}, {"1.001731", 5}, {"1.001758", 8}}, 1600, 0, -200, 76, 18, 6},
	{fieldMerit, []procedure{{"1.010803", 15}, {"1.010814", 12}, {"2.000134", 5}}, 1500, 50, -100, 64, 26, 10},
	{fieldRecords, []procedure{{"2.000488", 10}, {"2.001417", 10}}, 2000, 0, 100, 28, 56, 16},
	{fieldTransport, []procedure{{"1.002877", 3}, {"2.002286", 2}, {"1.000703", 5}}, 1100, 50, 50, 36, 58, 6},
	{fieldHealth, []procedure{{"1.012289", 15}, {"1.012256", 10}, {"1.004616", 20}}, 1700, 0, 50, 38, 52, 10},
	{fieldTrade, []procedure{{"2.000033", 5}, {"2.000591", 10}, {"2.000674", 7}}, 900, 50, 100, 24, 70, 6},
	{fieldSchools, []procedure{{"1.005144", 5}, {"1.004889", 15}, {"1.005092", 1}}, 900, 100, 100, 42, 50, 8},
	{fieldFarming, []procedure{{"1.004363", 10}, {"1.007931", 13}, {"1.011475", 20}}, 1500, 0, 0, 48, 44, 8},
}

// Chances of a dossier's dates, in ten-thousandths.
const (
	undatedChance = 300
	openChance    = 400
)

// fill makes the register: the dossiers that were returned in the quarter, and those still open at its end.
func (w *world) fill(d dice) {
	workdays := workdaysBetween(demoFrom, demoTo)
	type row struct {
		t      survey.Transaction
		office int
	}
	rows := make([]row, 0, demoRegister)
	type unitDay struct {
		office int
		day    survey.Day
	}
	running := map[unitDay]int{}
	for i, o := range w.Offices {
		for range o.Size {
			f := fields[d.pick(o.Mix)]
			p := f.procedures[d.below(len(f.procedures))]
			t := survey.Transaction{
				Procedure: p.code, Field: f.name, Unit: o.Unit.ID,
				Channel: []survey.Channel{survey.ChannelCounter, survey.ChannelOnline, survey.ChannelPost}[d.pick([]int{f.counter, f.online, f.post})],
			}
			d.date(&t, p.days, min(max(f.late+o.Delay, 150), 4500), workdays)
			running[unitDay{i, t.Received}]++
			t.Dossier = fmt.Sprintf("H53.%02d-%s%s%s-%04d", i+1,
				t.Received[2:4], t.Received[5:7], t.Received[8:10], running[unitDay{i, t.Received}])
			rows = append(rows, row{t, i})
		}
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.t.Dossier, b.t.Dossier) })
	w.byCode = make(map[string]int, len(rows))
	for i, r := range rows {
		w.Register = append(w.Register, r.t)
		w.office = append(w.office, r.office)
		w.late = append(w.late, r.t.Lateness(demoTo))
		w.byCode[r.t.Dossier] = i
	}
}

// date gives a dossier its days. A dossier belongs to the quarter by the day of its return, and while it
// is open by the day of its receipt.
func (d dice) date(t *survey.Transaction, days, lateChance int, workdays []survey.Day) {
	late := d.hits(lateChance)
	if d.hits(openChance) {
		// An open dossier is late when its time was up before the quarter's end.
		since := d.below(days + 1)
		if late {
			since = days + d.between(1, 20)
		}
		t.Received = max(plusDays(demoTo, -since), demoFrom)
		t.Due = plusDays(t.Received, days)
	} else {
		t.Returned = workdays[d.below(len(workdays))]
		t.Due = plusDays(t.Returned, d.between(0, days*2/3))
		if late {
			t.Due = plusDays(t.Returned, -d.between(1, 15))
		}
		t.Received = plusDays(t.Due, -days)
	}
	// The counters and the post are shut at the week's end; the portal is not.
	for t.Channel != survey.ChannelOnline && !workday(t.Received) {
		t.Received = plusDays(t.Received, -1)
	}
	if d.hits(undatedChance) {
		t.Due = ""
	}
}

func workdaysBetween(from, to survey.Day) []survey.Day {
	var days []survey.Day
	for day := from; day <= to; day = plusDays(day, 1) {
		if workday(day) {
			days = append(days, day)
		}
	}
	return days
}

func workday(day survey.Day) bool {
	wd := timeOf(day).Weekday()
	return wd != time.Saturday && wd != time.Sunday
}

func plusDays(day survey.Day, n int) survey.Day {
	return survey.Day(timeOf(day).AddDate(0, 0, n).Format(time.DateOnly))
}

// timeOf reads one of the world's own days, which are well formed.
func timeOf(day survey.Day) time.Time {
	t, _ := time.Parse(time.DateOnly, string(day))
	return t
}
