package data

import (
	"fmt"
	"slices"
	"sync"
)

// The days that bound the official lists of units. The list of 63 provinces stands since Ha Tay
// joined Hanoi on 1 August 2008; the list of 34 provinces without districts, since 1 July 2025.
const (
	FormerFrom  = "2008-08-01"
	FormerUntil = "2025-06-30"
	CurrentFrom = "2025-07-01"
)

// Level is the tier of an administrative unit.
type Level string

// The two tiers that the program knows. Districts ended on 30 June 2025 and are not shipped.
const (
	LevelProvince Level = "province"
	LevelCommune  Level = "commune"
)

// Unit is one entry of an official list of administrative units.
//
// ID is the key, "80@2025-07-01": the code and the first day of the list in which the code meant
// this unit. The code alone is not a key, because seven codes of provinces name another province
// since 1 July 2025. From and To are days as "2006-01-02", both included; To is empty for a unit
// that is still in force.
type Unit struct {
	ID   string
	Code string

	Level          Level
	Form           string // province, city, commune, ward or special administrative region
	NameVI, NameEN string // without the form: Tây Ninh
	FullVI, FullEN string // with the form: Tỉnh Tây Ninh
	Parent         string // the id of the province of a commune
	From, To       string

	Successors, Predecessors []string

	// Unchanged marks a former province that continues alone in its successor: only the list it
	// stands in is new, and with it the district level is gone.
	Unchanged bool
}

// ValidOn reports whether the unit stands in the list of a day. The empty day means today's list.
func (u Unit) ValidOn(day string) bool {
	if day == "" {
		return u.To == ""
	}
	return u.From <= day && (u.To == "" || day <= u.To)
}

// UnitID makes the key of a code in the list that is valid from a day.
func UnitID(code, from string) string { return code + "@" + from }

type unitRow struct{ code, parent, form, nameVI, nameEN, fullVI, fullEN string }

var unitRows = table("units/units_2026.csv", "code,parent,kind,name_vi,name_en,full_name_vi,full_name_en",
	func(r *row) unitRow {
		return unitRow{r.text(), r.text(), r.text(), r.text(), r.text(), r.text(), r.text()}
	})

type mappingRow struct {
	code, nameVI, nameASCII, form, papi string
	newCode, newNameVI                  string
	merged, keepsCode, keepsName        bool
	codeNamesAnother                    bool
}

var mappingRows = table("units/provinces_2025_mapping.csv",
	"old_code,old_name_vi,old_name_ascii,old_type,papi_p_code,new_code,new_name_vi,new_name_ascii,new_type_2025_07_01,merged,successor_keeps_this_code,successor_keeps_this_name,code_now_names_another_unit",
	func(r *row) mappingRow {
		m := mappingRow{code: r.text(), nameVI: r.text(), nameASCII: r.text(), form: r.text(), papi: r.text(), newCode: r.text(), newNameVI: r.text()}
		r.text() // the new name without marks: units_2026.csv has the English one
		r.text() // the new form: units_2026.csv has today's
		m.merged, m.keepsCode, m.keepsName, m.codeNamesAnother = r.yes(), r.yes(), r.yes(), r.yes()
		return m
	})

// ProvinceFacts is what the sources say of a province of 2025 besides its name. Area and
// population are press figures and nil where the press gave none.
type ProvinceFacts struct {
	Code, NameVI               string
	FormOnMerger, FormNow      string
	CommunesOnMerger, Communes int
	FormedFrom                 []string // Vietnamese names of the former provinces
	AreaKm2, Population        *float64
}

// ProvincesOf2025 returns the facts of the 34 provinces and cities, by code.
var ProvincesOf2025 = table("units/provinces_new_34.csv",
	"code,name_vi,name_ascii,type_2025_07_01,type_2026_07,communes_2025_07_01,communes_2026_07,formed_from,area_km2_press,population_press",
	func(r *row) ProvinceFacts {
		f := ProvinceFacts{Code: r.text(), NameVI: r.text()}
		r.text() // the name without marks
		f.FormOnMerger, f.FormNow = r.text(), r.text()
		f.CommunesOnMerger, f.Communes = r.int(), r.int()
		f.FormedFrom = r.list()
		f.AreaKm2, f.Population = r.optional(), r.optional()
		return f
	})

type unitSet struct {
	all  []Unit
	byID map[string]int
}

var units = sync.OnceValue(func() unitSet {
	var set unitSet
	predecessors := map[string][]string{}
	for _, m := range mappingRows() {
		id, successor := UnitID(m.code, FormerFrom), UnitID(m.newCode, CurrentFrom)
		predecessors[successor] = append(predecessors[successor], id)
		u := Unit{
			ID: id, Code: m.code, Level: LevelProvince, Form: m.form,
			NameVI: m.nameVI, NameEN: englishNames[m.code],
			From: FormerFrom, To: FormerUntil,
			Successors: []string{successor}, Unchanged: !m.merged,
		}
		if u.NameEN == "" {
			u.NameEN = m.nameASCII
		}
		u.FullVI, u.FullEN = "Tỉnh "+u.NameVI, u.NameEN+" Province"
		if m.form == "city" {
			u.FullVI, u.FullEN = "Thành phố "+u.NameVI, u.NameEN+" City"
		}
		set.all = append(set.all, u)
	}
	for _, r := range unitRows() {
		id := UnitID(r.code, CurrentFrom)
		u := Unit{
			ID: id, Code: r.code, Level: LevelProvince, Form: r.form,
			NameVI: r.nameVI, NameEN: r.nameEN, FullVI: r.fullVI, FullEN: r.fullEN,
			From: CurrentFrom, Predecessors: predecessors[id],
		}
		if r.parent != "" {
			u.Level, u.Parent = LevelCommune, UnitID(r.parent, CurrentFrom)
		}
		set.all = append(set.all, u)
	}
	set.byID = make(map[string]int, len(set.all))
	for i, u := range set.all {
		set.byID[u.ID] = i
	}
	return set
})

// englishNames are the customary English names of former provinces where they are not simply the
// Vietnamese name without its marks.
var englishNames = map[string]string{"01": "Hanoi", "31": "Haiphong"}

// Units returns the 63 former provinces, and then the 34 provinces and the 3,321 communes of today,
// each province before its communes.
func Units() []Unit { return slices.Clone(units().all) }

// UnitByID returns the unit with the id.
func UnitByID(id string) (Unit, bool) {
	set := units()
	i, ok := set.byID[id]
	if !ok {
		return Unit{}, false
	}
	return set.all[i], true
}

// Provinces returns the provinces in force on a day, by code; the empty day means today's list.
func Provinces(day string) []Unit {
	var list []Unit
	for _, u := range units().all {
		if u.Level == LevelProvince && u.ValidOn(day) {
			list = append(list, u)
		}
	}
	return list
}

// Communes returns the communes, wards and special regions of a province of today by its id.
func Communes(province string) []Unit {
	var list []Unit
	for _, u := range units().all {
		if u.Parent != "" && u.Parent == province {
			list = append(list, u)
		}
	}
	return list
}

// alias is another name of a unit.
type alias struct{ unit, name, kind string }

var aliasRows = table("units/aliases.csv", "unit,alias,kind", func(r *row) alias {
	return alias{r.text(), r.text(), r.text()}
})

// publishedNames maps the names in the published PAPI series to units.
var publishedNames = sync.OnceValues(func() (map[string]string, error) {
	names := map[string]string{}
	for _, a := range aliasRows() {
		if a.kind != "published" {
			continue
		}
		if _, twice := names[a.name]; twice {
			return nil, fmt.Errorf("units/aliases.csv: %q is given twice", a.name)
		}
		names[a.name] = a.unit
	}
	return names, nil
})
