package i18n_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"sipas/templates/i18n"
)

func TestNumber(t *testing.T) {
	tests := []struct {
		lang     i18n.Lang
		value    float64
		decimals int
		want     string
	}{
		{i18n.VI, 40.76, 2, "40,76"},
		{i18n.EN, 40.76, 2, "40.76"},
		{i18n.ZH, 40.76, 2, "40.76"},
		{i18n.VI, 1234567.5, 1, "1.234.567,5"},
		{i18n.EN, 60000, 0, "60,000"},
		{i18n.VI, 999, 0, "999"},
		{i18n.EN, -3.44, 1, "−3.4"},
		{i18n.EN, -0.04, 1, "0.0"},
		{i18n.VI, math.NaN(), 1, "–"},
		{i18n.VI, math.Inf(-1), 1, "–"},
	}
	for _, test := range tests {
		if got := i18n.Number(test.lang, test.value, test.decimals); got != test.want {
			t.Errorf("Number(%s, %v, %d) = %q, want %q", test.lang, test.value, test.decimals, got, test.want)
		}
	}
}

func TestSigned(t *testing.T) {
	for value, want := range map[float64]string{2.14: "+2.1", -2.14: "−2.1", 0: "0.0", 0.01: "0.0"} {
		if got := i18n.Signed(i18n.EN, value, 1); got != want {
			t.Errorf("Signed(%v) = %q, want %q", value, got, want)
		}
	}
}

func TestDate(t *testing.T) {
	day := time.Date(2026, 11, 2, 8, 5, 0, 0, time.UTC)
	for lang, want := range map[i18n.Lang]string{i18n.VI: "02/11/2026", i18n.EN: "2 Nov 2026", i18n.ZH: "2026年11月2日"} {
		if got := i18n.Date(lang, day); got != want {
			t.Errorf("Date(%s) = %q, want %q", lang, got, want)
		}
	}
	if got := i18n.Date(i18n.VI, time.Time{}); got != i18n.Unknown {
		t.Errorf("the zero day is %q", got)
	}
	if got, want := i18n.DateTime(i18n.VI, day), "02/11/2026 08:05"; got != want {
		t.Errorf("DateTime = %q, want %q", got, want)
	}
}

func ExamplePercent() {
	fmt.Println(i18n.Percent(i18n.VI, 0.8394, 1))
	fmt.Println(i18n.Percent(i18n.EN, 0.8394, 2))
	// Output:
	// 83,9%
	// 83.94%
}

func ExampleCount() {
	fmt.Println(i18n.Count(i18n.EN, "overview.dossiers", 1))
	fmt.Println(i18n.Count(i18n.EN, "overview.dossiers", 1200))
	fmt.Println(i18n.Count(i18n.VI, "overview.dossiers", 1))
	// Output:
	// 1 transaction
	// 1,200 transactions
	// 1 hồ sơ
}
