package i18n

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"sipas/survey"
)

// citizen are the parts of the catalogue that everybody reads: they exist in every
// language. The others are for pages behind the sign-in.
var citizen = []string{
	"brand.", "language.", "demo.", "landing.", "signin.", "error_page.", "form.", "used.", "closed.",
	"thanks.", "kiosk.", "error.", "layout.skip",
}

func forCitizens(key string) bool {
	return slices.ContainsFunc(citizen, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
}

func TestEveryTextExistsInItsLanguages(t *testing.T) {
	keys := map[string]bool{}
	for _, m := range catalogues {
		for key := range m {
			keys[key] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		one := strings.HasSuffix(key, ".one")
		if _, ok := catalogues[VI][key]; ok == one {
			t.Errorf("vi: %s: present is %v", key, ok)
		}
		if _, ok := catalogues[EN][key]; !ok {
			t.Errorf("en: %s is missing", key)
		}
		if _, ok := catalogues[ZH][key]; ok != (forCitizens(key) && !one) {
			t.Errorf("zh: %s: present is %v", key, ok)
		}
		if base, ok := strings.CutSuffix(key, ".other"); ok && !keys[base+".one"] {
			t.Errorf("en: %s has no singular", base)
		}
		if base, ok := strings.CutSuffix(key, ".one"); ok && !keys[base+".other"] {
			t.Errorf("%s has no plural", base)
		}
	}
}

var parameter = regexp.MustCompile(`\{([^{}]*)\}`)

// parameters lists the names in braces, each once, sorted.
func parameters(text string) []string {
	var names []string
	for _, m := range parameter.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestTextsAreWhole(t *testing.T) {
	for lang, m := range catalogues {
		for key, text := range m {
			switch {
			case strings.TrimSpace(text) == "":
				t.Errorf("%s: %s is empty", lang, key)
			case text != strings.TrimSpace(text):
				t.Errorf("%s: %s has space around it", lang, key)
			case !norm.NFC.IsNormalString(text):
				t.Errorf("%s: %s is not NFC: the fonts hold composed letters", lang, key)
			}
			reference := catalogues[EN][key]
			if got, want := parameters(text), parameters(reference); !slices.Equal(got, want) {
				// A singular may write "one" out, everything else names the same things.
				t.Errorf("%s: %s has parameters %q, English has %q", lang, key, got, want)
			}
		}
	}
	for key, text := range catalogues[EN] {
		base, ok := strings.CutSuffix(key, ".one")
		if !ok {
			continue
		}
		for _, name := range parameters(text) {
			if !slices.Contains(parameters(catalogues[EN][base+".other"]), name) {
				t.Errorf("en: %s has {%s}, the plural has not", key, name)
			}
		}
	}
}

// call is one use of the catalogue in the program.
type call struct {
	where  string
	key    string
	count  bool
	names  []string
	spread bool // the arguments are not written at the call
}

// uses reads the program: every call of T and Count with a key written out, every text
// that might be a key, and every beginning of a key that is put together.
func uses(t *testing.T) (calls []call, literals, beginnings map[string]bool) {
	t.Helper()
	literals, beginnings = map[string]bool{}, map[string]bool{}
	files := token.NewFileSet()
	for _, root := range []string{"..", "../../survey/web"} {
		if _, err := os.Stat(root); err != nil {
			continue
		}
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.BasicLit:
					if s, ok := text(n); ok {
						literals[s] = true
					}
				case *ast.BinaryExpr:
					if s, ok := text(n.X); ok && n.Op == token.ADD && strings.HasSuffix(s, ".") {
						beginnings[s] = true
					}
				case *ast.CallExpr:
					if c, ok := read(n); ok {
						c.where = files.Position(n.Pos()).String()
						calls = append(calls, c)
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(calls) < 100 {
		t.Fatalf("only %d uses found: the test does not read the program any more", len(calls))
	}
	return calls, literals, beginnings
}

func text(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}

// read understands i18n.T(lang, "key", "name", value, …) and i18n.Count(lang, "key", n, …).
func read(n *ast.CallExpr) (call, bool) {
	f, ok := n.Fun.(*ast.SelectorExpr)
	if !ok || len(n.Args) < 2 {
		return call{}, false
	}
	if pkg, ok := f.X.(*ast.Ident); !ok || pkg.Name != "i18n" || (f.Sel.Name != "T" && f.Sel.Name != "Count") {
		return call{}, false
	}
	key, ok := text(n.Args[1])
	if !ok {
		return call{}, false
	}
	c := call{key: key, count: f.Sel.Name == "Count", spread: n.Ellipsis.IsValid()}
	rest := n.Args[2:]
	if c.count {
		c.names, rest = append(c.names, "n"), rest[1:]
	}
	for i := 0; i < len(rest); i += 2 {
		name, _ := text(rest[i])
		c.names = append(c.names, name)
	}
	slices.Sort(c.names)
	return c, true
}

func TestEveryUseHasItsTextAndParameters(t *testing.T) {
	calls, _, _ := uses(t)
	for _, c := range calls {
		key := c.key
		if c.count {
			key += ".other"
		}
		english, ok := catalogues[EN][key]
		if !ok {
			t.Errorf("%s: no text %q", c.where, key)
			continue
		}
		if !c.spread && !slices.Equal(c.names, parameters(english)) && !(c.count && slices.Equal(without(c.names, "n"), parameters(english))) {
			t.Errorf("%s: %s is given %q, its text has %q", c.where, key, c.names, parameters(english))
		}
	}
}

func without(names []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(s string) bool { return s == name })
}

func TestEveryTextIsUsed(t *testing.T) {
	_, literals, beginnings := uses(t)
	var scripts strings.Builder
	names, err := filepath.Glob("../../static/kiosk*.js")
	if err != nil || len(names) == 0 {
		t.Fatalf("no scripts of the kiosk: %v", err)
	}
	for _, name := range names {
		script, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		scripts.Write(script)
	}
	for key := range catalogues[EN] {
		base := strings.TrimSuffix(strings.TrimSuffix(key, ".one"), ".other")
		used := literals[key] || literals[base] || slices.Contains(domainKeys(), key)
		for beginning := range beginnings {
			used = used || strings.HasPrefix(key, beginning)
		}
		if rest, ok := strings.CutPrefix(key, "kiosk."); ok && !used {
			// A word of the page's own stands in the page; the scripts name the others, and build few keys from parts.
			used = literals[rest] || strings.Contains(scripts.String(), `"`+rest+`"`) ||
				strings.HasPrefix(rest, "problem.") || strings.HasPrefix(rest, "status_storage_")
		}
		if !used {
			t.Errorf("%s is used nowhere", key)
		}
	}
}

func TestEveryErrorOfTheProgramHasASentence(t *testing.T) {
	for _, code := range survey.Codes() {
		for _, lang := range Languages() {
			if _, ok := catalogues[lang]["error."+string(code)]; !ok {
				t.Errorf("%s: error.%s is missing", lang, code)
			}
		}
	}
	for key := range catalogues[EN] {
		code, ok := strings.CutPrefix(key, "error.")
		if ok && !slices.Contains(survey.Codes(), survey.Code(strings.TrimSuffix(code, ".do"))) {
			t.Errorf("%s: the program has no such error", key)
		}
	}
}

// domainKeys are the texts for the words of the domain that pages put into sentences.
func domainKeys() []string {
	keys := []string{
		"lateness." + string(survey.OnTime), "lateness." + string(survey.Late), "lateness." + string(survey.Undated),
		"channel." + string(survey.ChannelCounter), "channel." + string(survey.ChannelOnline), "channel." + string(survey.ChannelPost),
		"reason." + survey.ReasonFewAnswers, "reason." + survey.ReasonComplementary,
		"reason." + survey.ReasonUndefined, "reason." + survey.ReasonNoAnswers,
		"flag_state." + string(survey.FlagRaised), "flag_state." + string(survey.FlagWatch), "flag_state." + string(survey.FlagTooFew),
	}
	for _, role := range survey.Roles() {
		keys = append(keys, "role."+string(role))
	}
	for _, code := range survey.CompareReasons() {
		keys = append(keys, "compare.reason."+code)
	}
	for _, code := range survey.FaultCodes() {
		keys = append(keys, "fault."+string(code))
	}
	for _, code := range survey.NoteCodes() {
		keys = append(keys, "note."+string(code))
	}
	for _, dim := range survey.DimNames {
		keys = append(keys, "dimension."+dim, "overview.response_by."+dim)
	}
	return keys
}

func TestEveryWordOfTheDomainHasAText(t *testing.T) {
	for _, key := range domainKeys() {
		for _, lang := range StaffLanguages() {
			if _, ok := catalogues[lang][key]; !ok {
				t.Errorf("%s: %s is missing", lang, key)
			}
		}
	}
}

func TestFallback(t *testing.T) {
	if got, want := T(ZH, "scores.title"), catalogues[EN]["scores.title"]; got != want {
		t.Errorf("a staff page in Chinese says %q, want English %q", got, want)
	}
	if got := T(VI, "no.such"); got != "no.such" {
		t.Errorf("an unknown key gives %q", got)
	}
	if words := Section(ZH, "kiosk."); words["start"] != catalogues[ZH]["kiosk.start"] || len(words) == 0 {
		t.Errorf("the section of the kiosk begins %q", words["start"])
	}
}
