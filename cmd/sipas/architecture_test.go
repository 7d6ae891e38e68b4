package main

import (
	"bytes"
	"encoding/json"
	goparser "go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// goPackage is what go list tells of a package.
type goPackage struct {
	ImportPath   string
	Dir          string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

func goList(t *testing.T, args ...string) []byte {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = moduleRoot(t)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return out
}

func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	var all []goPackage
	d := json.NewDecoder(bytes.NewReader(goList(t, "-json=ImportPath,Dir,Imports,TestImports,XTestImports", "./...")))
	for {
		var p goPackage
		if err := d.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// within reports whether a package is one of the rooms: "analysis" is that package alone, "analysis/..." it and all below it.
func within(pkg string, rooms []string) bool {
	for _, room := range rooms {
		if below, all := strings.CutSuffix(room, "/..."); all {
			if pkg == below || strings.HasPrefix(pkg, below+"/") {
				return true
			}
		} else if pkg == room {
			return true
		}
	}
	return false
}

// walls says for each room what it may import of the project, and why the wall stands. The first room that
// matches a package is its room.
var walls = []struct {
	room string
	may  []string
	why  string
}{
	{"cmd/sipas", []string{"survey/...", "analysis/...", "templates/...", "static", "data"},
		"the command wires everything; nothing imports it"},
	{"cmd/bench-ingest", []string{"survey", "survey/store/sqlite", "survey/web", "data"},
		"it measures the program from outside; only the storage by itself, and the answers, are made with the program's own parts"},
	{"cmd/bench-live", []string{"survey", "survey/store/sqlite", "data"},
		"it measures the program from outside; only the answers are made and stored with the program's own parts"},
	{"survey/store/storetest", []string{"survey", "analysis", "data"},
		"the conformance suite knows the contract and no engine"},
	{"survey/store/sqlite", []string{"survey/store", "survey", "data"},
		"an engine adapts the shared SQL and knows no other engine, no page and no statistic"},
	{"survey/store", []string{"survey", "data"},
		"storage keeps what the domain defines; counting is its work, computing is not"},
	{"survey/report/adversary", []string{"survey"},
		"who tries to take figures apart in tests must not do it with the code that protects them"},
	{"survey/report", []string{"survey", "analysis/...", "data"},
		"figures come from rows by pure functions, the same for the page and the command line"},
	{"survey/export", []string{"survey", "analysis", "data"},
		"a file format must not decide a figure"},
	{"survey/web", []string{"survey", "survey/report", "survey/export", "analysis", "templates/...", "static", "data"},
		"the web talks to roles of storage, never to an engine, and computes nothing itself"},
	{"survey", []string{"analysis", "data"},
		"the domain depends on nobody further out, and of the statistics on their words only"},
	{"analysis/...", []string{"analysis/..."},
		"statistics are pure, so that anybody can check and reuse them"},
	{"templates/...", []string{"survey", "analysis", "static", "data", "templates/..."},
		"a page is a pure function of its view"},
	{"static/sounds", []string{"survey", "templates/i18n", "data"},
		"the command that makes the sounds reads the texts where they stand, and nothing else"},
	{"static", nil, "a leaf: embedded files"},
	{"data", nil, "a leaf: embedded files"},
}

func TestImportsPointInward(t *testing.T) {
	for _, p := range packages(t) {
		pkg := strings.TrimPrefix(p.ImportPath, "sipas/")
		i := slices.IndexFunc(walls, func(w struct {
			room string
			may  []string
			why  string
		}) bool {
			return within(pkg, []string{w.room})
		})
		if i < 0 {
			t.Errorf("%s stands in no room: give it one here, with the reason", pkg)
			continue
		}
		for _, imported := range p.Imports {
			name, ours := strings.CutPrefix(imported, "sipas/")
			if ours && !within(name, walls[i].may) {
				t.Errorf("%s imports %s; it may not, because %s", pkg, name, walls[i].why)
			}
		}
	}
}

// Modules that only one room may know, so that replacing them is the work of one room.
var keepers = map[string]struct {
	rooms []string
	why   string
}{
	"github.com/labstack/echo/v4":    {[]string{"survey/web"}, "echo v4 ends, and the move to v5 must be cheap"},
	"github.com/alecthomas/kong":     {[]string{"cmd/sipas"}, "only the command line parses flags"},
	"modernc.org/sqlite":             {[]string{"survey/store/sqlite"}, "a second engine comes"},
	"github.com/xuri/excelize/v2":    {[]string{"survey/export"}, "file formats live in one room"},
	"github.com/a-h/templ":           {[]string{"templates/...", "survey/web"}, "only pages are components"},
	"gonum.org/v1/gonum":             {[]string{"analysis/..."}, "statistics are computed in one place"},
	"gonum.org/v1/gonum/mat":         {[]string{"analysis/...", "survey/report"}, "report hands covariances from one statistic to the next"},
	"database/sql":                   {[]string{"survey/store", "survey/store/sqlite", "cmd/bench-live"}, "SQL is written in one room; the bench makes its register larger than a register can be"},
	"github.com/chromedp/chromedp":   {nil, "browsers are for tests"},
	"pgregory.net/rapid":             {[]string{"survey/store/storetest"}, "property tests are tests"},
	"github.com/google/go-cmp":       {[]string{"survey/store/storetest"}, "comparisons with a diff are for tests"},
	"golang.org/x/crypto/argon2":     {[]string{"survey/web"}, "passwords are the sign-in's business"},
	"github.com/labstack/gommon/log": {nil, "the log is slog, handed in"},
	"log":                            {[]string{"cmd/sipas"}, "the log is slog, handed in; http.Server alone still asks for the old one"},
}

func TestOnlyOneRoomKnowsEachModule(t *testing.T) {
	for _, p := range packages(t) {
		pkg := strings.TrimPrefix(p.ImportPath, "sipas/")
		for _, imported := range p.Imports {
			// The longest name that fits is the rule.
			kept := ""
			for module := range keepers {
				fits := imported == module || strings.Contains(module, ".") && strings.HasPrefix(imported, module+"/")
				if fits && len(module) > len(kept) {
					kept = module
				}
			}
			if keeper := keepers[kept]; kept != "" && !within(pkg, keeper.rooms) {
				t.Errorf("%s imports %s; only %v may, because %s", pkg, imported, keeper.rooms, keeper.why)
			}
			if within(pkg, []string{"analysis/..."}) && strings.Contains(strings.Split(imported, "/")[0], ".") &&
				!strings.HasPrefix(imported, "gonum.org/v1/gonum/") {
				t.Errorf("%s imports %s; statistics use the standard library and gonum only", pkg, imported)
			}
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range packages(t) {
		files, err := filepath.Glob(filepath.Join(p.Dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		docs := 0
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, "_templ.go") {
				continue
			}
			f, err := goparser.ParseFile(token.NewFileSet(), file, nil, goparser.PackageClauseOnly|goparser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if f.Doc != nil && strings.TrimSpace(f.Doc.Text()) != "" {
				docs++
				if !strings.HasPrefix(f.Doc.Text(), "Package ") && !strings.HasPrefix(f.Doc.Text(), "Command ") {
					t.Errorf("%s: the package comment begins with %q", file, strings.SplitN(f.Doc.Text(), "\n", 2)[0])
				}
			}
		}
		if docs != 1 {
			t.Errorf("%s has %d package comments, want one", p.ImportPath, docs)
		}
	}
}

// The README's table of packages is a map; a map that lies is worse than none.
func TestReadmeListsThePackages(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(moduleRoot(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var listed, real []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z0-9/-]+)` \\|").FindAllSubmatch(readme, -1) {
		listed = append(listed, string(m[1]))
	}
	for _, p := range packages(t) {
		real = append(real, strings.TrimPrefix(p.ImportPath, "sipas/"))
	}
	slices.Sort(real)
	if !slices.Equal(slices.Sorted(slices.Values(listed)), real) {
		t.Errorf("README.md lists\n%s\ngo list finds\n%s", strings.Join(listed, "\n"), strings.Join(real, "\n"))
	}
}

func version(t *testing.T, args ...string) string {
	t.Helper()
	return strings.TrimSpace(string(goList(t, append([]string{"-f", "{{.Version}}"}, args...)...)))
}

// The driver's C library is translated for one driver version; any other module may lift it, and then rows go wrong silently.
func TestLibcIsTheDriversOwn(t *testing.T) {
	dir := strings.TrimSpace(string(goList(t, "-m", "-f", "{{.Dir}}", "modernc.org/sqlite")))
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`modernc\.org/libc (v\S+)`).FindSubmatch(mod)
	if want == nil {
		t.Fatal("the driver's go.mod names no libc")
	}
	if got := version(t, "-m", "modernc.org/libc"); got != string(want[1]) {
		t.Errorf("modernc.org/libc is %s; the driver was made for %s", got, want[1])
	}
}

// The generator warns when its version differs from the library's, and goes on.
func TestTemplateGeneratorMatchesItsLibrary(t *testing.T) {
	library := version(t, "-m", "github.com/a-h/templ")
	if tool := version(t, "-modfile=tools.mod", "-m", "github.com/a-h/templ"); tool != library {
		t.Errorf("the generator is %s, the library %s", tool, library)
	}
}

func TestTopLevelHoldsWhatItShould(t *testing.T) {
	entries, err := os.ReadDir(moduleRoot(t))
	if err != nil {
		t.Fatal(err)
	}
	allowed := []string{"cmd", "survey", "analysis", "templates", "static", "data", "go.mod", "go.sum", "README.md",
		"Taskfile.yml", "LICENSE", "tools.mod", "tools.sum"}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || slices.Contains(allowed, e.Name()) {
			continue
		}
		// What the program or the tests leave behind is ignored by git and is nobody's part of the project.
		if err := exec.Command("git", "-C", moduleRoot(t), "check-ignore", "-q", e.Name()).Run(); err == nil {
			continue
		}
		t.Errorf("%s stands at the top level", e.Name())
	}
}
