package data

// PublishedScore is one figure that others published, with what they published beside it.
type PublishedScore struct {
	Index     string // SIPAS, PAPI or PAR
	Year      int
	Province  string // Vietnamese name as published, "national" or "national_average"
	Component string
	Value     float64
	Low, High *float64 // the published interval; its stated level is not to be trusted (see the PAPI notes in README.md)
	Unit      string   // percent or points
	Rank      *float64
	Source    string
	Certainty string
}

// PublishedScores returns the published SIPAS, PAPI and PAR figures that two places or an exact
// check confirm.
var PublishedScores = table("published_scores.csv",
	"index,year,province,component,value,ci_low,ci_high,unit,rank,source,certainty",
	func(r *row) PublishedScore {
		return PublishedScore{
			Index: r.text(), Year: r.int(), Province: r.text(), Component: r.text(), Value: r.float(),
			Low: r.optional(), High: r.optional(), Unit: r.text(), Rank: r.optional(), Source: r.text(), Certainty: r.text(),
		}
	})

// SIPASItem is one of the 39 items of the form in use since 2022, in the project's short wording.
type SIPASItem struct {
	Number           int
	Part, PartKey    string // "II", "service"
	Group            string // "II.A"
	GroupEN, GroupVI string
	EN, VI           string
	Answer           string
	Min, Max         int
}

// SIPASItems returns the 39 items in order.
var SIPASItems = table("sipas/criteria.csv",
	"item,part,part_key,group,group_en,group_vi_short,item_en_short,item_vi_short,answer_type,min,max",
	func(r *row) SIPASItem {
		return SIPASItem{
			Number: r.int(), Part: r.text(), PartKey: r.text(), Group: r.text(), GroupEN: r.text(), GroupVI: r.text(),
			EN: r.text(), VI: r.text(), Answer: r.text(), Min: r.int(), Max: r.int(),
		}
	})

// SIPASExpectation is one of the ten things that citizens may wish to see improved.
type SIPASExpectation struct {
	Number int
	EN, VI string
	Answer string
	Levels int
}

// SIPASExpectations returns the ten expectations in order.
var SIPASExpectations = table("sipas/expectations.csv", "item,item_en_short,item_vi_short,answer_type,levels",
	func(r *row) SIPASExpectation {
		return SIPASExpectation{r.int(), r.text(), r.text(), r.text(), r.int()}
	})

// OneStopIndex is one of the nine indices of Circular 01/2018/TT-VPCP, scored 2, 1 or 0.
type OneStopIndex struct {
	Number              int
	NameEN              string
	Per                 string   // what is scored: dossier, unit or both
	Sources             []string // who can supply it: form, device, online; system; reports, inspection
	Score2, Score1      string   // the condition for each score
	Score0              string
	CountsForTheOfficer bool
}

// OneStopIndices returns the nine indices in order.
var OneStopIndices = table("onestop/criteria.csv",
	"index,name_en,scored_per,source,score_2,score_1,score_0,counts_for_officer",
	func(r *row) OneStopIndex {
		return OneStopIndex{
			Number: r.int(), NameEN: r.text(), Per: r.text(), Sources: r.list(),
			Score2: r.text(), Score1: r.text(), Score0: r.text(), CountsForTheOfficer: r.yes(),
		}
	})

// OneStopGrade is one grade of a sum of indices. From is included, Below is not; Below is nil for
// the best grade.
type OneStopGrade struct {
	Subject string   // officer or unit
	Indices []string // the indices that are summed
	Max     float64
	EN, VI  string
	From    float64
	Below   *float64
}

// OneStopGrades returns the grades of officers and of units, each from the best down.
var OneStopGrades = table("onestop/grades.csv",
	"subject,sum_of_indices,max,grade_en,grade_vi,from_inclusive,to_exclusive",
	func(r *row) OneStopGrade {
		return OneStopGrade{r.text(), r.list(), r.float(), r.text(), r.text(), r.float(), r.optional()}
	})

// PortalCriterion is one line of the 100 points of Decision 766/QD-TTg. The parts of some groups
// are not known, so the parts of a group need not sum to it.
type PortalCriterion struct {
	Code, NameEN string
	Points       float64
	Parent       string
}

// PortalCriteria returns the groups and the known parts of Decision 766/QD-TTg.
var PortalCriteria = table("onestop/decision_766.csv", "code,name_en,max_points,parent", func(r *row) PortalCriterion {
	return PortalCriterion{r.text(), r.text(), r.float(), r.text()}
})
