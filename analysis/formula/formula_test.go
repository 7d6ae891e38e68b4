package formula_test

import (
	"errors"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sipas/analysis/design"
	"sipas/analysis/formula"
)

// rows are the eight rows that testdata/model_matrix.txt was made from by R 4.2.2's model.matrix.
func rows(t testing.TB) *formula.Columns {
	x := []float64{.5, 1, 2, 4, 3, 9, 1, 7}
	z := []float64{3, 1, 4, 1, 5, 9, 2, 6}
	d := formula.NewColumns(8)
	for name, v := range map[string][]float64{
		"y": {1, 2, 3, 4, 5, 6, 7, 8}, "x": x, "z": z, "race": {1, 2, 3, 1, 2, 3, 1, 2}, "a b": x, "api.stu": z,
	} {
		check(t, d.AddNumbers(name, v))
	}
	for name, v := range map[string]string{"a": "p q r p q r p q", "b": "u v u v u v v u", "l": "TRUE FALSE TRUE TRUE FALSE FALSE TRUE FALSE"} {
		check(t, d.AddTexts(name, strings.Fields(v), never))
	}
	return d
}

func never(string) bool { return false }

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func build(t testing.TB, text string, d formula.Data, o formula.Options) *formula.Matrix {
	t.Helper()
	f, err := formula.Parse(text)
	check(t, err)
	m, err := f.Build(d, o)
	check(t, err)
	return m
}

// Each line of the file: formula | terms | names | assign | Σ i·x_i of each column.
func TestAgainstModelMatrix(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("testdata/model_matrix.txt")
	check(t, err)
	lines := strings.Split(strings.TrimSpace(string(file)), "\n")
	if len(lines) < 50 {
		t.Fatalf("%d formulas only", len(lines))
	}
	for _, line := range lines {
		part := strings.Split(line, "|")
		if len(part) != 5 {
			t.Fatalf("%d parts in %q", len(part), line)
		}
		m := build(t, part[0], rows(t), formula.Options{Unused: formula.KeepUnused})
		if got := strings.Join(m.Terms, ";"); got != part[1] {
			t.Errorf("%s: terms %s, want %s", part[0], got, part[1])
		}
		if got := strings.Join(m.Names, ";"); got != part[2] {
			t.Errorf("%s: columns %s, want %s", part[0], got, part[2])
			continue
		}
		for j, want := range strings.Fields(part[3]) {
			if strconv.Itoa(m.Assign[j]) != want {
				t.Errorf("%s: column %s is of term %d, want %s", part[0], m.Names[j], m.Assign[j], want)
			}
		}
		for j, want := range strings.Fields(part[4]) {
			v, err := strconv.ParseFloat(want, 64)
			check(t, err)
			var sum float64
			for i, x := range m.Column(j) {
				sum += float64(i+1) * x
			}
			if math.Abs(sum-v) > 1e-11*math.Abs(v) {
				t.Errorf("%s: column %s sums to %v, want %v", part[0], m.Names[j], sum, v)
			}
		}
	}
}

func TestSyntaxErrors(t *testing.T) {
	t.Parallel()
	for text, at := range map[string]int{
		"": 0, "y ~": 3, "y ~ x +": 7, "y ~ (x": 6, "y ~ x)": 5, "y ~ foo(x)": 4, "y ~ x ~ z": 6, "y ~ 2": 4, "y ~ x:2": 6, "y ~ .": 4,
		"y ~ 'a": 4, "y ~ ``": 4, "y ~ x^z": 5, "y ~ x # z": 6, "y ~ 3x": 4, "y ~ \"a\"": 4, "y ~ log(x,)": 10, "y ~ log(x": 9, "y ~ (x + z)^0": 11,
		"y ~ x - offset(z)": 8, strings.Repeat("(", 3000): 0, strings.Repeat("x+", 9000) + "x": 1 << 14, "y ~ \xff": 0,
	} {
		_, err := formula.Parse(text)
		var s *formula.SyntaxError
		if !errors.As(err, &s) {
			t.Errorf("%.40q: %v", text, err)
			continue
		}
		if at != 0 && s.At != at {
			t.Errorf("%.40q: the error is at %d, want %d: %v", text, s.At, at, err)
		}
	}
	many := "(" + strings.Repeat("a+", 40)
	for i := range 40 {
		many += "v" + strconv.Itoa(i) + "+"
	}
	if _, err := formula.Parse(many + "b)^9"); err == nil {
		t.Error("a formula of millions of terms was read")
	}
}

func TestValueErrors(t *testing.T) {
	t.Parallel()
	for text, at := range map[string]int{
		"y ~ x + a.b": 8, "nothing ~ x": 0, "y ~ log(w)": 8, "y ~ a:(x + q)": 11,
	} {
		f, err := formula.Parse(text)
		check(t, err)
		_, err = f.Build(rows(t), formula.Options{})
		var c *formula.ColumnError
		if !errors.As(err, &c) || c.At != at {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{
		"y ~ I(a + 1)", "y ~ log(-x)", "y ~ sqrt(x - 5)", "y ~ I(1 + 1)", "y ~ cut(x)", "y ~ cut(x, c(1))", "y ~ cut(x, c(1, 1, 2))", "y ~ cut(x, c(0, 5, 10), labels = c('a'))",
		"y ~ cut(x, z)", "y ~ I(a == b)", "y ~ factor(a, labels = c('1'))", "y ~ factor(a, labels = c('1', '1', '1'))", "y ~ I(x == 'p')", "y ~ relevel(x, ref = 'p')", "y ~ I(x/0)",
		"y ~ log(x, 2)", "y ~ factor(x, foo = 2)", "y ~ I(c(1, 2) * x)", "y ~ log()", "y ~ factor()", "y ~ I(1:x)", "y ~ c()", "y ~ factor('a')", "y ~ I('a' + x)", "y ~ cut(a, c(1, 2))",
		"y ~ I(0/0:3)",
	} {
		f, err := formula.Parse(text)
		check(t, err)
		_, err = f.Build(rows(t), formula.Options{})
		var v *formula.ValueError
		if !errors.As(err, &v) {
			t.Errorf("%s: %v", text, err)
		}
	}
	f, err := formula.Parse("y ~ relevel(a, ref = 'x')")
	check(t, err)
	_, err = f.Build(rows(t), formula.Options{})
	var l *formula.LevelError
	if !errors.As(err, &l) || l.Level != "x" {
		t.Error(err)
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	d := rows(t)
	nan := math.NaN()
	check(t, d.AddNumbers("m", []float64{nan, 1, 2, 3, 4, 5, 6, 7}))
	check(t, d.AddTexts("k", strings.Fields("p q - p q p p q"), func(s string) bool { return s == "-" }))
	m := build(t, "y ~ m:x + k", d, formula.Options{})
	if want := []bool{false, true, false, true, true, true, true, true}; !slices.Equal(m.Complete, want) {
		t.Errorf("complete %v, want %v", m.Complete, want)
	}
	if v := m.Column(2); !math.IsNaN(v[0]) || !math.IsNaN(v[2]) || v[1] != 1 {
		t.Errorf("column %s: %v", m.Names[2], v)
	}
	_, err := m.Sparse()
	var missing *formula.MissingError
	if !errors.As(err, &missing) || missing.Row != 0 {
		t.Error(err)
	}
	// "or" is known as soon as one side is true.
	m = build(t, "y ~ I(m > 3 | x < 1)", d, formula.Options{})
	if !m.Complete[0] || m.Column(1)[0] != 1 {
		t.Errorf("row 0 of %s is %v", m.Names[1], m.Column(1)[0])
	}
	if m = build(t, "y ~ I(m > 3 & x < 1)", d, formula.Options{Unused: formula.KeepUnused}); m.Complete[0] {
		t.Error("missing and true is not missing")
	}
}

func TestUnusedLevels(t *testing.T) {
	t.Parallel()
	in := []bool{true, true, false, true, true, false, true, true} // without r
	m := build(t, "y ~ a", rows(t), formula.Options{Rows: in})
	if !slices.Equal(m.Names, []string{"(Intercept)", "aq"}) || len(m.Dropped) != 1 || m.Dropped[0].Level != "r" {
		t.Errorf("columns %v, dropped %v", m.Names, m.Dropped)
	}
	if m = build(t, "y ~ a", rows(t), formula.Options{Rows: in, Unused: formula.KeepUnused}); len(m.Names) != 3 {
		t.Errorf("columns %v", m.Names)
	}
	f, err := formula.Parse("~a + b")
	check(t, err)
	_, err = f.Build(rows(t), formula.Options{Rows: in, Unused: formula.RefuseUnused})
	var l *formula.LevelError
	if !errors.As(err, &l) || l.Variable != "a" || l.Level != "r" {
		t.Error(err)
	}
	only := []bool{true, false, false, true, false, false, true, false}
	if _, err = f.Build(rows(t), formula.Options{Rows: only}); !errors.As(err, &l) || l.Level != "p" {
		t.Errorf("a single level: %v", err)
	}
}

// New data are coded as the old ones were, also when they have fewer levels.
func TestApply(t *testing.T) {
	t.Parallel()
	m := build(t, "y ~ a * x + factor(race) + I(x > 2)", rows(t), formula.Options{})
	fresh := formula.NewColumns(2)
	check(t, fresh.AddTexts("a", []string{"r", "q"}, never))
	check(t, fresh.AddNumbers("x", []float64{10, 1}))
	check(t, fresh.AddNumbers("race", []float64{3, 3}))
	n, err := m.Apply(fresh)
	check(t, err)
	if !slices.Equal(n.Names, m.Names) {
		t.Errorf("columns %v, want %v", n.Names, m.Names)
	}
	want := map[string][]float64{"(Intercept)": {1, 1}, "aq": {0, 1}, "ar": {1, 0}, "x": {10, 1}, "factor(race)2": {0, 0}, "factor(race)3": {1, 1}, "I(x > 2)TRUE": {1, 0}, "aq:x": {0, 1}, "ar:x": {10, 0}}
	for j, name := range n.Names {
		if !slices.Equal(n.Column(j), want[name]) {
			t.Errorf("%s is %v, want %v", name, n.Column(j), want[name])
		}
	}
	check(t, fresh.AddTexts("a", []string{"r", "s"}, never))
	_, err = m.Apply(fresh)
	var l *formula.LevelError
	if !errors.As(err, &l) || l.Level != "s" || l.Row != 1 {
		t.Error(err)
	}
}

// A calibration's auxiliary variables are the same numbers, and a text without ~ is a right side.
func TestSparse(t *testing.T) {
	t.Parallel()
	m := build(t, "a + x + b:x - 1", rows(t), formula.Options{})
	s, err := m.Sparse()
	check(t, err)
	n, k := s.Dims()
	if n != 8 || k != len(m.Names) {
		t.Fatalf("%d × %d", n, k)
	}
	for i := range n {
		got := make([]float64, k)
		s.Row(i, func(j int, v float64) { got[j] = v })
		for j := range k {
			if want := m.Column(j)[i]; got[j] != want {
				t.Errorf("row %d, %s: %v, want %v", i, m.Names[j], got[j], want)
			}
		}
	}
}

func TestWithout(t *testing.T) {
	t.Parallel()
	f, err := formula.Parse("y ~ a * x + b - 1 + offset(z)")
	check(t, err)
	g, err := f.Without("a:x", "b")
	check(t, err)
	if g.String() != "y ~ a + x + 0 + offset(z)" {
		t.Error(g)
	}
	if h, err := f.Without("a", "x", "b", "a:x"); err != nil || h.String() != "y ~ 0 + offset(z)" {
		t.Error(h, err)
	}
	if _, err := f.Without("c"); err == nil {
		t.Error("a term was taken away that is not there")
	}
	if got := f.Columns(); !slices.Equal(got, []string{"y", "a", "x", "b", "z"}) {
		t.Errorf("columns %v", got)
	}
	if got := g.Columns(); !slices.Equal(got, []string{"y", "a", "x", "z"}) {
		t.Errorf("columns %v without b", got)
	}
}

// Whatever the variables and operators, the text that a formula writes of itself means the same terms.
func TestComposeRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var expression func(depth int) string
		expression = func(depth int) string {
			if depth == 0 || rapid.Bool().Draw(rt, "leaf") {
				return rapid.SampledFrom([]string{"a", "b", "x", "z", "log(x + 2)", "I(x^2)", "factor(race)", "`a b`"}).Draw(rt, "name")
			}
			op := rapid.SampledFrom([]string{" + ", "*", ":", "/", " %in% ", " - "}).Draw(rt, "op")
			return "(" + expression(depth-1) + op + expression(depth-1) + ")"
		}
		text := expression(3)
		f, err := formula.Parse("y ~ " + text)
		if err != nil {
			rt.Fatal(err)
		}
		same, err := f.Without()
		if err != nil {
			rt.Fatal(err)
		}
		g, err := formula.Parse(same.String())
		if err != nil {
			rt.Fatalf("%s: %v", same, err)
		}
		m, errM := f.Build(rows(t), formula.Options{})
		n, errN := g.Build(rows(t), formula.Options{})
		if (errM == nil) != (errN == nil) {
			rt.Fatalf("%v and %v", errM, errN)
		}
		if errM != nil {
			return
		}
		if len(m.Names) != len(n.Names) {
			rt.Fatalf("%s: %v, written out %v", text, m.Names, n.Names)
		}
		// Every row of every term has one value at most, by ascending column.
		for i := range m.Rows() {
			row := m.Row(i, nil)
			if !slices.IsSortedFunc(row, func(a, b design.Entry) int { return a.Column - b.Column }) || len(row) > len(m.Terms)+1 {
				rt.Fatalf("%s: row %d is %v", text, i, row)
			}
		}
	})
}

func TestLabels(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"~I(x * 100000)": "I(x * 1e+05)", "~I(x * 123456)": "I(x * 123456)", "~I(x * 0.1)": "I(x * 0.1)", "~I(x*1e-5)": "I(x * 1e-05)", "~I(x*0.0001)": "I(x * 1e-04)",
		"~I(x * 1L)": "I(x * 1)", "~`sch.wide`": "sch.wide", "~`2x`": "`2x`", "~I( - x )": "I(-x)", "~I(a != 'it\\'s')": `I(a != "it's")`, "~I(!(x>2))": "I(!(x > 2))",
		"~cut(x,1:4,labels=c(1,2,3))": "cut(x, 1:4, labels = c(1, 2, 3))", "~_x": "`_x`", "~I(x^-2)": "I(x^-2)",
	} {
		f, err := formula.Parse(text)
		check(t, err)
		if got := f.Terms(); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %v, want %s", text, got, want)
		}
	}
}

func FuzzFormula(f *testing.F) {
	for _, s := range []string{"y ~ a*b + log(x) - 1", "~cut(x, c(0, 1, 2), labels = 1:2):a", "y ~ (a+b+x)^2 %in% z", "I(x > 2 & a == 'p') ~ offset(z) + `a b`", "y ~ factor(race, levels = 1:3)/x", "~I(c(0/0 > 1) == a)", "~relevel(a, ref='q')", "~as.numeric(a)", "~I(!x)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		g, err := formula.Parse(s)
		if err != nil {
			var syntax *formula.SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("%v is no syntax error", err)
			}
			return
		}
		m, err := g.Build(rows(t), formula.Options{})
		if err != nil {
			if err.Error() == "" {
				t.Fatal("an error without words")
			}
			return
		}
		if len(m.Names) != len(m.Assign) {
			t.Fatalf("%d columns, %d terms of them", len(m.Names), len(m.Assign))
		}
		for i := range m.Rows() {
			if m.Complete[i] {
				m.Row(i, nil)
			}
		}
	})
}
