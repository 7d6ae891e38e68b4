package data_test

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sipas/data"
	"sipas/survey"
)

func TestDocumentsOfUnknownIDs(t *testing.T) {
	t.Parallel()
	if _, ok := data.Framework("sipas-1999"); ok {
		t.Error("there is no framework sipas-1999")
	}
	if _, ok := data.Instrument("sipas-2022"); ok {
		t.Error("a framework is no instrument")
	}
}

func frameworks(t *testing.T) map[string]*survey.Framework {
	t.Helper()
	all := map[string]*survey.Framework{}
	for _, id := range data.Frameworks() {
		doc, _ := data.Framework(id)
		f, err := survey.ParseFramework(doc)
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		if f.ID != id {
			t.Errorf("%s calls itself %s", id, f.ID)
		}
		all[id] = f
	}
	return all
}

func instruments(t *testing.T) map[string]*survey.Instrument {
	t.Helper()
	all := map[string]*survey.Instrument{}
	for _, id := range data.Instruments() {
		doc, _ := data.Instrument(id)
		in, err := survey.ParseInstrument(doc)
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		if in.ID != id {
			t.Errorf("%s calls itself %s", id, in.ID)
		}
		all[id] = in
	}
	return all
}

// reach computes what a node can reach from what is below it. A leaf without a formula of its own
// reaches what is stated for it, and else its nominal scale.
func reach(n *survey.Node, measure survey.Measure) survey.Bounds {
	if v := n.Value; v != nil {
		switch {
		case measure == survey.Percent:
			return survey.Bounds{Min: 0, Max: 100}
		case v.Bounds != nil:
			return survey.Bounds{Min: 0, Max: 1} // scaled by its own bounds
		case n.Attainable != nil:
			return *n.Attainable
		}
		return *n.Nominal
	}
	var sum survey.Bounds
	for i := range n.Children {
		c := &n.Children[i]
		b, weight := reach(c, measure), 1.0
		switch n.Combine {
		case survey.CombineLinear:
			weight = c.Coefficient
		case survey.CombineMeanOfLeaves:
			weight = float64(len(c.Leaves())) / float64(len(n.Leaves()))
		}
		low, high := weight*b.Min, weight*b.Max
		sum.Min += min(low, high)
		sum.Max += max(low, high)
	}
	return survey.Bounds{Min: sum.Min + n.Intercept, Max: sum.Max + n.Intercept}
}

// TestWeightsGiveTheAttainableBounds holds that the bounds that stand beside the nominal ones are
// those that intercepts, coefficients and the leaves' own bounds allow, in every node of every framework.
func TestWeightsGiveTheAttainableBounds(t *testing.T) {
	t.Parallel()
	open := map[string]bool{}
	for id, f := range frameworks(t) {
		f.Walk(func(n *survey.Node, _ []*survey.Node) {
			if f.Unofficial && n.Value != nil && n.Nominal == nil {
				open[n.Code] = true // nobody states its maximum, and so there is none of what is above it
				return
			}
			if n.Nominal == nil {
				t.Errorf("%s %s: no nominal bounds", id, n.Code)
				return
			}
			if slices.ContainsFunc(n.Leaves(), func(l *survey.Node) bool { return f.Unofficial && l.Nominal == nil }) {
				return
			}
			if n.Value != nil && n.Attainable == nil {
				return // published as it is: nothing is known but the nominal scale
			}
			if n.Attainable == nil {
				t.Errorf("%s %s: no attainable bounds", id, n.Code)
				return
			}
			got := reach(n, f.Measure)
			if math.Abs(got.Min-n.Attainable.Min) > 1e-9 || math.Abs(got.Max-n.Attainable.Max) > 1e-9 {
				t.Errorf("%s %s: the weights allow %v, stated is %v", id, n.Code, got, *n.Attainable)
			}
			// Nominal constants are printed with two decimals, one of them is off by a tenth (3.3 begins at 0.22).
			if slack := 0.12 + 0.01*float64(len(n.Leaves())); n.Attainable.Min < n.Nominal.Min-slack || n.Attainable.Max > n.Nominal.Max+slack {
				t.Errorf("%s %s: attainable %v lies outside nominal %v", id, n.Code, *n.Attainable, *n.Nominal)
			}
		})
	}
	if len(open) != 3 || open["sipas"] {
		t.Errorf("without a maximum are %v; three parts of the PAR Index of 2020 are", open)
	}
}

func TestFrameworksAreLabelled(t *testing.T) {
	t.Parallel()
	for id, f := range frameworks(t) {
		if f.Source == "" {
			t.Errorf("%s names no source", id)
		}
		f.Walk(func(n *survey.Node, _ []*survey.Node) {
			for _, lang := range survey.Languages() {
				if strings.TrimSpace(n.Label[lang]) == "" {
					t.Errorf("%s %s: no label in %s", id, n.Code, lang)
				}
			}
		})
		for lang, s := range f.Title {
			if s == "" {
				t.Errorf("%s: no title in %s", id, lang)
			}
		}
	}
}

func TestFrameworkShapes(t *testing.T) {
	t.Parallel()
	all := frameworks(t)
	for id, leaves := range map[string]int{"sipas-2022": 39, "sipas-2017": 22, "papi-style": 16, "one-stop-2018": 9} {
		if f := all[id]; f == nil || len(f.Root.Leaves()) != leaves {
			t.Errorf("%s is not there or does not have %d leaves", id, leaves)
		}
	}
	if !all["sipas-2017"].Unofficial || all["sipas-2022"].Unofficial {
		t.Error("the framework of 2017 is unofficial, that of 2022 is not")
	}
	if n := len(all["sipas-2017"].Root.Children); n != 5 {
		t.Errorf("sipas-2017 has %d elements", n)
	}
	part, ok := all["sipas-2022"].Node("II")
	if !ok || len(part.Leaves()) != 16 || len(part.Children) != 5 {
		t.Errorf("the service part is %+v", part)
	}
	for i, item := range data.SIPASItems() {
		leaf := all["sipas-2022"].Root.Leaves()[i]
		if _, under := findUnder(all["sipas-2022"], item.Group, leaf.Code); !under || !slices.Equal(leaf.Value.Codes, []int{4, 5}) {
			t.Errorf("item %d is leaf %s, not in %s or not the share of 4 and 5", item.Number, leaf.Code, item.Group)
		}
	}
	style := all["papi-style"]
	if n := len(style.Root.Children); n != 5 || *style.Root.Attainable != (survey.Bounds{Min: 1, Max: 10}) {
		t.Errorf("papi-style has %d sub-dimensions and reaches %+v", n, style.Root.Attainable)
	}
	for _, sub := range style.Root.Children {
		if *sub.Attainable != (survey.Bounds{Min: 0.2, Max: 2}) {
			t.Errorf("papi-style %s reaches %+v", sub.Code, sub.Attainable)
		}
	}
	oneStop := all["one-stop-2018"]
	if oneStop.Root.Missing != survey.MissingDrop || oneStop.Root.Attainable.Max != 18 {
		t.Errorf("one-stop-2018: %+v", oneStop.Root)
	}
	for i, g := range oneStop.Grades {
		want := gradesOfUnits()[i]
		if g.Code != want.EN || g.From != want.From || !strings.EqualFold(g.Label[survey.Vietnamese], want.VI) {
			t.Errorf("grade %+v, the circular says %+v", g, want)
		}
	}
	for _, leaf := range oneStop.Root.Leaves() {
		if leaf.Round == nil || *leaf.Round != 1 {
			t.Errorf("one-stop-2018 %s is not rounded to one decimal before the sum", leaf.Code)
		}
	}
}

func gradesOfUnits() []data.OneStopGrade {
	return slices.DeleteFunc(slices.Clone(data.OneStopGrades()), func(g data.OneStopGrade) bool { return g.Subject != "unit" })
}

func findUnder(f *survey.Framework, group, leaf string) (*survey.Node, bool) {
	n, ok := f.Node(group)
	if !ok {
		return nil, false
	}
	i := slices.IndexFunc(n.Leaves(), func(l *survey.Node) bool { return l.Code == leaf })
	if i < 0 {
		return nil, false
	}
	return n.Leaves()[i], true
}

// TestPublishedFrameworksMatchTheComposition holds the framework of each era against the table of compositions
// and the recovered formulas, year by year.
func TestPublishedFrameworksMatchTheComposition(t *testing.T) {
	t.Parallel()
	all := frameworks(t)
	era := map[int]string{}
	for _, e := range []struct {
		id       string
		from, to int
	}{{"papi-2011", 2011, 2015}, {"papi-2016", 2016, 2017}, {"papi-2018", 2018, 2018}, {"papi-2019", 2019, 2020}, {"papi-2021", 2021, 2024}} {
		for y := e.from; y <= e.to; y++ {
			era[y] = e.id
		}
	}
	for _, year := range data.PAPIYears() {
		f := all[era[year]]
		if f == nil {
			t.Fatalf("%d has no framework", year)
		}
		dims := data.PAPIComposition(year)
		if len(f.Root.Children) != len(dims) || f.Root.Combine != survey.CombineSum {
			t.Fatalf("%d: %d dimensions", year, len(f.Root.Children))
		}
		for i, d := range dims {
			node := f.Root.Children[i]
			if node.Code != d.Code || node.Label[survey.English] != d.NameEN || node.Label[survey.Vietnamese] != d.NameVI || len(node.Children) != len(d.Subs) {
				t.Errorf("%d: dimension %s is %s with %d parts", year, d.Code, node.Code, len(node.Children))
				continue
			}
			for j, s := range d.Subs {
				sub := node.Children[j]
				if sub.Code != s.Code || sub.Label[survey.English] != s.NameEN || *sub.Nominal != (survey.Bounds{Min: s.Min, Max: s.Max}) {
					t.Errorf("%d: sub-dimension %s is %+v", year, s.Code, sub)
				}
				if year == 2018 || year == 2019 {
					matchFormula(t, year, &sub)
				} else if year != 2020 && len(sub.Children) > 0 {
					t.Errorf("%d: %s has a formula that was never checked", year, s.Code)
				}
			}
		}
	}
}

// TestComparability lists, for each pair of following years, which nodes of PAPI do not compare. A sub-dimension breaks where its
// code means something else, where its scale changes, and where a framework says so; what stands above it breaks with it.
func TestComparability(t *testing.T) {
	t.Parallel()
	all := frameworks(t)
	find := survey.Frameworks(func(ref survey.FrameworkRef) (*survey.Framework, bool) {
		f, ok := all[ref.ID]
		return f, ok && f.Version == ref.Version
	})
	era := func(year int) *survey.Framework {
		for _, f := range all {
			if f.Root.Code == data.PAPITotal && f.Years.Holds(year) {
				return f
			}
		}
		t.Fatalf("no framework for %d", year)
		return nil
	}
	subs := func(year int) map[string]data.PAPISubDimension {
		m := map[string]data.PAPISubDimension{}
		for _, d := range data.PAPIComposition(year) {
			for _, s := range d.Subs {
				m[s.Code] = s
			}
		}
		return m
	}
	want := map[int]string{
		2012: "", 2013: "", 2014: "", 2015: "", 2017: "", 2020: "", 2022: "", 2023: "", 2024: "",
		2016: "3 3.2 3.3 total",
		2018: "2 2.1 2.2 2.3 2.4 3 3.3 7 7.1 7.2 7.3 8 8.1 8.2 total",
		2019: "7 7.1 8 8.1 8.2 8.3 total",
		2021: "5 5.1 5.2 5.3 5.4 total",
	}
	for year, nodes := range want {
		var codes []string
		for _, f := range []*survey.Framework{era(year - 1), era(year)} {
			f.Walk(func(n *survey.Node, _ []*survey.Node) {
				if n.Kind != survey.NodeIndicator && !slices.Contains(codes, n.Code) {
					codes = append(codes, n.Code)
				}
			})
		}
		slices.Sort(codes)
		var broken []string
		for _, node := range codes {
			b, is := find.BreakBetween(era(year), node, year-1, year)
			old, had := subs(year - 1)[node]
			cur, has := subs(year)[node]
			if had != has || has && (old.NameEN != cur.NameEN || old.Min != cur.Min || old.Max != cur.Max) {
				if !is {
					t.Errorf("%s changed in %d, and its framework does not say so", node, year)
				}
			}
			if !is {
				continue
			}
			broken = append(broken, node)
			if b.Year != year || b.Node != node || b.Reason[survey.English] == "" || b.Reason[survey.Vietnamese] == "" {
				t.Errorf("%s in %d breaks as %+v", node, year, b)
			}
			back, also := find.BreakBetween(era(year), node, year, year-1)
			if !also || back.Reason[survey.English] != b.Reason[survey.English] {
				t.Errorf("%s: the order of the years matters", node)
			}
		}
		if got := strings.Join(broken, " "); got != nodes {
			t.Errorf("%d against %d:\n got %q\nwant %q", year, year-1, got, nodes)
		}
	}
	if _, broken := find.BreakBetween(era(2024), "1.1", 2011, 2024); broken {
		t.Error("1.1 kept its make-up from 2011 to 2024")
	}
	if b, broken := find.BreakBetween(era(2024), "7.1", 2018, 2024); !broken || !strings.Contains(b.Reason[survey.English], "four") {
		t.Errorf("7.1 from 2018 to 2024: %+v", b)
	}
	if b, broken := find.BreakBetween(era(2024), data.PAPITotal, 2017, 2024); !broken || b.Year != 2021 {
		t.Errorf("the latest break of the total before 2024 is %+v", b)
	}
	for _, node := range []string{data.PAPITotal, "9", "9.1"} {
		if _, broken := find.BreakBetween(era(2011), node, 2010, 2011); !broken {
			t.Errorf("%s compares with 2010, of which nothing is there", node)
		}
	}
	if _, broken := find.BreakBetween(all["sipas-2022"], "sipas", 2021, 2022); !broken {
		t.Error("SIPAS of 2021 and of 2022 are two instruments and compare")
	}
	if _, broken := find.BreakBetween(all["sipas-2022"], "sipas", 2022, 2024); broken {
		t.Error("SIPAS of 2022 and of 2024 do not compare")
	}
}

func matchFormula(t *testing.T, year int, sub *survey.Node) {
	t.Helper()
	var terms []data.PAPIFormula
	for _, f := range data.PAPIFormulas() {
		if f.Exact && f.Sub == sub.Code && f.FirstYear <= year && year <= f.LastYear {
			terms = append(terms, f)
		}
	}
	if len(terms) != len(sub.Children) {
		t.Errorf("%d: %s has %d terms, recovered were %d", year, sub.Code, len(sub.Children), len(terms))
		return
	}
	for i, f := range terms {
		leaf := sub.Children[i]
		width := leaf.Value.Bounds.Max - leaf.Value.Bounds.Min
		if leaf.Code != f.Item || math.Abs(leaf.Coefficient-f.Coefficient*width) > 1e-9 || math.Abs(sub.Intercept-f.Intercept) > 1e-6 {
			t.Errorf("%d: %s has %v + %v x %s, recovered was %+v", year, sub.Code, sub.Intercept, leaf.Coefficient, leaf.Code, f)
		}
	}
}

func TestInstruments(t *testing.T) {
	t.Parallel()
	all := instruments(t)
	if !slices.Equal(data.Instruments(), []string{"form-39", "kiosk-2026", "web-2026"}) {
		t.Fatalf("the instruments are %v", data.Instruments())
	}
	modules := map[string]string{
		"m1": "s24 s25 s26 s37", "m2": "s27 s28 s29 s30", "m3": "s31 s32 s33 s38", "m4": "s34 s35 s36 s39", "law": "law1 law3 law4 law7",
	}
	for id, in := range all {
		if in.Wording != "unapproved" {
			t.Errorf("%s: no office has approved the wording", id)
		}
		if !slices.Equal(in.Core, []string{"overall"}) || in.RequiredItem() != "overall" {
			t.Errorf("%s: the core is %v, required is %s", id, in.Core, in.RequiredItem())
		}
		if in.Comment == nil {
			t.Errorf("%s takes no comment", id)
		}
		for _, m := range in.Modules {
			if want, shared := modules[m.Code]; shared && strings.Join(m.Items, " ") != want {
				t.Errorf("%s: module %s asks %v, want %s", id, m.Code, m.Items, want)
			}
		}
		for _, item := range in.Items {
			if again, ok := all["form-39"].Item(item.Code); ok && again.Text[survey.Vietnamese] != item.Text[survey.Vietnamese] {
				t.Errorf("%s: %s asks something else than in form-39", id, item.Code)
			}
		}
	}
	kiosk := all["kiosk-2026"]
	if kiosk.Mode != survey.ModeKiosk || kiosk.Draw != 1 || len(kiosk.Modules) != 5 || len(kiosk.Items) != 21 {
		t.Errorf("the kiosk draws %d of %d modules over %d items", kiosk.Draw, len(kiosk.Modules), len(kiosk.Items))
	}
	for _, m := range kiosk.Modules {
		if m.Chance != 0.2 || len(m.Items) != 4 {
			t.Errorf("the kiosk's module %s has %d items and the chance %v", m.Code, len(m.Items), m.Chance)
		}
	}
	web := all["web-2026"]
	if web.Mode != survey.ModeWeb || web.Draw != 0 || len(web.Modules) != 4 || len(web.Items) != 17 {
		t.Errorf("the web asks %d modules and %d items", len(web.Modules), len(web.Items))
	}
	form := all["form-39"]
	for n, want := range data.SIPASItems() {
		if _, ok := form.Item("s" + strconv.Itoa(want.Number)); !ok {
			t.Errorf("form-39 lacks item %d", n+1)
		}
	}
}

// TestEveryLeafIsAsked holds that each framework that is scored from answers finds its items, with scales
// that hold its codes, in an instrument that is shipped.
func TestEveryLeafIsAsked(t *testing.T) {
	t.Parallel()
	fs, ins := frameworks(t), instruments(t)
	for id, by := range map[string]string{"sipas-2022": "form-39", "papi-style": "web-2026", "one-stop-2018": "kiosk-2026"} {
		for _, leaf := range fs[id].Root.Leaves() {
			if leaf.Value.Kind == "given" {
				continue
			}
			item, ok := ins[by].Item(leaf.Value.Item)
			if !ok {
				t.Errorf("%s %s: %s does not ask %s", id, leaf.Code, by, leaf.Value.Item)
				continue
			}
			scale, _ := ins[by].Scale(item.Scale)
			lowest, highest := scale.Levels[len(scale.Levels)-1].Code, scale.Levels[0].Code
			if b := leaf.Value.Bounds; b != nil && (b.Min != float64(lowest) || b.Max != float64(highest)) {
				t.Errorf("%s %s: scaled from %v, answered from %d to %d", id, leaf.Code, *b, lowest, highest)
			}
			for _, code := range leaf.Value.Codes {
				if !slices.ContainsFunc(scale.Levels, func(l survey.Level) bool { return l.Code == code }) {
					t.Errorf("%s %s: nobody can answer %d", id, leaf.Code, code)
				}
			}
		}
	}
}

// TestWordsOfInstruments holds what a citizen sees: every text in three languages, the best answer on top,
// faces for satisfaction only, and questions short enough for a card.
func TestWordsOfInstruments(t *testing.T) {
	t.Parallel()
	longest := map[survey.Lang]int{survey.Vietnamese: 95, survey.English: 95, survey.Chinese: 40}
	for id, in := range instruments(t) {
		whole := func(what string, text survey.Text) {
			for _, lang := range survey.Languages() {
				if strings.TrimSpace(text[lang]) == "" || survey.CleanText(text[lang]) != text[lang] {
					t.Errorf("%s: %s is empty or not clean in %s: %q", id, what, lang, text[lang])
				}
			}
		}
		whole("the title", in.Title)
		whole("the introduction", in.Intro)
		whole("the comment", in.Comment.Text)
		for _, s := range in.Scales {
			for i, l := range slices.Concat(s.Levels, s.Missing) {
				whole("scale "+s.ID, l.Label)
				if i > 0 && i < len(s.Levels) && l.Code >= s.Levels[i-1].Code {
					t.Errorf("%s: scale %s does not put the best answer on top", id, s.ID)
				}
			}
			if law := strings.HasPrefix(s.ID, "law-"); s.Faces == law || law && len(s.Levels) != 3 || !law && len(s.Levels) != 5 {
				t.Errorf("%s: scale %s has faces: %v, and %d levels", id, s.ID, s.Faces, len(s.Levels))
			}
		}
		for _, m := range in.Modules {
			whole("module "+m.Code, m.Title)
		}
		placed := map[string]int{}
		for _, s := range in.Sections {
			whole("section "+s.Code, s.Title)
			for _, code := range s.Items {
				placed[code]++
			}
		}
		for _, item := range in.Items {
			whole(item.Code, item.Text)
			whole(item.Code+" in short", item.Short)
			if item.Help != nil {
				whole(item.Code+"'s help", item.Help)
			}
			for lang, most := range longest {
				if n := len([]rune(item.Text[lang])); n > most {
					t.Errorf("%s: %s has %d letters in %s, a card holds %d", id, item.Code, n, lang, most)
				}
			}
			if len(in.Sections) > 0 && placed[item.Code] != 1 {
				t.Errorf("%s: %s stands in %d sections", id, item.Code, placed[item.Code])
			}
		}
	}
}
