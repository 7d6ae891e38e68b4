package web

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"sipas/survey"
	"sipas/templates/i18n"
	"sipas/templates/layout"
	"sipas/templates/pages"
	"sipas/templates/ui"
)

// The choices of a node's form, in the order in which they are offered.
var (
	nodeKinds = []string{
		string(survey.NodeIndex), string(survey.NodePart), string(survey.NodeElement), string(survey.NodeDimension),
		string(survey.NodeSubDimension), string(survey.NodeIndicator),
	}
	combines     = []string{string(survey.CombineMeanOfLeaves), string(survey.CombineSum), string(survey.CombineMean), string(survey.CombineLinear)}
	missingRules = []string{string(survey.MissingFail), string(survey.MissingDrop), string(survey.MissingRescale), string(survey.MissingFloor)}
	roundings    = []string{"", string(survey.RoundHalfAway), string(survey.RoundHalfEven), string(survey.RoundCut)}
	valueKinds   = []string{
		survey.ValueShare, survey.ValueMean, survey.ValueScore, survey.ValueMedian, survey.ValueCount, survey.ValueTotal, survey.ValueRate, survey.ValueGiven,
	}
	directions   = []string{"", "up", "down"}
	pointSources = []string{"", "appraisal", "survey", "statistics"}
)

func fieldError(f pages.NodeField) ui.FieldError {
	return ui.FieldError{ID: "f-" + f.Name, Text: f.Label + ": " + f.Error}
}

// textFields are the three languages of a name.
func textFields(name string, t survey.Text, l survey.Lang) []pages.NodeField {
	return []pages.NodeField{
		{Name: name + "-vi", Label: i18n.T(l, "framework.name_vi"), Value: t[survey.Vietnamese]},
		{Name: name + "-en", Label: i18n.T(l, "framework.name_en"), Value: t[survey.English]},
		{Name: name + "-zh", Label: i18n.T(l, "framework.name_zh"), Value: t[survey.Chinese]},
	}
}

// maxName is the longest name in letters that a form takes.
const maxName = 300

func textOf(form url.Values, name string) survey.Text {
	t := survey.Text{}
	for _, l := range survey.Languages() {
		field := name + "-" + string(l)
		text := strings.Join(strings.Fields(survey.CleanText(form.Get(field))), " ")
		if runes := []rune(text); len(runes) > maxName {
			text = string(runes[:maxName])
		}
		if text != "" {
			t[l] = text
		}
	}
	return t
}

// nodeForm is the form of the node that is open.
func (s *Server) nodeForm(c *call, e *editing, rows []pages.NodeRow) (*pages.NodeForm, error) {
	n, _ := e.framework.At(e.place)
	l := c.lang
	form := &pages.NodeForm{Place: placeText(e.place), Code: n.Code, Root: len(e.place) == 0}
	if i := slices.IndexFunc(rows, func(r pages.NodeRow) bool { return r.Current }); i >= 0 {
		form.Faults = rows[i].Faults
	}
	add := func(f pages.NodeField) { form.Fields = append(form.Fields, f) }
	number := func(name, key string, x *float64) {
		f := pages.NodeField{Name: name, Label: i18n.T(l, key), Numeric: true}
		if x != nil {
			f.Value = strconv.FormatFloat(*x, 'f', -1, 64)
		}
		add(f)
	}
	choose := func(name, key, value string, all []string, word func(survey.Lang, string) string) {
		f := pages.NodeField{Name: name, Label: i18n.T(l, key), Value: value}
		for _, choice := range all {
			f.Options = append(f.Options, layout.Choice{
				Value: choice, Label: cmp.Or(word(l, choice), i18n.T(l, "framework.none")), Selected: choice == value,
			})
		}
		if !slices.Contains(all, value) {
			f.Options = append(f.Options, layout.Choice{Value: value, Label: value, Selected: true})
		}
		add(f)
	}
	bounds := func(name, low, high string, b *survey.Bounds) {
		b2 := [2]*float64{}
		if b != nil {
			b2 = [2]*float64{&b.Min, &b.Max}
		}
		number(name+"-min", low, b2[0])
		number(name+"-max", high, b2[1])
	}
	for _, f := range textFields("label", n.Label, l) {
		add(f)
	}
	add(pages.NodeField{Name: "code", Label: i18n.T(l, "framework.code"), Value: n.Code})
	choose("kind", "framework.level", string(n.Kind), nodeKinds, kindWord)
	if len(e.place) > 0 {
		weight := &n.Coefficient
		if n.Coefficient == 0 {
			weight = nil
		}
		number("coefficient", "framework.weight", weight)
		add(pages.NodeField{Name: "unscored", Label: i18n.T(l, "framework.unscored"), Check: true, Value: yes(n.Unscored)})
	}
	if n.Value == nil {
		choose("combine", "framework.combine", string(n.Combine), combines, combineWord)
		choose("missing", "framework.missing", string(n.Missing), missingRules, missingWord)
		number("weights-sum", "framework.weights_sum", n.WeightsSum)
		var intercept *float64
		if n.Intercept != 0 {
			intercept = &n.Intercept
		}
		number("intercept", "framework.intercept", intercept)
	} else if err := s.valueFields(c, n.Value, add, choose, bounds); err != nil {
		return nil, err
	}
	var round *float64
	if n.Round != nil {
		x := float64(*n.Round)
		round = &x
	}
	number("round", "framework.round", round)
	choose("rounding", "framework.rounding", string(n.Rounding), roundings, roundingWord)
	bounds("nominal", "framework.nominal_min", "framework.nominal_max", n.Nominal)
	bounds("attainable", "framework.attainable_min", "framework.attainable_max", n.Attainable)
	form.Kept = strings.Join(keptOf(n), ", ")
	for i := range form.Fields {
		f := &form.Fields[i]
		f.Error = e.wrong[f.Name]
		if e.typed == nil {
			continue
		}
		f.Value = e.typed.Get(f.Name)
		for k := range f.Options {
			f.Options[k].Selected = f.Options[k].Value == f.Value
		}
	}
	return form, nil
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

// valueFields are the fields of an indicator: what it is bound to and how its number is scaled.
func (s *Server) valueFields(c *call, v *survey.LeafValue, add func(pages.NodeField),
	choose func(name, key, value string, all []string, word func(survey.Lang, string) string), bounds func(name, low, high string, b *survey.Bounds)) error {
	l := c.lang
	choose("value", "framework.value", v.Kind, valueKinds, valueWord)
	items, err := s.itemChoices(c)
	if err != nil {
		return err
	}
	add(pages.NodeField{Name: "item", Label: i18n.T(l, "framework.item"), Value: v.Item, List: items})
	var codes []string
	for _, code := range v.Codes {
		codes = append(codes, strconv.Itoa(code))
	}
	add(pages.NodeField{Name: "codes", Label: i18n.T(l, "framework.codes"), Value: strings.Join(codes, ", ")})
	add(pages.NodeField{Name: "column", Label: i18n.T(l, "framework.column"), Value: v.Column})
	bounds("bounds", "framework.bounds_min", "framework.bounds_max", v.Bounds)
	choose("direction", "framework.direction", v.Direction, directions, directionWord)
	choose("source", "assessment.points_from", v.Source, pointSources, sourceWord)
	add(pages.NodeField{Name: "evidence", Label: i18n.T(l, "framework.evidence"), Check: true, Value: yes(v.Evidence)})
	return nil
}

// itemChoices are the questions of the published questionnaires.
func (s *Server) itemChoices(c *call) ([]layout.Choice, error) {
	refs, err := s.store.InstrumentRefs(c.ctx())
	if err != nil {
		return nil, err
	}
	var out []layout.Choice
	for _, ref := range refs {
		in, err := s.instrument(c.ctx(), ref)
		if err != nil {
			return nil, err
		}
		for _, it := range in.Items {
			if !slices.ContainsFunc(out, func(o layout.Choice) bool { return o.Value == it.Code }) {
				out = append(out, layout.Choice{Value: it.Code, Label: it.Short.In(c.lang)})
			}
		}
	}
	return out, nil
}

// keptOf names the parts of a node that its form does not show and does not touch.
func keptOf(n *survey.Node) []string {
	var kept []string
	note := func(name string, there bool) {
		if there {
			kept = append(kept, name)
		}
	}
	if v := n.Value; v != nil {
		note("items", len(v.Items) > 0)
		note("unanswered", v.Unanswered != "")
		note("answers", v.Answers != nil)
		note("range", v.Range != nil)
		note("rules", len(v.Rules) > 0)
		note("of, over", len(v.Of)+len(v.Over) > 0)
		note("unknown", len(v.Unknown) > 0)
		note("link", v.Link != nil)
	}
	return kept
}

// applyNode takes what was written into a node's form. The draft need not be whole; only what is no number cannot be kept. It returns what is
// wrong by field, and then the node is not to be used.
func applyNode(n *survey.Node, form url.Values, l survey.Lang) map[string]string {
	wrong := map[string]string{}
	number := func(name string) *float64 {
		text := strings.TrimSpace(form.Get(name))
		if text == "" {
			return nil
		}
		x, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
		if err != nil || x-x != 0 {
			wrong[name] = i18n.T(l, "framework.number_bad", "value", shorten(text))
			return nil
		}
		return &x
	}
	bounds := func(name string) *survey.Bounds {
		low, high := number(name+"-min"), number(name+"-max")
		if low != nil && high != nil {
			return &survey.Bounds{Min: *low, Max: *high}
		}
		if (low != nil || high != nil) && wrong[name+"-min"] == "" && wrong[name+"-max"] == "" {
			wrong[name+"-max"] = i18n.T(l, "framework.bounds_half")
		}
		return nil
	}
	or0 := func(x *float64) float64 {
		if x == nil {
			return 0
		}
		return *x
	}
	n.Label = textOf(form, "label")
	n.Code, n.Kind = shorten(survey.CleanText(form.Get("code"))), survey.NodeKind(form.Get("kind"))
	n.Coefficient, n.Unscored = or0(number("coefficient")), form.Get("unscored") == "yes"
	n.Nominal, n.Attainable = bounds("nominal"), bounds("attainable")
	n.Round, n.Rounding = nil, survey.Rounding(form.Get("rounding"))
	if x := number("round"); x != nil {
		round := int(max(-1, min(*x, 99))) // the check says what can be kept
		n.Round = &round
	}
	if n.Value == nil {
		n.Combine, n.Missing = survey.Combine(form.Get("combine")), survey.MissingRule(form.Get("missing"))
		n.WeightsSum, n.Intercept = number("weights-sum"), or0(number("intercept"))
		return wrong
	}
	v := n.Value
	v.Kind, v.Item, v.Column = form.Get("value"), shorten(survey.CleanText(form.Get("item"))), shorten(survey.CleanText(form.Get("column")))
	v.Bounds, v.Direction, v.Evidence = bounds("bounds"), form.Get("direction"), form.Get("evidence") == "yes"
	v.Source = form.Get("source")
	v.Codes = nil
	for _, part := range strings.FieldsFunc(form.Get("codes"), func(r rune) bool { return strings.ContainsRune(",; ", r) }) {
		code, err := strconv.Atoi(part)
		if err != nil {
			wrong["codes"] = i18n.T(l, "framework.number_bad", "value", shorten(part))
			continue
		}
		v.Codes = append(v.Codes, code)
	}
	return wrong
}

// shorten keeps a code or a quotation to a length that a page can hold.
func shorten(s string) string {
	if runes := []rune(s); len(runes) > 80 {
		return string(runes[:80])
	}
	return s
}
