package pages_test

import (
	"math/rand/v2"

	"sipas/survey"
	"sipas/templates/i18n"
	"sipas/templates/pages"
	"sipas/templates/ui"
)

func sampleFiles(page string) ui.Files {
	at := "/waves/q3/" + page
	return ui.Files{CSV: at + ".csv", XLSX: at + ".xlsx", SVG: at + ".svg", Name: "sipas-q3-" + page + "-2026-11-22"}
}

// sampleIndex is the service part of the index as a tree, with the policy part that the wave does not ask.
func sampleIndex(l i18n.Lang, unit string) pages.IndexView {
	r := rand.New(rand.NewPCG(9, 1))
	v := pages.IndexView{
		Shell: staff(l, "results", "index"), Wave: waveName(l), Domain: unit, Framework: "SIPAS 2022", Source: "39 items", Answers: 6980,
		KioskTimes: 5, Files: sampleFiles("index"),
	}
	node := func(code, label string, value float64, n int) pages.TreeNode {
		f := figure("", value, n)
		f.Target = 90
		t := pages.TreeNode{
			Code: code, Label: label, Figure: f,
			Method: pages.Method{
				Formula: say(l, "Trung bình cộng của các chỉ số.", "The plain mean of the indicators."),
				Lines:   []pages.MethodLine{{Term: say(l, "Làm tròn", "Rounding"), Text: say(l, "Không làm tròn", "Not rounded")}, {Term: say(l, "Thang điểm", "Scale"), Text: "0–100"}},
			},
			Change: &ui.ChangeProps{Unit: ui.Percent, Value: 1.4 - 3*r.Float64(), Low: -2, High: 2.1, Since: say(l, "quý II", "the second quarter")},
		}
		if unit != "" && n >= 15 {
			t.Rank = &pages.Rank{Place: 12, Low: 4, High: 31, Of: 96}
		}
		return t
	}
	root := node("sipas", say(l, "Chỉ số hài lòng", "Satisfaction index"), 80, 0)
	root.Absent, root.Change, root.Rank = true, nil, nil
	policy := root
	policy.Code, policy.Label = "I", say(l, "Chính sách", "Policies")
	service := node("II", say(l, "Dịch vụ", "Services"), 79.3, 6980)
	for e, name := range []string{say(l, "Tiếp cận dịch vụ", "Access"), say(l, "Thủ tục hành chính", "Procedures")} {
		element := node("II."+string(rune('A'+e)), name, 76+4*r.Float64(), 1200)
		for i, c := range indicators(l)[4*e : 4*e+4] {
			n := 700
			if i == 2 {
				n = 9
			}
			element.Children = append(element.Children, node(c.Code, c.Long, 60+34*r.Float64(), n))
		}
		service.Children = append(service.Children, element)
	}
	root.Children = []pages.TreeNode{policy, service}
	v.Root = root
	return v
}

// sampleUnits are departments and communes, some of them withheld.
func sampleUnits(l i18n.Lang) pages.UnitsView {
	v := pages.UnitsView{
		UnitSet: pages.UnitSet{
			Wave: waveName(l), Indicator: say(l, "Chỉ số hài lòng về dịch vụ", "Service satisfaction index"), Whole: figure("", 79.3, 6980), Target: 90,
		},
		Shell: staff(l, "results", "units"), Answers: 6980, Files: sampleFiles("units"),
	}
	groups := []pages.UnitGroup{{Kind: string(survey.KindDepartment)}, {Kind: string(survey.KindCommune)}}
	for i, name := range communes {
		g := &groups[1]
		if i >= len(communes)-2 {
			g = &groups[0]
		}
		row := pages.UnitRow{Name: name, Href: "?unit=1", Figure: figure("", 94-2.4*float64(i), 44+11*i)}
		if i%5 == 4 {
			row.Figure = figure("", 50, 9)
		} else {
			row.Rank = &pages.Rank{Place: i + 1, Low: max(1, i-3), High: i + 6, Of: 96}
		}
		g.Rows = append(g.Rows, row)
	}
	v.Groups = groups
	return v
}

// sampleHistory is six waves: one with a break before it, one withheld.
func sampleHistory(l i18n.Lang) pages.HistoryView {
	v := pages.HistoryView{
		Shell: staff(l, "results", "history"), Indicator: say(l, "Chỉ số hài lòng về dịch vụ", "Service satisfaction index"), Target: 90, Files: sampleFiles("history"),
	}
	for i, value := range []float64{74.2, 76.9, 75.8, 81.4, 50, 83.6} {
		row := pages.HistoryRow{Wave: []string{"Q2 2025", "Q3 2025", "Q4 2025", "Q1 2026", "Q2 2026", "Q3 2026"}[i], Figure: figure("", value, 400+90*i)}
		switch i {
		case 0:
		case 3:
			row.Break = say(l, "Câu hỏi đã thay đổi: s31.", "The questions were changed: s31.")
		case 4:
			row.Figure = figure("", value, 4)
		case 5:
		default:
			row.Change = &ui.ChangeProps{Unit: ui.Percent, Value: 2.7 - 2*float64(i), Low: -1, High: 4, Since: "Q2 2025"}
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}
