package store

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// statement is a text of SQL somewhere in the source.
type statement struct {
	where, text string
}

// statements collects every string of the packages that looks like SQL. Constants that are put together with + are put together here.
func statements(t *testing.T) []statement {
	t.Helper()
	var all []statement
	files := token.NewFileSet()
	for _, pattern := range []string{"*.go", "sqlite/*.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(files, name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				e, isExpr := n.(ast.Expr)
				if !isExpr {
					return true
				}
				text, whole := literal(e)
				if !whole {
					return true
				}
				if sqlBegins.MatchString(text) {
					all = append(all, statement{where: files.Position(e.Pos()).String(), text: text})
				}
				return false
			})
		}
	}
	return all
}

// literal returns the text of a string or of a sum of strings; a name in a sum is a list of columns, and has no parameters.
func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		left, ok := literal(e.X)
		if !ok {
			return "", false
		}
		right, ok := literal(e.Y)
		if !ok {
			right = "columns"
		}
		return left + right, true
	}
	return "", false
}

var (
	sqlBegins = regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|ON CONFLICT)\b`)
	parameter = regexp.MustCompile(`\$(\d+)`)
	// What one engine understands and another does not, or understands otherwise.
	foreign = regexp.MustCompile(`(?i)\blower\s*\(|\bupper\s*\(|\bILIKE\b|AUTOINCREMENT|\bSERIAL\b|\bDATETIME\b|\bTIMESTAMP\b|\bBOOLEAN\b|\bBLOB\b|INSERT OR|\bREPLACE INTO\b|\browid\b[^;]*=|\?`)
)

func TestStatementsAreWrittenForEveryEngine(t *testing.T) {
	all := statements(t)
	if len(all) < 60 {
		t.Fatalf("only %d statements were found: the search is broken", len(all))
	}
	for _, s := range all {
		next := 1
		for _, m := range parameter.FindAllStringSubmatch(s.text, -1) {
			n, err := strconv.Atoi(m[1])
			if err != nil || n > next {
				t.Errorf("%s: $%s appears before $%d: SQLite numbers parameters by first appearance\n%s", s.where, m[1], next, s.text)
				break
			}
			if n == next {
				next++
			}
		}
		if m := foreign.FindString(s.text); m != "" {
			t.Errorf("%s: %q is not understood alike by every engine\n%s", s.where, m, s.text)
		}
	}
}

func TestPlaceholdersAscend(t *testing.T) {
	if got, want := placeholders(2, 3), "($1, $2, $3), ($4, $5, $6)"; got != want {
		t.Errorf("placeholders are %s, want %s", got, want)
	}
}

// The statements that write to the tables of releases are these and no others, and none can meet a published one: the only deletion
// says in its own text that it is of provisional ones.
func TestNoStatementChangesAPublishedRelease(t *testing.T) {
	writes := regexp.MustCompile(`(?is)\b(INSERT\s+INTO|REPLACE\s+INTO|UPDATE|DELETE\s+FROM|TRUNCATE|DROP|ALTER)\b[^;]*?\b(release|publication)\b`)
	known := map[string]bool{deleteProvisional: false, insertRelease: false, insertPublication: false}
	for _, s := range statements(t) {
		if !writes.MatchString(s.text) {
			continue
		}
		if _, ok := known[s.text]; !ok {
			t.Errorf("%s: a further statement writes to what is published:\n%s", s.where, s.text)
		}
		known[s.text] = true
	}
	for text, seen := range known {
		if !seen {
			t.Errorf("not found any more: %s", text)
		}
	}
	if !strings.HasSuffix(deleteProvisional, "state = 'provisional'") || strings.Contains(insertRelease+insertPublication, "CONFLICT") {
		t.Error("a statement could meet a published release")
	}
}
