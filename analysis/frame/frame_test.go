package frame_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"sipas/analysis/frame"
)

func read(t testing.TB, text string, opt frame.Options) *frame.Frame {
	t.Helper()
	f, err := frame.Read(strings.NewReader(text), opt)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func column(t testing.TB, f *frame.Frame, name string) *frame.Column {
	t.Helper()
	c, err := f.Column(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// texts are a column's values as the file writes them; missing ones are "∅".
func texts(f *frame.Frame, c *frame.Column) []string {
	out := make([]string, f.Rows())
	for i := range out {
		text, ok := c.Text(i)
		if out[i] = text; !ok {
			out[i] = "∅"
		}
	}
	return out
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestTypes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		fields  []string
		numeric bool
		numbers []float64
	}{
		{"integers", []string{"1", "-2", "0", "007"}, true, []float64{1, -2, 0, 7}},
		{"decimals", []string{"1.50", ".5", "5.", "33.846996307373047"}, true, []float64{1.5, .5, 5, 33.846996307373047}},
		{"exponents", []string{"1e5", "1E-3", "+2.5e+2"}, true, []float64{1e5, 1e-3, 250}},
		{"blanks", []string{" 3", "4 ", "\t5\t"}, true, []float64{3, 4, 5}},
		{"missing", []string{"1", "", "NA", " NA ", "  "}, true, []float64{1, math.NaN(), math.NaN(), math.NaN(), math.NaN()}},
		{"infinite", []string{"Inf", "-inf", "+Infinity", "NaN"}, true, []float64{math.Inf(1), math.Inf(-1), math.Inf(1), math.NaN()}},
		{"too large", []string{"1e999", "-0"}, true, []float64{math.Inf(1), math.Copysign(0, -1)}},
		{"quoted", []string{`"12"`, `"13"`}, true, []float64{12, 13}},
		{"nothing", []string{"", "NA"}, true, []float64{math.NaN(), math.NaN()}},
		{"words", []string{"1", "x"}, false, nil},
		{"hexadecimal", []string{"0x10"}, false, nil},
		{"underscores", []string{"1_000"}, false, nil},
		{"two points", []string{"1.2.3"}, false, nil},
		{"comma", []string{`"3,5"`}, false, nil},
		{"exponent alone", []string{"e5"}, false, nil},
		{"exponent without number", []string{"5e"}, false, nil},
		{"sign", []string{"-"}, false, nil},
		{"inner blank", []string{"1 2"}, false, nil},
	} {
		f := read(t, "a,b\n"+strings.Join(c.fields, ",x\n")+",x\n", frame.Options{})
		a := column(t, f, "a")
		if a.Numeric() != c.numeric || a.Numeric() && a.Codes != nil || !a.Numeric() && a.Codes == nil {
			t.Errorf("%s: numeric is %v", c.name, a.Numeric())
			continue
		}
		for i, want := range c.numbers {
			if got := a.Numbers[i]; got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
				t.Errorf("%s: row %d is %v, want %v", c.name, i, got, want)
			}
		}
	}
}

func TestTextsAreKept(t *testing.T) {
	t.Parallel()
	f := read(t, "id,pw,s\n0012,33.846996307373047,b\n12,1.50,A\n7,NA,\n1e1,3,b\n", frame.Options{})
	same(t, "id", texts(f, column(t, f, "id")), []string{"0012", "12", "7", "1e1"})
	same(t, "pw", texts(f, column(t, f, "pw")), []string{"33.846996307373047", "1.50", "∅", "3"})
	same(t, "s", column(t, f, "s").Levels, []string{"A", "b"})
	if n := column(t, f, "s").Missings() + column(t, f, "pw").Missings(); n != 2 {
		t.Errorf("%d missing", n)
	}
	codes, labels := column(t, f, "id").Labels()
	same(t, "labels", labels, []string{"7", "1e1", "0012"})
	if !slices.Equal(codes, []int32{2, 2, 0, 1}) {
		t.Errorf("codes %v", codes)
	}

	// Digits that a number in memory cannot hold still tell labels apart.
	f = read(t, "id\n10000000000000000001\n10000000000000000002\n10000000000000000001\n", frame.Options{})
	if _, labels := column(t, f, "id").Labels(); len(labels) != 2 {
		t.Errorf("labels %q", labels)
	}
}

func TestLabelsSortAsNumbers(t *testing.T) {
	t.Parallel()
	f := read(t, "n,s\n10,10\n9,9\n-1,x\n,\n", frame.Options{})
	_, labels := column(t, f, "n").Labels()
	same(t, "numbers", labels, []string{"-1", "9", "10"})
	same(t, "text", column(t, f, "s").Levels, []string{"10", "9", "x"})
}

func TestCategories(t *testing.T) {
	t.Parallel()
	f := read(t, "s,n\nlow,1\nhigh,2\n,\n", frame.Options{})
	c, err := column(t, f, "s").Categories([]string{"low", "mid", "high"}, f.Line)
	if err != nil || !slices.Equal(c.Codes, []int32{0, 2, frame.Missing}) {
		t.Errorf("%v %v", c, err)
	}
	c, err = column(t, f, "n").Categories(nil, f.Line)
	if err != nil || c.Numeric() || !slices.Equal(c.Levels, []string{"1", "2"}) {
		t.Errorf("%v %v", c, err)
	}
	_, err = column(t, f, "s").Categories([]string{"low"}, f.Line)
	var e *frame.Error
	if !errors.As(err, &e) || e.Line != 3 || e.Column != "s" {
		t.Errorf("%v", err)
	}
}

func TestShapes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text string }{
		{"commas", "a,b\n1,x\n2,y\n"},
		{"semicolons", "a;b\n1;x\n2;y\n"},
		{"tabs", "a\tb\n1\tx\n2\ty\n"},
		{"CRLF", "a,b\r\n1,x\r\n2,y\r\n"},
		{"no end of line", "a,b\n1,x\n2,y"},
		{"carriage return at the end", "a,b\r\n1,x\r\n2,y\r"},
		{"byte order mark", "\ufeffa,b\n1,x\n2,y\n"},
		{"quotes", "\"a\",\"b\"\n\"1\",\"x\"\n\"2\",\"y\"\n"},
		{"quotes at the end", "a,b\n1,x\n2,\"y\""},
		{"empty lines", "\n\r\na,b\n\n1,x\n\r\n2,y\n\n"},
	} {
		f := read(t, c.text, frame.Options{})
		same(t, c.name, f.Names(), []string{"a", "b"})
		same(t, c.name, texts(f, column(t, f, "a")), []string{"1", "2"})
		same(t, c.name, texts(f, column(t, f, "b")), []string{"x", "y"})
	}
	f := read(t, "a,\"b,\"\"c\"\"\nd\"\n\"x\"\"y\",\"line\r\nend;\"\n", frame.Options{})
	same(t, "names", f.Names(), []string{"a", "b,\"c\"\nd"})
	same(t, "a", texts(f, f.Kept()[0]), []string{`x"y`})
	same(t, "b", texts(f, f.Kept()[1]), []string{"line\r\nend;"})
	if f := read(t, "a,b\n", frame.Options{}); f.Rows() != 0 || f.Delimiter() != ',' {
		t.Errorf("%d rows", f.Rows())
	}
	if f := read(t, "a|b\n1|2\n", frame.Options{Delimiter: '|'}); column(t, f, "b").Numbers[0] != 2 {
		t.Error("the delimiter given is not used")
	}
	if f := read(t, "a,b\n.,-9\n1,2\n", frame.Options{Missing: []string{".", "-9"}}); column(t, f, "a").Missings()+column(t, f, "b").Missings() != 2 {
		t.Error("the missing texts given are not used")
	}
}

func TestColumnsAskedFor(t *testing.T) {
	t.Parallel()
	text := "id,rep1,rep2,x*,x1\n1,2,3,4,5\n"
	kept := func(opt frame.Options) []string {
		var out []string
		for _, c := range read(t, text, opt).Kept() {
			out = append(out, c.Name)
		}
		return out
	}
	same(t, "pattern", kept(frame.Options{Numbers: []string{"rep*"}}), []string{"rep1", "rep2"})
	same(t, "question mark", kept(frame.Options{Columns: []string{"?d", "rep?"}}), []string{"id", "rep1", "rep2"})
	same(t, "a name that looks like a pattern", kept(frame.Options{Columns: []string{"x*"}}), []string{"x*"})
	same(t, "none", kept(frame.Options{Columns: []string{}}), nil)
	same(t, "glob", frame.Glob("*e*1", []string{"rep1", "rep11", "e", "ep2"}), []string{"rep1", "rep11"})

	_, err := read(t, text, frame.Options{Columns: []string{"id"}}).Column("rep1")
	var missing *frame.ColumnError
	if !errors.As(err, &missing) {
		t.Errorf("%v", err)
	}
	_, err = frame.Read(strings.NewReader(text), frame.Options{Columns: []string{"Rep1"}})
	if err == nil || err.Error() != "there is no column Rep1; did you mean rep1?" {
		t.Errorf("%v", err)
	}
	_, err = frame.Read(strings.NewReader(text), frame.Options{Columns: []string{"weight"}})
	if err == nil || err.Error() != "there is no column weight; there are id, rep1, rep2, x*, x1" {
		t.Errorf("%v", err)
	}
	// What is named twice is wrong only when somebody asks for it.
	if _, err = frame.Read(strings.NewReader("a,b,a\n1,2,3\n"), frame.Options{Columns: []string{"a"}}); !errors.As(err, &missing) || !missing.Twice {
		t.Errorf("%v", err)
	}
	if _, err = frame.Read(strings.NewReader("a,b,a\n1,2,3\n"), frame.Options{}); !errors.As(err, &missing) || !missing.Twice {
		t.Errorf("%v", err)
	}
	if _, err = frame.Read(strings.NewReader("a,b,a\n1,2,3\n"), frame.Options{Columns: []string{"b"}}); err != nil {
		t.Error(err)
	}
}

func TestErrorsNameTheLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		opt        frame.Options
		want       string
	}{
		{"empty", "", frame.Options{}, "there is no header: the text is empty"},
		{"too few", "a,b\n1,2\n3\n", frame.Options{}, "line 3: 1 fields where the header has 2"},
		{"too many", "a,b\n\n\"1\n\",2\n3,4,5\n", frame.Options{}, "line 5: 3 fields where the header has 2"},
		{"bare quote", "a,b\n1,5\" pipe\n", frame.Options{}, "line 2: a quote in the middle of a field; put the field in quotes and double the quote"},
		{"after a quote", "a,b\n1,2\n\"x\"y,2\n", frame.Options{}, "line 3: text after a closing quote"},
		{"open quote", "a,b\n1,2\n1,\"x\n3,4\n", frame.Options{}, "line 3: a quote that is never closed"},
		{"open header", "a,\"b\n1,2\n", frame.Options{}, "line 1: a quote that is never closed"},
		{"not UTF-8", "a,b\n1,2\n1,\xff\n", frame.Options{}, "line 3: the text is not UTF-8; save the file in that encoding"},
		{"header not UTF-8", "a,\xff\n1,2\n", frame.Options{}, "line 1: the text is not UTF-8; save the file in that encoding"},
		{"no number", "a,b\n1,2\nx,3\n", frame.Options{Numbers: []string{"a"}}, `line 3, column a: "x" is not a number`},
		{"long text", "a\n" + strings.Repeat("x", 99) + "\n", frame.Options{Numbers: []string{"a"}}, `line 2, column a: "` + strings.Repeat("x", 40) + `…" is not a number`},
		{"delimiter", "a\n", frame.Options{Delimiter: '"'}, `'"' cannot part the fields`},
	} {
		_, err := frame.Read(strings.NewReader(c.text), c.opt)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	broken := errors.New("the wire is cut")
	if _, err := frame.Read(io.MultiReader(strings.NewReader("a,b\n1,2\n"), iotest.ErrReader(broken)), frame.Options{}); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

// long makes a text of several pieces whose column "late" turns from numbers to words in the last row.
func long(rows int) (text string, want [][]string) {
	var b strings.Builder
	b.WriteString("n,late,word,gap\n")
	for i := range rows {
		late := fmt.Sprintf("%04d", i%100)
		if i == rows-1 {
			late = "end"
		}
		word := "w" + strconv.Itoa(i%7)
		quoted := word
		if i%1000 == 0 {
			word += "\n,\"" + strings.Repeat("x", 50)
			quoted = `"` + strings.ReplaceAll(word, `"`, `""`) + `"`
		}
		fmt.Fprintf(&b, "%d,%s,%s,%s\n", i, late, quoted, []string{"", "1.5"}[i%2])
		want = append(want, []string{strconv.Itoa(i), late, word, []string{"∅", "1.5"}[i%2]})
	}
	return b.String(), want
}

// A text of several pieces reads as its records do, wherever the pieces are cut and whatever the reader hands out.
func TestPieces(t *testing.T) {
	text, want := long(160_000)
	for _, r := range []io.Reader{strings.NewReader(text), iotest.HalfReader(strings.NewReader(text))} {
		var told int64
		f, err := frame.Read(r, frame.Options{Progress: func(n int64) { told = n }})
		if err != nil {
			t.Fatal(err)
		}
		if f.Rows() != len(want) || told != int64(len(text)) || len(text) < 2<<20 {
			t.Fatalf("%d rows, %d bytes told of %d", f.Rows(), told, len(text))
		}
		line := 2
		for i, w := range want {
			if f.Line(i) != line {
				t.Fatalf("row %d is on line %d, want %d", i, f.Line(i), line)
			}
			line += 1 + strings.Count(w[2], "\n")
			for j, c := range f.Kept() {
				got, ok := c.Text(i)
				if !ok {
					got = "∅"
				}
				if got != w[j] {
					t.Fatalf("row %d, column %s: %q, want %q", i, c.Name, got, w[j])
				}
			}
		}
	}
	// The first error comes back though a later piece has one too.
	lines := strings.SplitAfter(text, "\n")
	lines[20_000], lines[len(lines)-2] = "1,2\n", "3\n"
	for range 5 {
		_, err := frame.Read(strings.NewReader(strings.Join(lines, "")), frame.Options{})
		if err == nil || err.Error() != "line 20001: 2 fields where the header has 4" {
			t.Fatal(err)
		}
	}
}

// What was written comes back, whatever it is.
func TestReadsWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 4).Draw(t, "width")
		cell := rapid.OneOf(rapid.StringMatching(`[ -~é\n]{0,6}`), rapid.SampledFrom([]string{"1", "02", "-3.50", "1e3", "x", "", "NA", `"`, "Inf"}))
		rows := rapid.SliceOfN(rapid.SliceOfN(cell, width, width), 1, 8).Draw(t, "rows")
		comma := rapid.SampledFrom([]byte{',', ';', '\t'}).Draw(t, "comma")
		end := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "end")
		var b bytes.Buffer
		for j := range width {
			fmt.Fprintf(&b, "c%d", j)
			if j < width-1 {
				b.WriteByte(comma)
			}
		}
		b.WriteString(end)
		for _, r := range rows {
			for j, c := range r {
				b.WriteString(`"` + strings.ReplaceAll(c, `"`, `""`) + `"`)
				if j < width-1 {
					b.WriteByte(comma)
				}
			}
			b.WriteString(end)
		}
		f, err := frame.Read(&b, frame.Options{Delimiter: comma})
		if err != nil {
			t.Fatal(err)
		}
		if f.Rows() != len(rows) {
			t.Fatalf("%d rows of %d", f.Rows(), len(rows))
		}
		for j := range width {
			c := f.Kept()[j]
			for i, r := range rows {
				got, ok := c.Text(i)
				trimmed := strings.Trim(r[j], " \t")
				missing := trimmed == "" || trimmed == "NA"
				if ok == missing || ok && got != r[j] {
					t.Fatalf("row %d: %q, want %q", i, got, r[j])
				}
			}
		}
	})
}

// The result does not depend on the number of cores.
func TestCores(t *testing.T) {
	text, _ := long(40_000)
	var first []string
	for _, n := range []int{1, 4} {
		before := runtime.GOMAXPROCS(n)
		f := read(t, text, frame.Options{})
		runtime.GOMAXPROCS(before)
		var all []string
		for _, c := range f.Kept() {
			codes, labels := c.Labels()
			all = append(all, fmt.Sprint(codes[:1000], len(codes)), strings.Join(labels, ","))
		}
		if first == nil {
			first = all
		}
		same(t, "labels", all, first)
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"a,b\n1,x\n", "a;b\r\n\"1\";\"x\"\"\"\r\n", "\ufeffa\t\"b\n\"\n1\t2", "a\n\n0012\nInf\n", "\"", "a,b\n1", ",\n,\n", "a\n-\n.\n1e\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := frame.Read(bytes.NewReader(text), frame.Options{})
		if err != nil {
			var e *frame.Error
			var c *frame.ColumnError
			if !errors.As(err, &e) && !errors.As(err, &c) {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		for i := range got.Rows() {
			if l := got.Line(i); l < 1 || l > bytes.Count(text, []byte{'\n'})+1 {
				t.Fatalf("row %d is on line %d", i, l)
			}
		}
		for _, c := range got.Kept() {
			codes, labels := c.Labels()
			for i, k := range codes {
				if _, ok := c.Text(i); ok != (k != frame.Missing) || int(k) >= len(labels) {
					t.Fatalf("row %d has the code %d of %d", i, k, len(labels))
				}
			}
		}
	})
}

// A subset has the texts and the lines of its rows, and a subset of a subset too.
func TestSubset(t *testing.T) {
	t.Parallel()
	f := read(t, "id,x,group\n007,1.50,b\n08,2,a\n9,NA,b\n010,4,c\n", frame.Options{})
	some := f.Subset([]bool{true, false, true, true})
	for name, want := range map[string][]string{"id": {"007", "9", "010"}, "x": {"1.50", "∅", "4"}, "group": {"b", "b", "c"}} {
		same(t, name, texts(some, column(t, some, name)), want)
	}
	if l := column(t, some, "group").Levels; !slices.Equal(l, []string{"a", "b", "c"}) {
		t.Errorf("levels %q", l)
	}
	last := some.Subset([]bool{false, true, true})
	same(t, "id of the last", texts(last, column(t, last, "id")), []string{"9", "010"})
	if last.Line(0) != 4 || last.Line(1) != 5 || some.Line(0) != 2 {
		t.Errorf("lines %d and %d, and %d", last.Line(0), last.Line(1), some.Line(0))
	}
	if none := f.Subset(make([]bool, 4)); none.Rows() != 0 || !column(t, none, "x").Numeric() {
		t.Errorf("%d rows of nothing", none.Rows())
	}
}

func BenchmarkRead(b *testing.B) {
	var text bytes.Buffer
	for j := range 30 {
		fmt.Fprintf(&text, "c%d,", j)
	}
	text.WriteString("w\n")
	for i := range 100_000 {
		for j := range 30 {
			if j%10 == 9 {
				fmt.Fprintf(&text, "level %d,", i%(5+j))
			} else {
				fmt.Fprintf(&text, "%d,", (i*7+j*13)%(3+j*j))
			}
		}
		fmt.Fprintf(&text, "%v\n", 1+math.Sqrt(float64(i)))
	}
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		if _, err := frame.Read(bytes.NewReader(text.Bytes()), frame.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
