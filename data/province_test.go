package data

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestProvinceNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, day, id string }{
		{"Bình Dương", "2020-12-31", "74@2008-08-01"},
		{"Binh Duong", "2020-12-31", "74@2008-08-01"},
		{"  BÌNH   dương ", "2020-12-31", "74@2008-08-01"},
		{norm.NFD.String("Bình Dương"), "2020-12-31", "74@2008-08-01"},
		{"tỉnh Bình Dương", "2020-12-31", "74@2008-08-01"},
		{"Binh Duong province", "2020-12-31", "74@2008-08-01"},
		{"binhduong", "2020-12-31", "74@2008-08-01"},
		{"Long An", "2020-12-31", "80@2008-08-01"},
		{"LA", "2020-12-31", "80@2008-08-01"},
		{"Hanoi", "2020-12-31", "01@2008-08-01"},
		{"Ha Noi", "", "01@2025-07-01"},
		{"Ba Ria-Vung Tau", "2020-12-31", "77@2008-08-01"},
		{"BR-VT", "2020-12-31", "77@2008-08-01"},
		{"Bà Rịa – Vũng Tàu", "2020-12-31", "77@2008-08-01"},
		{"Thua Thien-Hue", "2020-12-31", "46@2008-08-01"},
		{"Hue", "2020-12-31", "46@2008-08-01"},
		{"Thành phố Huế", "", "46@2025-07-01"},
		{"TP.HCM", "2020-12-31", "79@2008-08-01"},
		{"TP. Hồ Chí Minh", "", "79@2025-07-01"},
		{"Ho Chi Minh City", "", "79@2025-07-01"},
		{"Sài Gòn", "2011-12-31", "79@2008-08-01"},
		{"Dak Lak", "2020-12-31", "66@2008-08-01"},
		{"Đắc Lắc", "2020-12-31", "66@2008-08-01"},
		{"Haiphong", "", "31@2025-07-01"},
		{"Hai Phong", "", "31@2025-07-01"},
		{"Thanh Hoá", "2020-12-31", "38@2008-08-01"},
		{"Tây Ninh", "2025-06-30", "72@2008-08-01"},
		{"Tây Ninh", "2025-07-01", "80@2025-07-01"},
	} {
		u, err := Province(c.name, c.day)
		if err != nil || u.ID != c.id {
			t.Errorf("Province(%q, %q) is %s, %v; want %s", c.name, c.day, u.ID, err, c.id)
		}
	}
}

func TestEveryNameAndAliasMeansItsUnit(t *testing.T) {
	t.Parallel()
	for _, day := range []string{FormerUntil, CurrentFrom} {
		for _, u := range Provinces(day) {
			for _, name := range []string{u.NameVI, u.NameEN, u.FullVI, u.FullEN, strings.ToUpper(u.NameVI), norm.NFD.String(u.NameVI)} {
				if got, err := Province(name, day); err != nil || got.ID != u.ID {
					t.Errorf("%q on %s is %s, %v; want %s", name, day, got.ID, err, u.ID)
				}
			}
		}
	}
	for _, a := range aliasRows() {
		u, ok := UnitByID(a.unit)
		if !ok {
			t.Errorf("alias %q is of no unit", a.name)
			continue
		}
		if got, err := Province(a.name, u.From); err != nil || got.ID != u.ID {
			t.Errorf("alias %q is %s, %v; want %s", a.name, got.ID, err, u.ID)
		}
		if a.kind != "published" && foldName(a.name) == foldName(u.NameVI) {
			t.Errorf("alias %q says nothing that the name does not", a.name)
		}
	}
	names, err := publishedNames()
	if err != nil || len(names) != 63 {
		t.Fatalf("%d names stand in the published series, %v", len(names), err)
	}
	units := map[string]bool{}
	for _, unit := range names {
		units[unit] = true
	}
	if len(units) != 63 {
		t.Errorf("the 63 published names mean %d provinces", len(units))
	}
}

func TestNamesThatMeanNoneOrSeveral(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, day, wants string }{
		{"Bin Duong", "2020-12-31", `no province is called "Bin Duong"; near names: Bình Dương`},
		{"Quang Nih", "2020-12-31", "Quảng Ninh"},
		{"Ha Tin", "2020-12-31", "near names: Hà Tĩnh"},
		{"Hà Tây", "2020-12-31", "no name comes near"},
		{"Atlantis", "2020-12-31", "no name comes near"},
		{"", "2020-12-31", "no name comes near"},
		{"...", "", "no name comes near"},
		{"BD", "2020-12-31", `"BD" may mean Bình Định, Bình Dương: write the whole name`},
		{"Bình Dương", "", `"Bình Dương" ended on 2025-06-30 and is now part of Hồ Chí Minh`},
		{"Bình Dương", "2001-01-01", "are not known"},
	} {
		_, err := Province(c.name, c.day)
		if err == nil || !strings.Contains(err.Error(), c.wants) {
			t.Errorf("Province(%q, %q): %v; want %q", c.name, c.day, err, c.wants)
		}
	}
	var e *NameError
	if _, err := Province("BD", "2020-12-31"); !errors.As(err, &e) || len(e.Candidates) != 2 {
		t.Errorf("BD has the candidates %+v", e)
	}
	if _, err := Province("Binh Dinh Duong", "2020-12-31"); !errors.As(err, &e) || len(e.Near) > 3 {
		t.Errorf("near names are %+v", e)
	}
}

func TestEditDistance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "", 3}, {"", "abc", 3}, {"hue", "hue", 0}, {"heu", "hue", 1}, {"bin", "binh", 1}, {"kitten", "sitting", 3}} {
		if got := editDistance(c.a, c.b); got != c.want {
			t.Errorf("from %q to %q are %d edits, want %d", c.a, c.b, got, c.want)
		}
	}
}

// FuzzProvince holds that any text is answered by a province that bears the name or by an error that
// can be shown, and that what does not count in a name never changes the answer.
func FuzzProvince(f *testing.F) {
	for _, seed := range []string{"Bình Dương", "Ba Ria - Vung Tau", "TP.HCM", "đ", "tỉnh", "thanh pho", "\xff", "ĐẮK LẮK", "City", "ǅ", "\u0300"} {
		f.Add(seed, "2020-12-31")
		f.Add(seed, "")
	}
	f.Fuzz(func(t *testing.T, name, day string) {
		if len(name) > 200 {
			return
		}
		u, err := Province(name, day)
		if err != nil {
			if u.ID != "" || err.Error() == "" {
				t.Errorf("%q: a unit %q beside the error %q", name, u.ID, err)
			}
		} else if !u.ValidOn(day) || u.Level != LevelProvince {
			t.Errorf("%q on %q is %+v", name, day, u)
		}
		if !utf8.ValidString(name) {
			return
		}
		again, errAgain := Province("  "+norm.NFD.String(name)+" - ", day)
		if again.ID != u.ID || (err == nil) != (errAgain == nil) {
			t.Errorf("%q on %q is %q, but spaced and decomposed %q", name, day, u.ID, again.ID)
		}
	})
}
