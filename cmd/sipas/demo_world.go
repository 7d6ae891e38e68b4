package main

import (
	"cmp"
	"slices"
	"strings"

	"sipas/data"
	"sipas/survey"
)

// The demonstration's frame: a province that was formed on 1 July 2025, and one quarter of its work.
const (
	demoProvince = "80" // Tây Ninh
	demoSeed     = 80_2026_03
	demoFrom     = survey.Day("2026-07-01")
	demoTo       = survey.Day("2026-09-30")
	demoRegister = 60_000 // transactions of the quarter
)

// world is a made province whose truth is stated: every transaction of its register has its answer to
// every item, whether or not anybody ever asks. What a survey should find is therefore known exactly.
type world struct {
	Units    []survey.Unit // the province, its communes and its departments
	Offices  []demoOffice  // those that handle transactions
	Register []survey.Transaction
	Planted  []planted

	office  []int              // of each transaction, its position in Offices
	late    []survey.Lateness  // of each transaction, as of demoTo
	answers [][len(items)]int8 // of each transaction, by position in items
	respond []int              // of each transaction, the chance that its applicant answers when invited
	web     []int              // and that the answer comes by the web rather than at a kiosk
	byCode  map[string]int     // position in Register by dossier code
}

// demoOffice is a unit with the traits that the truth is made of, in ten-thousandths.
type demoOffice struct {
	Unit survey.Unit
	Size int // transactions in the quarter
	// Satisfaction is added to the chance of a good answer, Delay to the chance of a late dossier.
	Satisfaction, Delay int
	// Items are the office's own strengths and weaknesses, by position in items.
	Items [len(items)]int
	// Mix are the shares of the fields in its work, by position in fields.
	Mix []int
}

// planted is an indicator that is bad in one unit, for the program to find.
type planted struct {
	Unit survey.UnitID
	Item string
	Loss int // taken from the chance of a good answer
}

// department is one of the province's departments: they have no official code below the province's, so the
// demonstration numbers them.
type department struct {
	vi, en string
	size   int
	mix    map[string]int
	// satisfaction and delay are fixed for departments: with ten of them, drawn ones could by chance leave no contrast.
	satisfaction, delay int
}

var departments = []department{
	{"Sở Nông nghiệp và Môi trường", "Department of Agriculture and Environment", 5200, map[string]int{fieldLand: 85, fieldFarming: 15}, -50, 500},
	{"Sở Tài chính", "Department of Finance", 2600, map[string]int{fieldBusiness: 100}, 250, -300},
	{"Sở Tư pháp", "Department of Justice", 2800, map[string]int{fieldRecords: 80, fieldCivil: 20}, 150, 200},
	{"Sở Xây dựng", "Department of Construction", 3000, map[string]int{fieldBuilding: 60, fieldTransport: 40}, 0, 400},
	{"Sở Nội vụ", "Department of Home Affairs", 1900, map[string]int{fieldMerit: 100}, 100, -200},
	{"Sở Y tế", "Department of Health", 1800, map[string]int{fieldHealth: 100}, 50, 100},
	{"Sở Công Thương", "Department of Industry and Trade", 1300, map[string]int{fieldTrade: 100}, 300, -400},
	{"Sở Giáo dục và Đào tạo", "Department of Education and Training", 700, map[string]int{fieldSchools: 100}, 200, -300},
	{"Sở Văn hóa, Thể thao và Du lịch", "Department of Culture, Sports and Tourism", 500, map[string]int{fieldTrade: 100}, 150, -100},
	{"Sở Khoa học và Công nghệ", "Department of Science and Technology", 300, map[string]int{fieldTrade: 100}, 250, -200},
}

// largeCommunes are the wards and communes around the two former provincial capitals and the industrial zones,
// by code, with their transactions in the quarter. The others are drawn.
var largeCommunes = map[string]int{
	"27694": 2900, // Phường Long An
	"25459": 2300, // Phường Tân Ninh
	"27991": 1900, // Xã Bến Lức
	"27937": 1700, // Xã Đức Hoà
	"27712": 1500, // Phường Tân An
	"25708": 1400, // Phường Trảng Bàng
	"28159": 1200, // Xã Cần Giuộc
	"25645": 1100, // Phường Hoà Thành
}

// communeMix is the work of a commune.
var communeMix = map[string]int{
	fieldCertify: 30, fieldCivil: 25, fieldLand: 15, fieldWelfare: 12, fieldMerit: 7, fieldBusiness: 6, fieldBuilding: 5,
}

// plantedGaps are the three bad indicators: results that come late, guidance that has to be asked for twice, and nowhere to complain.
func plantedGaps() []planted {
	return []planted{
		{departmentID(1), "s34", 3400},
		{departmentID(4), "s32", 3400},
		{survey.NewUnitID("27694", data.CurrentFrom), "s37", 3400},
	}
}

func departmentCode(number int) string {
	return demoProvince + "-" + string([]byte{byte('0' + number/10), byte('0' + number%10)})
}

func departmentID(number int) survey.UnitID {
	return survey.NewUnitID(departmentCode(number), data.CurrentFrom)
}

// newWorld makes the world of a seed. The same seed makes the same world on every machine.
func newWorld(seed uint64) *world {
	w := &world{Planted: plantedGaps()}
	w.found(newDice(seed, streamUnits))
	w.fill(newDice(seed, streamRegister))
	w.state(newDice(seed, streamTruth))
	return w
}

// found makes the units and the traits of the offices.
func (w *world) found(d dice) {
	provinceID := survey.NewUnitID(demoProvince, data.CurrentFrom)
	var communes []survey.Unit
	for _, u := range shippedUnits() {
		switch provinceID {
		case u.ID:
			w.Units = append(w.Units, u)
		case u.Parent:
			communes = append(communes, u)
		}
	}

	left, drawnWeight := demoRegister, 0
	for i, dep := range departments {
		u := survey.Unit{
			ID: departmentID(i + 1), Code: departmentCode(i + 1), Kind: survey.KindDepartment,
			Name:   survey.Text{survey.Vietnamese: dep.vi, survey.English: dep.en},
			Parent: provinceID, From: data.CurrentFrom,
		}
		w.Offices = append(w.Offices, demoOffice{
			Unit: u, Size: dep.size, Satisfaction: dep.satisfaction, Delay: dep.delay, Mix: mixOf(dep.mix),
		})
		left -= dep.size
	}
	firstDrawn := len(w.Offices)
	for _, c := range communes {
		o := demoOffice{
			Unit: c, Satisfaction: d.around(220), Delay: d.around(350), Mix: mixOf(communeMix),
		}
		// A product of even draws: many small communes, few large ones, and one in ten with about a hundred.
		weight := 220 + d.below(30)*d.below(30)/2
		if d.below(10) == 0 {
			weight = 120
		}
		if strings.HasPrefix(c.Name[survey.Vietnamese], "Phường ") {
			weight = weight * 3 / 2
		}
		if size, large := largeCommunes[c.Code]; large {
			o.Size, weight = size, 0
			left -= size
		}
		drawnWeight += weight
		w.Offices = append(w.Offices, o)
		if o.Size == 0 {
			w.Offices[len(w.Offices)-1].Size = -weight // until the sum of weights is known
		}
	}
	given := 0
	for i := firstDrawn; i < len(w.Offices); i++ {
		if o := &w.Offices[i]; o.Size < 0 {
			o.Size = -o.Size * left / drawnWeight
			given += o.Size
		}
	}
	w.Offices[0].Size += left - given // what rounding left over

	for i := range w.Offices {
		o := &w.Offices[i]
		w.Units = append(w.Units, o.Unit)
		for j := range items {
			o.Items[j] = d.around(120)
		}
		for _, p := range w.Planted {
			if p.Unit == o.Unit.ID {
				o.Items[itemAt(p.Item)] = -p.Loss
			}
		}
	}
	slices.SortFunc(w.Units, func(a, b survey.Unit) int { return cmp.Compare(a.ID, b.ID) })
}

func mixOf(shares map[string]int) []int {
	mix := make([]int, len(fields))
	for i, f := range fields {
		mix[i] = shares[f.name]
	}
	return mix
}
