package export

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"sipas/survey"
)

var testUnits = []survey.Unit{
	{ID: "80@2025-07-01", Code: "80", Kind: survey.KindProvince, From: "2025-07-01"},
	{ID: "80@2008-08-01", Code: "80", Kind: survey.KindProvince, From: "2008-08-01", To: "2025-06-30"},
	{ID: "25459@2025-07-01", Code: "25459", Kind: survey.KindCommune, Parent: "80@2025-07-01", From: "2025-07-01"},
	{ID: "00004@2025-07-01", Code: "00004", Kind: survey.KindCommune, Parent: "01@2025-07-01", From: "2025-07-01"},
	{ID: "01@2025-07-01", Code: "01", Kind: survey.KindProvince, From: "2025-07-01"},
	{ID: "00777@2025-07-01", Code: "00777", Kind: survey.KindCommune, Parent: "80@2025-07-01", From: "2025-07-01"},
}

func testOptions() TransactionOptions {
	return TransactionOptions{
		Unit: UnitsOf(testUnits, "80@2025-07-01"), From: "2026-07-01", To: "2026-09-30",
		Province: "Tây Ninh", AsOf: "2026-10-05",
	}
}

const header = "dossier,procedure,field,unit,channel,received,due,returned\n"

func read(t testing.TB, text string) ([]survey.Transaction, []BadLine, []Warning) {
	t.Helper()
	good, bad, warnings, err := ReadTransactions(strings.NewReader(text), "r.csv", testOptions())
	if err != nil {
		t.Fatal(err)
	}
	return good, bad, warnings
}

// The same transactions in every writing that offices use.
func TestReadTransactionsInEveryWriting(t *testing.T) {
	want := []survey.Transaction{
		{Dossier: "H39.1-260701-0001", Procedure: "1.004222", Field: "Đất đai", Unit: "25459@2025-07-01", Channel: survey.ChannelOnline, Received: "2026-07-01", Due: "2026-07-10", Returned: "2026-07-09"},
		{Dossier: "H39.1-260701-0002", Procedure: "Cấp, đổi", Field: "Hộ tịch", Unit: "25459@2025-07-01", Channel: survey.ChannelCounter, Received: "2026-07-02"},
		{Dossier: "H39.1-260701-0003", Procedure: "1.004222", Field: "Đất đai", Unit: "80@2025-07-01", Channel: survey.ChannelPost, Received: "2026-06-30", Due: "2026-07-01", Returned: "2026-07-02"},
	}
	english := header +
		"H39.1-260701-0001,1.004222,Đất đai,25459,online,2026-07-01,2026-07-10,2026-07-09\n" +
		"H39.1-260701-0002,\"Cấp, đổi\",Hộ tịch,25459,counter,2026-07-02,,\n" +
		"H39.1-260701-0003,1.004222,Đất đai,80,post,2026-06-30,2026-07-01,2026-07-02\n"
	vietnamese := "STT;Mã hồ sơ;Ngày trả;Ngày hẹn trả;Ngày tiếp nhận;Hình thức nộp;Đơn vị;Lĩnh vực;Thủ tục\n" +
		"1;H39.1-260701-0001;09/07/2026;10/07/2026;1/7/2026 08:15;Trực tuyến;25459;Đất đai;1.004222\n" +
		"2;H39.1-260701-0002;;;02/07/2026;TẠI QUẦY;25459;Hộ tịch;Cấp, đổi\n" +
		"3;H39.1-260701-0003;02-07-2026;2026-07-01T00:00;30/06/2026;Bưu chính công ích;80@2025-07-01;Đất đai;1.004222\n"
	tabs := strings.ReplaceAll(vietnamese, ";", "\t")
	for name, text := range map[string]string{
		"plain":               english,
		"no last line break":  strings.TrimSuffix(english, "\n"),
		"byte order mark":     "\ufeff" + english,
		"CRLF":                strings.ReplaceAll(english, "\n", "\r\n"),
		"quoted header":       strings.Replace(english, "dossier,", "\"dossier\",", 1),
		"Vietnamese":          vietnamese,
		"tabs":                tabs,
		"sep line":            "sep=;\r\n" + vietnamese,
		"empty rows below":    english + ",,,,,,,\n,,,,,,,\n",
		"empty cells behind":  strings.ReplaceAll(strings.ReplaceAll(english, "-09\n", "-09,,\n"), "2026-07-02,,\n", "2026-07-02,,,,\n"),
		"decomposed letters":  strings.ReplaceAll(english, "Đất đai", "Đất đai"),
		"blanks around cells": strings.ReplaceAll(strings.ReplaceAll(english, "Đất đai", "  Đất   đai "), "counter", " counter"),
	} {
		t.Run(name, func(t *testing.T) {
			got, bad, _ := read(t, text)
			if len(bad) > 0 {
				t.Fatalf("bad lines: %v", bad)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Each kind of bad line is named with its place, column, value and reason, and a line with two faults twice.
func TestReadTransactionsNamesEveryFault(t *testing.T) {
	const good = "H39.1-0001,p,f,25459,online,2026-07-01,2026-07-10,2026-07-09"
	for _, c := range []struct {
		name string
		line string
		want []BadLine
	}{
		{"empty dossier", ",p,f,25459,online,2026-07-01,,", []BadLine{{Line: 3, Column: "dossier", Reason: ReasonEmpty}}},
		{"duplicate", good, []BadLine{{Line: 3, Column: "dossier", Value: "H39.1-0001", Reason: ReasonDuplicate, Params: map[string]string{"first": "2"}}}},
		{"unknown unit", "H39.1-0002,p,f,99999,online,2026-07-01,,", []BadLine{{Line: 3, Column: "unit", Value: "99999", Reason: ReasonUnitUnknown}}},
		{"lost zeros", "H39.1-0002,p,f,777,online,2026-07-01,,", []BadLine{{Line: 3, Column: "unit", Value: "777", Reason: ReasonUnitUnknown, Params: map[string]string{"near": "00777"}}}},
		{"unit before its time", "H39.1-0002,p,f,25459,online,2025-06-01,,", []BadLine{{Line: 3, Column: "unit", Value: "25459", Reason: ReasonUnitNotValid, Params: map[string]string{"day": "2025-06-01"}}}},
		{"unit elsewhere", "H39.1-0002,p,f,00004,online,2026-07-01,,", []BadLine{{Line: 3, Column: "unit", Value: "00004", Reason: ReasonUnitElsewhere, Params: map[string]string{"province": "Tây Ninh"}}}},
		{"unreadable day", "H39.1-0002,p,f,25459,online,2026-02-30,,", []BadLine{{Line: 3, Column: "received", Value: "2026-02-30", Reason: ReasonDay}}},
		{"unreadable due", "H39.1-0002,p,f,25459,online,2026-07-01,soon,", []BadLine{{Line: 3, Column: "due", Value: "soon", Reason: ReasonDay}}},
		{"no day of receipt", "H39.1-0002,p,f,25459,online,,,", []BadLine{{Line: 3, Column: "received", Reason: ReasonEmpty}}},
		{"returned too early", "H39.1-0002,p,f,25459,online,2026-07-05,,2026-07-04", []BadLine{{Line: 3, Column: "returned", Value: "2026-07-04", Reason: ReasonReturnedEarly, Params: map[string]string{"received": "2026-07-05"}}}},
		{"due too early", "H39.1-0002,p,f,25459,online,2026-07-05,2026-07-04,", []BadLine{{Line: 3, Column: "due", Value: "2026-07-04", Reason: ReasonDueEarly, Params: map[string]string{"received": "2026-07-05"}}}},
		{"unknown channel", "H39.1-0002,p,f,25459,pigeon,2026-07-01,,", []BadLine{{Line: 3, Column: "channel", Value: "pigeon", Reason: ReasonChannel}}},
		{"empty field", "H39.1-0002,p, ,25459,online,2026-07-01,,", []BadLine{{Line: 3, Column: "field", Reason: ReasonEmpty}}},
		{"empty procedure", "H39.1-0002,,f,25459,online,2026-07-01,,", []BadLine{{Line: 3, Column: "procedure", Reason: ReasonEmpty}}},
		{"after the period", "H39.1-0002,p,f,25459,online,2026-10-01,,", []BadLine{{Line: 3, Column: "received", Value: "2026-10-01", Reason: ReasonPeriod, Params: map[string]string{"from": "2026-07-01", "to": "2026-09-30"}}}},
		{"before the period", "H39.1-0002,p,f,25459,online,2026-05-01,,2026-06-30", []BadLine{{Line: 3, Column: "returned", Value: "2026-06-30", Reason: ReasonPeriod, Params: map[string]string{"from": "2026-07-01", "to": "2026-09-30"}}}},
		{"too few cells", "H39.1-0002,p,f", []BadLine{{Line: 3, Reason: ReasonColumns, Params: map[string]string{"cells": "3", "columns": "8"}}}},
		{"too many cells", good + ",x", []BadLine{{Line: 3, Reason: ReasonColumns, Params: map[string]string{"cells": "9", "columns": "8"}}}},
		{"not UTF-8", "H39.1-0002,p,\xd0\x20t,25459,online,2026-07-01,,", []BadLine{{Line: 3, Column: "field", Value: "\uFFFD t", Reason: ReasonEncoding}}},
		{"control character", "H39.1-0002,p,f\x00,25459,online,2026-07-01,,", []BadLine{{Line: 3, Column: "field", Value: `"f\x00"`, Reason: ReasonControl}}},
		{"quotation mark within", `H39.1-0002,p"q,f,25459,online,2026-07-01,,`, []BadLine{{Line: 3, Reason: ReasonQuoting}}},
		{"pooled field", "H39.1-0002,p,Đất đai | Môi trường,25459,online,2026-07-01,,", []BadLine{{Line: 3, Column: "field", Value: "Đất đai | Môi trường", Reason: ReasonFieldNotAllowed}}},
		{"too long", "H39.1-0002,p," + strings.Repeat("đ", 501) + ",25459,online,2026-07-01,,", []BadLine{{Line: 3, Column: "field", Value: strings.Repeat("đ", 40) + "…", Reason: ReasonTooLong, Params: map[string]string{"max": "500"}}}},
		{"two faults", "H39.1-0002,p,f,99999,pigeon,2026-07-01,,", []BadLine{
			{Line: 3, Column: "unit", Value: "99999", Reason: ReasonUnitUnknown},
			{Line: 3, Column: "channel", Value: "pigeon", Reason: ReasonChannel},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, bad, _ := read(t, header+good+"\n"+c.line+"\nH39.1-0009,p,f,25459,online,2026-07-03,,\n")
			for i := range c.want {
				c.want[i].File = "r.csv"
			}
			if diff := cmp.Diff(c.want, bad); diff != "" {
				t.Error(diff)
			}
			if len(got) != 2 || got[0].Dossier != "H39.1-0001" || got[1].Dossier != "H39.1-0009" {
				t.Errorf("the good lines around it are %v", got)
			}
			for _, b := range bad {
				if s := b.String(); !strings.HasPrefix(s, "r.csv:3: ") || strings.ContainsAny(s, "{}") {
					t.Errorf("sentence %q", s)
				}
			}
		})
	}
}

// A file whose header cannot be used gives no line at all, and says what is missing.
func TestReadTransactionsHeader(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       Reason
		column     string
	}{
		{"empty", "", ReasonNoHeader, ""},
		{"UTF-16", "\xff\xfed\x00", ReasonEncoding, ""},
		{"old encoding", "M\xe3 h\xf5 s\xac,unit\n", ReasonEncoding, ""},
		{"column missing", strings.Replace(header, ",due", "", 1) + "a,b,c,d,e,f,g\n", ReasonColumnMissing, "due"},
		{"column twice", strings.Replace(header, "due", "Received", 1), ReasonColumnTwice, "received"},
		{"open quote", "\"dossier,procedure", ReasonQuoting, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			good, bad, _ := read(t, c.text)
			if len(good) != 0 || len(bad) == 0 || bad[0].Line != 1 {
				t.Fatalf("good %v, bad %v", good, bad)
			}
			if !slices.ContainsFunc(bad, func(b BadLine) bool { return b.Reason == c.want && b.Column == c.column }) {
				t.Errorf("want %s of column %q, got %v", c.want, c.column, bad)
			}
		})
	}
}

// Oddities are counted and keep nothing out.
func TestReadTransactionsWarns(t *testing.T) {
	good, bad, warnings := read(t, "note,"+header+
		"x,mã số 1,p,f,25459,online,2026-07-01,,\n"+
		"y,mã số 2,p,f,25459,online,2026-07-01,2026-07-02,2026-10-06\n")
	if len(good) != 2 || len(bad) != 0 {
		t.Fatalf("good %v, bad %v", good, bad)
	}
	want := []Warning{
		{File: "r.csv", Line: 1, Column: "note", Reason: WarningColumnIgnored, Count: 1},
		{File: "r.csv", Line: 2, Column: "dossier", Value: "mã số 1", Reason: WarningDossierOdd, Count: 2},
		{File: "r.csv", Line: 2, Column: "due", Reason: WarningManyUndated, Count: 1},
		{File: "r.csv", Line: 3, Column: "returned", Value: "2026-10-06", Reason: WarningFuture, Count: 1},
	}
	if diff := cmp.Diff(want, warnings); diff != "" {
		t.Error(diff)
	}
	if _, _, warnings := read(t, header); len(warnings) != 1 || warnings[0].Reason != WarningNothing {
		t.Errorf("a file without lines warns %v", warnings)
	}
}

// Of a procedure's code and name the code is read, whatever stands first.
func TestReadTransactionsPrefersCodes(t *testing.T) {
	good, bad, warnings := read(t, "Tên thủ tục,"+strings.Replace(header, "procedure", "Mã thủ tục", 1)+"Cấp sổ,H39.1-0001,1.004222,f,25459,online,2026-07-01,,\n")
	if len(bad) != 0 || len(good) != 1 || good[0].Procedure != "1.004222" {
		t.Errorf("good %v, bad %v", good, bad)
	}
	if len(warnings) == 0 || warnings[0].Column != "Tên thủ tục" {
		t.Errorf("warnings %v", warnings)
	}
}

// A quotation mark that never ends swallows the rest of the file; the report names the line where it began.
func TestReadTransactionsOpenQuote(t *testing.T) {
	good, bad, _ := read(t, header+"H39.1-0001,p,f,25459,online,2026-07-01,,\nH39.1-0002,\"p,f,25459,online,2026-07-01,,\nH39.1-0003,p,f,25459,online,2026-07-01,,\n")
	if len(good) != 1 || len(bad) != 1 || bad[0].Line != 3 || bad[0].Reason != ReasonQuoting {
		t.Errorf("good %v, bad %v", good, bad)
	}
}

// A line break within quotation marks counts as a line of the file.
func TestReadTransactionsLineNumbers(t *testing.T) {
	_, bad, _ := read(t, "sep=,\n"+header+"H39.1-0001,p,\"f\ng\",25459,online,2026-07-01,,\nH39.1-0002,p,f,25459,pigeon,2026-07-01,,\n")
	if len(bad) != 1 || bad[0].Line != 5 {
		t.Errorf("bad %v, want line 5", bad)
	}
}

// A file that cannot be read to its end gives nothing: half a register is not a register.
func TestReadTransactionsBrokenFile(t *testing.T) {
	broken := errors.New("disk")
	whole := header + strings.Repeat("H39.1-0001,p,f,25459,online,2026-07-01,,\n", 10_000)
	good, _, _, err := ReadTransactions(io.MultiReader(strings.NewReader(whole), iotest.ErrReader(broken)), "r.csv", testOptions())
	if !errors.Is(err, broken) || good != nil {
		t.Errorf("%d transactions, error %v", len(good), err)
	}
	if _, _, _, err := ReadTransactions(iotest.ErrReader(broken), "r.csv", testOptions()); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

// Whatever stands in a file, reading it neither fails nor loads what the checks forbid, and what it loads can be
// written and read again.
func FuzzReadTransactions(f *testing.F) {
	f.Add([]byte(header + "H39.1-0001,p,f,25459,online,2026-07-01,2026-07-10,2026-07-09\n"))
	f.Add([]byte("sep=;\nMã hồ sơ;Thủ tục;Lĩnh vực;Đơn vị;Kênh;Ngày nhận;Ngày hẹn trả;Ngày trả\n1;2;3;80;Trực tiếp;01/07/2026;;\n"))
	f.Add([]byte("\ufeff" + header + "\"a\"\"b\",=p,f,80,post,1/7/2026,2026-07-01 08:00,\n,,,,,,,\n\"open"))
	f.Add([]byte("\xff\xfe"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		good, bad, _, err := ReadTransactions(bytes.NewReader(raw), "f", testOptions())
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range bad {
			if b.Line < 1 || sentences[b.Reason] == "" {
				t.Fatalf("bad line %+v", b)
			}
		}
		var out bytes.Buffer
		w := csv.NewWriter(&out)
		_ = w.Write(strings.Split(strings.TrimSpace(header), ","))
		seen := map[string]bool{}
		for _, tr := range good {
			if tr.Dossier == "" || seen[tr.Dossier] || tr.Field == "" || tr.Procedure == "" || tr.Unit == "" || tr.Channel == "" {
				t.Fatalf("loaded %+v", tr)
			}
			if tr.Received == "" || tr.Received > "2026-09-30" || tr.Returned != "" && tr.Returned < tr.Received || tr.Due != "" && tr.Due < tr.Received {
				t.Fatalf("loaded %+v", tr)
			}
			seen[tr.Dossier] = true
			_ = w.Write([]string{tr.Dossier, tr.Procedure, tr.Field, string(tr.Unit), string(tr.Channel), string(tr.Received), string(tr.Due), string(tr.Returned)})
		}
		w.Flush()
		again, bad, _, err := ReadTransactions(&out, "f", testOptions())
		if err != nil || len(bad) > 0 {
			t.Fatalf("again: %v %v", bad, err)
		}
		if diff := cmp.Diff(good, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

// registerText makes a register of n lines.
func registerText(n int) []byte {
	var b bytes.Buffer
	b.WriteString(header)
	for i := range n {
		fmt.Fprintf(&b, "H39.%d-2607%02d-%06d,1.%06d,Đất đai,25459,Trực tuyến,2026-07-%02d,2026-08-%02d,2026-08-%02d\n", i%96, 1+i%28, i, i%200, 1+i%28, 1+i%28, 1+i%27)
	}
	return b.Bytes()
}

func BenchmarkReadTransactions(b *testing.B) {
	text := registerText(100_000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		good, bad, _, err := ReadTransactions(bytes.NewReader(text), "b", testOptions())
		if err != nil || len(bad) > 0 || len(good) != 100_000 {
			b.Fatal(len(good), bad, err)
		}
	}
}

// BenchmarkBareCSV is the least that any reader can take: splitting the same lines into cells.
func BenchmarkBareCSV(b *testing.B) {
	text := registerText(100_000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		r := csv.NewReader(bytes.NewReader(text))
		r.ReuseRecord = true
		for {
			if _, err := r.Read(); err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
}
