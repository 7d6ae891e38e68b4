package frame_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"sipas/analysis/frame"
)

const people = "age,min age,sex,other,id,q1\n30,18,F,F,0012,1\n17,18,M,F,12,x\n,18,F,,7,2\n65,,,M,8,\n"

func TestSelect(t *testing.T) {
	t.Parallel()
	f := read(t, people, frame.Options{})
	for _, c := range []struct{ text, want string }{
		{"age == 30", "1000"},
		{"age != 30", "0101"},
		{"age < 30", "0100"},
		{"age <= 30", "1100"},
		{"age > 1.7e1", "1001"},
		{"age >= 17", "1101"},
		{"30 > age", "0100"},
		{"17 <= age", "1101"},
		{"age > -1", "1101"},
		{"age > `min age`", "1000"},
		{"`min age` <= age", "1000"},
		{`sex == "F"`, "1010"},
		{`sex == 'F'`, "1010"},
		{`sex != "F"`, "0100"},
		{`"F" == sex`, "1010"},
		{"sex == other", "1000"},
		{"sex != other", "0100"},
		{`sex < "M"`, "1010"},
		{`sex >= "G"`, "0100"},
		{"sex > other", "0100"},
		{`id == "0012"`, "1000"},
		{`id == 12`, "1100"},
		{`q1 == 1`, "1000"},
		{`q1 != 1`, "0110"},
		{"!age == 30", "0101"},
		{"!(age == 30)", "0101"},
		{"!!(age == 30)", "1000"},
		{`age == 30 && sex == "F"`, "1000"},
		{`age == 30 || sex == "F"`, "1010"},
		// What one side decides is decided though the other is missing.
		{`age > 100 || sex == "M"`, "0100"},
		{`!(age > 100 && sex == "F")`, "1101"},
		{`sex == "M" || age == 17 && age == 99`, "0100"},
		{`(sex == "M" || age == 30) && age == 30`, "1000"},
	} {
		e, err := frame.ParseExpression(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		rows, err := e.Select(f)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		var got strings.Builder
		for _, in := range rows {
			got.WriteByte("01"[btoi(in)])
		}
		if got.String() != c.want {
			t.Errorf("%s: %s, want %s", c.text, &got, c.want)
		}
	}
	e, err := frame.ParseExpression("a == 1 && b == a || `c d` == \"x\"")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "columns", e.Columns(), []string{"a", "b", "c d"})
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestExpressionErrors(t *testing.T) {
	t.Parallel()
	f := read(t, people, frame.Options{})
	for _, c := range []struct {
		text     string
		position int
		reason   string
	}{
		{"", 1, "a column, a number or a quoted text is missing"},
		{"age", 4, "a comparison was expected"},
		{"age ==", 7, "is missing"},
		{"age = 3", 5, "equality is =="},
		{"age == 3 & sex == 'F'", 10, "and is &&"},
		{"age == 3 | sex == 'F'", 10, "or is ||"},
		{"age == 3 sex", 10, "the end was expected"},
		{"(age == 3", 1, "not closed"},
		{"age == 3)", 9, "the end was expected"},
		{"age == 'x", 8, "the quote is not closed"},
		{"`age == 3", 1, "the quote is not closed"},
		{"age == 1.2.3", 8, "1.2.3 is not a number"},
		{"age == 12abc", 8, "12abc is not a number"},
		{"3 == 3", 1, "needs a column"},
		{"min age == 3", 5, "a comparison was expected"},
		{"age == #", 8, "not understood"},
		{"&& age == 1", 1, "was expected, not &&"},
		{strings.Repeat("(", 1000) + "age == 1", 202, "too deep"},
		{strings.Repeat("!", 1000) + "age == 1", 202, "too deep"},
		{"sex > 3", 5, "holds text"},
		{`age > "3"`, 5, "holds numbers"},
		{"é == 1 && age == sex", 15, "cannot be compared"},
		{`sex == "f"`, 8, `no level "f"; it has F, M`},
	} {
		e, err := frame.ParseExpression(c.text)
		if err == nil {
			with := f
			if strings.HasPrefix(c.text, "é") {
				with = read(t, "é,age,sex\n1,2,F\n", frame.Options{})
			}
			_, err = e.Select(with)
		}
		var x *frame.ExpressionError
		if !errors.As(err, &x) || x.Position != c.position || !strings.Contains(x.Reason, c.reason) {
			t.Errorf("%.30q: %v, want %q at %d", c.text, err, c.reason, c.position)
		}
	}
	e, err := frame.ParseExpression("agee == 1")
	if err != nil {
		t.Fatal(err)
	}
	var missing *frame.ColumnError
	if _, err := e.Select(f); !errors.As(err, &missing) {
		t.Errorf("%v", err)
	}
}

func FuzzExpression(f *testing.F) {
	for _, s := range []string{`age > 3 && sex == "F"`, "!(`min age` <= 2.5e-1)", "a||b", "'\\'' == sex", "age==Inf", "é.x_1 != 'ü'"} {
		f.Add(s)
	}
	data := read(f, people, frame.Options{})
	f.Fuzz(func(t *testing.T, text string) {
		e, err := frame.ParseExpression(text)
		if err == nil {
			var rows []bool
			rows, err = e.Select(data)
			if err == nil && len(rows) != data.Rows() {
				t.Fatalf("%d rows", len(rows))
			}
		}
		var x *frame.ExpressionError
		var c *frame.ColumnError
		if err != nil && !errors.As(err, &x) && !errors.As(err, &c) {
			t.Fatalf("%T %v", err, err)
		}
	})
}

func ExampleRead() {
	f, err := frame.Read(strings.NewReader("commune;score;waited\n00123;4;yes\n00456;NA;no\n"), frame.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	score, _ := f.Column("score")
	commune, _ := f.Column("commune")
	_, labels := commune.Labels()
	fmt.Println(f.Rows(), score.Numbers, labels)

	_, err = frame.Read(strings.NewReader("commune,score\n00123,4\n00456\n"), frame.Options{})
	fmt.Println(err)
	// Output:
	// 2 [4 NaN] [00123 00456]
	// line 3: 1 fields where the header has 2
}

func ExampleExpression_Select() {
	f, _ := frame.Read(strings.NewReader("score,waited\n4,yes\nNA,no\n2,no\n"), frame.Options{})
	e, err := frame.ParseExpression(`score < 4 && !(waited == "yes")`)
	if err != nil {
		fmt.Println(err)
		return
	}
	rows, err := e.Select(f)
	fmt.Println(rows, err)
	// Output: [false false true] <nil>
}
