package survey

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// AssessmentID names an assessment for ever, in an address and on the command line: "so-noi-vu-2026".
type AssessmentID string

// Assessment is what one office has of one framework for one year: for each criterion the points that it gave itself and those that others
// gave, and the files that prove them.
type Assessment struct {
	ID        AssessmentID
	Framework FrameworkRef
	Office    string // as it calls itself
	Unit      UnitID // of the office, where it is one: departments see the assessments of their own units; "" for none
	Year      int
	Wave      WaveID // whose figures fill what the framework takes from another one; "" for none
	Values    map[string]CriterionValues
	Revision  int // rises with every change of what stands above; files come and go without it
	Changed   time.Time
	By        string     // the name of the account that changed it last
	Files     []Evidence // in order of criterion and name
}

// CriterionValues are the points of one criterion by who gave them; nil where nobody did.
type CriterionValues struct {
	Self       *float64 `json:"self,omitempty"`
	Appraised  *float64 `json:"appraised,omitempty"`
	Survey     *float64 `json:"survey,omitempty"`
	Statistics *float64 `json:"statistics,omitempty"`
}

// PointSource is who gave points.
type PointSource string

// The sources of points, named as the columns of a table of criteria.
const (
	SourceSelf       PointSource = "self"
	SourceAppraised  PointSource = "appraised"
	SourceSurvey     PointSource = "survey"
	SourceStatistics PointSource = "statistics"
)

// PointSources lists them in the order of a table's columns.
func PointSources() []PointSource {
	return []PointSource{SourceSelf, SourceAppraised, SourceSurvey, SourceStatistics}
}

// Of returns the points that a source gave, or nil.
func (v CriterionValues) Of(s PointSource) *float64 {
	switch s {
	case SourceSelf:
		return v.Self
	case SourceAppraised:
		return v.Appraised
	case SourceSurvey:
		return v.Survey
	case SourceStatistics:
		return v.Statistics
	}
	return nil
}

// Set puts the points of a source in the place of those that it gave; nil takes them out.
func (v *CriterionValues) Set(s PointSource, x *float64) {
	switch s {
	case SourceSelf:
		v.Self = x
	case SourceAppraised:
		v.Appraised = x
	case SourceSurvey:
		v.Survey = x
	case SourceStatistics:
		v.Statistics = x
	}
}

// String writes the points one after the other, so that equal points are equal text.
func (v CriterionValues) String() string {
	parts := make([]string, 0, 4)
	for _, s := range PointSources() {
		text := ""
		if x := v.Of(s); x != nil {
			text = strconv.FormatFloat(*x, 'g', -1, 64)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "|")
}

// EvidenceID names one attached file: chance.
type EvidenceID string

// Evidence is a file that proves the points of a criterion. It never changes: another content is another file.
type Evidence struct {
	ID        EvidenceID
	Criterion string
	Name      string // as CleanEvidenceName makes it
	Size      int64
	SHA256    string // of the content, in hexadecimal digits
	Added     time.Time
	By        string // the name of the account that attached it
}

// The limits of evidence.
const (
	MaxEvidence      = 16 << 20 // bytes of one file
	MaxEvidenceFiles = 200      // of one assessment
	maxEvidenceName  = 180      // bytes: file systems take 255 of them, and a Vietnamese letter has up to three
)

// The limits of an assessment.
const (
	MaxOffice        = 160 // letters of an office's name
	FirstYear        = 2000
	LastYear         = 2100
	maxAssessmentID  = 60
	assessmentIDTail = 3 // letters kept for a number that tells equal names apart
)

// EvidenceKinds lists the endings of the files that are taken.
func EvidenceKinds() []string {
	return []string{"pdf", "docx", "xlsx", "pptx", "odt", "ods", "png", "jpg", "jpeg", "tif", "zip", "csv", "txt"}
}

// CleanEvidenceName makes of what a browser or a table calls a file a name that every system can write and no reader can mistake: without
// folders, without characters that cannot be seen or that turn the direction of writing, without what parts names in a table of
// criteria, in composed letters, not too long, and not the name of a device. A kind of file that is not taken is CodeEvidenceKind.
func CleanEvidenceName(raw string) (string, error) {
	name := norm.NFC.String(strings.ToValidUTF8(raw, "-"))
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || unicode.Is(unicode.Zs, r):
			return ' '
		case unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp):
			return -1
		case strings.ContainsRune(`;|<>:"?*%`, r):
			return '-'
		}
		return r
	}, name)
	// What was taken out may have kept a letter and its mark apart.
	name = norm.NFC.String(name)
	// An apostrophe in front is what guards a cell of a table against being taken for a formula.
	name = strings.TrimLeft(strings.Trim(strings.Join(strings.Fields(name), " "), ". "), "' .")
	at := strings.LastIndexByte(name, '.')
	kind := strings.ToLower(name[at+1:])
	if at <= 0 || !slices.Contains(EvidenceKinds(), kind) {
		return "", (&Error{Code: CodeEvidenceKind, Op: "name evidence"}).With("name", shorten(name, 60)).With("kinds", strings.Join(EvidenceKinds(), ", "))
	}
	base := strings.TrimRight(shorten(name[:at], maxEvidenceName-len(kind)-1), ". ")
	if device := strings.ToLower(base); base == "" || slices.Contains(devices, device) {
		base = "_" + base
	}
	return base + "." + kind, nil
}

// devices are names that are no files on some systems.
var devices = []string{
	"con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9",
	"lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
}

// shorten cuts a text to so many bytes, on a letter.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// NewAssessmentID makes an id of the office's name and the year that is not taken yet.
func NewAssessmentID(office string, year int, taken func(AssessmentID) bool) AssessmentID {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFD.String(strings.ToLower(office)) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
		case r == 'đ':
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteByte('d')
		case unicode.Is(unicode.Mn, r):
		default:
			gap = true
		}
	}
	name := strings.Trim(shorten(b.String(), maxAssessmentID-len("-2026-")-assessmentIDTail), "-")
	if name == "" {
		name = "assessment"
	}
	name = fmt.Sprintf("%s-%d", name, year)
	id := AssessmentID(name)
	for i := 2; taken(id); i++ {
		id = AssessmentID(fmt.Sprintf("%s-%d", name, i))
	}
	return id
}

// CleanOffice brings the name of an office to one line of composed letters.
func CleanOffice(name string) string { return strings.Join(strings.Fields(CleanText(name)), " ") }

// Assessable reports whether offices assess themselves by a framework: some criterion says who gives its points, or asks for evidence.
func (f *Framework) Assessable() bool {
	return slices.ContainsFunc(f.Root.Leaves(), func(n *Node) bool { return n.Value != nil && (n.Value.Source != "" || n.Value.Evidence) })
}

// PerCent reports whether tables give an indicator in per cent that is computed as a share of one.
func (f *Framework) PerCent(n *Node) bool {
	return f.Measure == Percent && n.Value != nil && n.Value.Kind == ValueShare
}

// TableBounds are the values that a table may give of an indicator; nil where the framework does not say.
func (f *Framework) TableBounds(n *Node) *Bounds {
	if f.PerCent(n) {
		return &Bounds{Min: 0, Max: 100}
	}
	return n.Raw()
}

// Criterion returns the criterion of a code: an indicator, with nothing below it.
func (f *Framework) Criterion(code string) (*Node, bool) {
	n, ok := f.Node(code)
	if !ok || n.Value == nil {
		return nil, false
	}
	return n, true
}

// Within reports whether points lie within bounds, but for what a sum of rounded points is off by.
func (b *Bounds) Within(x float64) bool { return b == nil || x >= b.Min-1e-9 && x <= b.Max+1e-9 }

// Check says what keeps an assessment from being stored: an office without a name, a year that is none, a criterion that the framework does
// not have, points outside of its bounds.
func (a *Assessment) Check(f *Framework) error {
	const op = "check assessment"
	switch {
	case f.Ref() != a.Framework:
		return Errorf(CodeBadRequest, op, "it is of %s, not of %s", a.Framework, f.Ref())
	case a.Office == "" || a.Office != CleanOffice(a.Office) || utf8.RuneCountInString(a.Office) > MaxOffice:
		return Errorf(CodeBadRequest, op, "office %q", shorten(a.Office, 200))
	case a.Year < FirstYear || a.Year > LastYear:
		return Errorf(CodeBadRequest, op, "year %d", a.Year)
	}
	for _, code := range slices.Sorted(maps.Keys(a.Values)) {
		n, ok := f.Criterion(code)
		if !ok {
			return (&Error{Code: CodeCriterionInvalid, Op: op}).With("criterion", shorten(code, 60))
		}
		for _, s := range PointSources() {
			if x := a.Values[code].Of(s); x != nil && !f.TableBounds(n).Within(*x) {
				return (&Error{Code: CodeCriterionInvalid, Op: op, Err: fmt.Errorf("%g %s points", *x, s)}).With("criterion", code)
			}
		}
	}
	return nil
}

// FilesOf returns the files of one criterion.
func (a *Assessment) FilesOf(code string) []Evidence {
	var out []Evidence
	for _, e := range a.Files {
		if e.Criterion == code {
			out = append(out, e)
		}
	}
	return out
}

// File returns an attached file.
func (a *Assessment) File(id EvidenceID) (*Evidence, bool) {
	i := slices.IndexFunc(a.Files, func(e Evidence) bool { return e.ID == id })
	if i < 0 {
		return nil, false
	}
	return &a.Files[i], true
}

// CanSeeAssessment reports whether the actor may see an assessment: a department those of its own units, analysts and administrators all.
func (a Actor) CanSeeAssessment(x *Assessment) bool {
	if !a.Can(ActViewAssessments) {
		return false
	}
	return a.Role != Department || x.Unit != "" && slices.Contains(a.Units, x.Unit)
}
