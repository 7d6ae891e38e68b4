package survey

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Answer codes below zero are not answers: the item was shown, and this is why it has no value.
const (
	AnswerDontKnow = -1 // don't know, no opinion
	AnswerNotApply = -2 // does not apply
	AnswerRefused  = -3 // asked and left open on purpose
)

// ModuleCore is the module of the items that everybody is asked. Its chance is one.
const ModuleCore = "core"

// InstrumentRef names one published version of an instrument.
type InstrumentRef struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
}

// String writes the reference as "kiosk-2026/1".
func (r InstrumentRef) String() string { return fmt.Sprintf("%s/%d", r.ID, r.Version) }

// ParseInstrumentRef reads a reference as String writes it.
func ParseInstrumentRef(s string) (InstrumentRef, bool) {
	id, number, ok := strings.Cut(s, "/")
	version, err := strconv.Atoi(number)
	r := InstrumentRef{ID: id, Version: version}
	return r, ok && err == nil && id != "" && version > 0 && r.String() == s
}

// Instrument is a versioned questionnaire. Once published it never changes: an answer is checked
// against the version that it names, however old.
type Instrument struct {
	ID       string    `json:"id"`
	Version  int       `json:"version"`
	Mode     Mode      `json:"mode"`    // the channel it is made for
	Wording  string    `json:"wording"` // "unapproved" until an office approves the text
	Title    Text      `json:"title"`
	Intro    Text      `json:"intro"` // who asks and why
	Scales   []Scale   `json:"scales"`
	Sections []Section `json:"sections,omitempty"`
	Core     []string  `json:"core"` // items that everybody is asked, in order
	Modules  []Module  `json:"modules"`
	Draw     int       `json:"draw"` // how many modules are drawn; 0 means all are asked, else 1
	Items    []Item    `json:"items"`
	Comment  *Comment  `json:"comment,omitempty"`
}

// Mode is how an answer was given.
type Mode string

// The modes of answering.
const (
	ModeKiosk Mode = "kiosk"
	ModeWeb   Mode = "web"
)

// Scale is a set of answers, listed in the order in which they are shown: the best on top.
type Scale struct {
	ID      string  `json:"id"`
	Faces   bool    `json:"faces"`             // a face stands beside each word
	Levels  []Level `json:"levels"`            // codes of zero and more
	Missing []Level `json:"missing,omitempty"` // codes below zero
}

// Level is one answer: its code is stored, never its position.
type Level struct {
	Code  int  `json:"code"`
	Label Text `json:"label"`
}

// Section groups items on a page, for instance by element of SIPAS.
type Section struct {
	Code  string   `json:"code"`
	Title Text     `json:"title"`
	Items []string `json:"items"`
}

// Module is a set of items that is asked as a whole, with a known chance.
type Module struct {
	Code   string   `json:"code"`
	Title  Text     `json:"title"`
	Chance float64  `json:"chance"`
	Items  []string `json:"items"`
}

// Item is one question.
type Item struct {
	Code     string `json:"code"`
	Scale    string `json:"scale"`
	Required bool   `json:"required,omitempty"`
	Text     Text   `json:"text"`
	Short    Text   `json:"short"` // for tables and charts
	Help     Text   `json:"help,omitempty"`
}

// Comment is the optional remark, always last.
type Comment struct {
	Text Text `json:"text"`
	Max  int  `json:"max"` // letters
}

// Ref returns the instrument's id and version.
func (in *Instrument) Ref() InstrumentRef { return InstrumentRef{ID: in.ID, Version: in.Version} }

// ParseInstrument reads an instrument's JSON document and checks that it is whole. Unknown keys are
// refused: a misspelt key would silently lose a question.
func ParseInstrument(doc []byte) (*Instrument, error) {
	const op = "parse instrument"
	in := new(Instrument)
	if err := decodeStrict(doc, in); err != nil {
		return nil, &Error{Code: CodeDocumentInvalid, Op: op, Err: err}
	}
	if err := in.check(); err != nil {
		return nil, &Error{Code: CodeDocumentInvalid, Op: op, Params: map[string]string{"document": in.ID}, Err: err}
	}
	return in, nil
}

func decodeStrict(doc []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("text after the document's end")
	}
	return nil
}

func (in *Instrument) check() error {
	if in.ID == "" || in.Version < 1 {
		return fmt.Errorf("id and version are needed")
	}
	if in.Mode != ModeKiosk && in.Mode != ModeWeb {
		return fmt.Errorf("mode %q is neither kiosk nor web", in.Mode)
	}
	scales := map[string]bool{}
	for _, s := range in.Scales {
		if scales[s.ID] {
			return fmt.Errorf("scale %s stands twice", s.ID)
		}
		scales[s.ID] = true
		if err := s.check(); err != nil {
			return fmt.Errorf("scale %s: %w", s.ID, err)
		}
	}
	items := map[string]bool{}
	for _, it := range in.Items {
		if it.Code == "" || items[it.Code] {
			return fmt.Errorf("item %q is empty or stands twice", it.Code)
		}
		items[it.Code] = true
		if !scales[it.Scale] {
			return fmt.Errorf("item %s: no scale %q", it.Code, it.Scale)
		}
		if it.Text[Vietnamese] == "" {
			return fmt.Errorf("item %s: no Vietnamese text", it.Code)
		}
	}
	placed := map[string]string{}
	place := func(module string, codes []string) error {
		for _, c := range codes {
			if !items[c] {
				return fmt.Errorf("module %s: no item %q", module, c)
			}
			if was, twice := placed[c]; twice {
				return fmt.Errorf("item %s stands in %s and in %s", c, was, module)
			}
			placed[c] = module
		}
		return nil
	}
	if err := place(ModuleCore, in.Core); err != nil {
		return err
	}
	sum, modules := 0.0, map[string]bool{ModuleCore: true}
	for _, m := range in.Modules {
		if m.Code == "" || modules[m.Code] {
			return fmt.Errorf("module %q is empty, reserved or stands twice", m.Code)
		}
		modules[m.Code] = true
		if m.Chance <= 0 || m.Chance > 1 {
			return fmt.Errorf("module %s: chance %v is not in (0, 1]", m.Code, m.Chance)
		}
		if in.Draw == 0 && m.Chance != 1 {
			return fmt.Errorf("module %s: every module is asked, so its chance must be 1", m.Code)
		}
		if len(m.Items) == 0 {
			return fmt.Errorf("module %s has no items", m.Code)
		}
		sum += m.Chance
		if err := place(m.Code, m.Items); err != nil {
			return err
		}
	}
	if in.Draw < 0 || in.Draw > 1 {
		return fmt.Errorf("draw must be 0 (all modules) or 1")
	}
	if in.Draw == 1 && math.Abs(sum-1) > 1e-9 {
		return fmt.Errorf("the modules' chances sum to %v, not 1", sum)
	}
	required := 0
	for _, it := range in.Items {
		if placed[it.Code] == "" {
			return fmt.Errorf("item %s is in no module", it.Code)
		}
		if it.Required {
			required++
			if placed[it.Code] != ModuleCore {
				return fmt.Errorf("required item %s must be in the core", it.Code)
			}
		}
	}
	if required == 0 {
		return fmt.Errorf("one item must be required: a respondent is who answered it")
	}
	for _, s := range in.Sections {
		for _, c := range s.Items {
			if !items[c] {
				return fmt.Errorf("section %s: no item %q", s.Code, c)
			}
		}
	}
	if in.Comment != nil && in.Comment.Max < 1 {
		return fmt.Errorf("the comment's longest length is not stated")
	}
	return nil
}

func (s Scale) check() error {
	if s.ID == "" || len(s.Levels) < 2 {
		return fmt.Errorf("id and at least two levels are needed")
	}
	seen := map[int]bool{}
	for i, l := range slices.Concat(s.Levels, s.Missing) {
		if seen[l.Code] {
			return fmt.Errorf("code %d stands twice", l.Code)
		}
		seen[l.Code] = true
		if answer := i < len(s.Levels); answer != (l.Code >= 0) {
			return fmt.Errorf("code %d: answers are zero or more, missing codes below zero", l.Code)
		}
		if l.Label[Vietnamese] == "" {
			return fmt.Errorf("code %d: no Vietnamese label", l.Code)
		}
	}
	return nil
}

// Item returns the item of a code.
func (in *Instrument) Item(code string) (Item, bool) {
	i := slices.IndexFunc(in.Items, func(it Item) bool { return it.Code == code })
	if i < 0 {
		return Item{}, false
	}
	return in.Items[i], true
}

// Scale returns the scale of an id.
func (in *Instrument) Scale(id string) (Scale, bool) {
	i := slices.IndexFunc(in.Scales, func(s Scale) bool { return s.ID == id })
	if i < 0 {
		return Scale{}, false
	}
	return in.Scales[i], true
}

// Module returns the module of a code; the core is a module of chance one.
func (in *Instrument) Module(code string) (Module, bool) {
	if code == ModuleCore {
		return Module{Code: ModuleCore, Chance: 1, Items: in.Core}, true
	}
	i := slices.IndexFunc(in.Modules, func(m Module) bool { return m.Code == code })
	if i < 0 {
		return Module{}, false
	}
	return in.Modules[i], true
}

// ModuleOf returns the code of the module that an item is in.
func (in *Instrument) ModuleOf(item string) string {
	if slices.Contains(in.Core, item) {
		return ModuleCore
	}
	for _, m := range in.Modules {
		if slices.Contains(m.Items, item) {
			return m.Code
		}
	}
	return ""
}

// RequiredItem returns the code of the first required item: the one that makes a respondent.
func (in *Instrument) RequiredItem() string {
	for _, it := range in.Items {
		if it.Required {
			return it.Code
		}
	}
	return ""
}

// DrawModules returns the modules that are asked, given a number u in [0, 1): all of them, or the one
// in whose stretch of the cumulated chances u falls. The core is not listed: it is always asked.
func (in *Instrument) DrawModules(u float64) []string {
	if in.Draw == 0 {
		all := make([]string, 0, len(in.Modules))
		for _, m := range in.Modules {
			all = append(all, m.Code)
		}
		return all
	}
	sum := 0.0
	for _, m := range in.Modules {
		sum += m.Chance
		if u < sum {
			return []string{m.Code}
		}
	}
	return []string{in.Modules[len(in.Modules)-1].Code}
}

// Asked returns the items that are asked when the given modules are drawn, in the order of asking.
func (in *Instrument) Asked(modules []string) []Item {
	var codes []string
	codes = append(codes, in.Core...)
	for _, m := range in.Modules {
		if slices.Contains(modules, m.Code) {
			codes = append(codes, m.Items...)
		}
	}
	asked := make([]Item, 0, len(codes))
	for _, c := range codes {
		if it, ok := in.Item(c); ok {
			asked = append(asked, it)
		}
	}
	return asked
}
