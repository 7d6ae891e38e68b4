package data

import (
	"slices"
	"testing"
)

func TestUnits(t *testing.T) {
	t.Parallel()
	if n := len(Units()); n != 63+34+3321 {
		t.Errorf("%d units", n)
	}
	seen := map[string]bool{}
	forms := map[string]int{}
	for _, u := range Units() {
		if seen[u.ID] || u.ID != UnitID(u.Code, u.From) {
			t.Errorf("%s is no key of its own", u.ID)
		}
		seen[u.ID] = true
		if u.NameVI == "" || u.NameEN == "" || u.FullVI == "" || u.FullEN == "" {
			t.Errorf("%s lacks a name: %+v", u.ID, u)
		}
		if u.To == "" {
			forms[u.Form]++
		}
		if width := map[Level]int{LevelProvince: 2, LevelCommune: 5}[u.Level]; len(u.Code) != width {
			t.Errorf("%s: a code of a %s has %d digits", u.ID, u.Level, width)
		}
		for _, other := range slices.Concat(u.Successors, u.Predecessors, []string{u.Parent}) {
			if _, ok := UnitByID(other); other != "" && !ok {
				t.Errorf("%s points to %q, which is no unit", u.ID, other)
			}
		}
	}
	want := map[string]int{"province": 27, "city": 7, "commune": 2611, "ward": 697, "special administrative region": 13}
	for form, n := range want {
		if forms[form] != n {
			t.Errorf("%d units are a %s, want %d", forms[form], form, n)
		}
	}
	if _, ok := UnitByID("80"); ok {
		t.Error("a code alone must not be a key")
	}
}

func TestProvincesOfADay(t *testing.T) {
	t.Parallel()
	for day, n := range map[string]int{"2020-12-31": 63, "2025-06-30": 63, "2025-07-01": 34, "": 34, "2008-07-31": 0} {
		if got := Provinces(day); len(got) != n {
			t.Errorf("%d provinces on %q, want %d", len(got), day, n)
		}
	}
	if got := Communes("80@2025-07-01"); len(got) != 96 {
		t.Errorf("Tay Ninh has %d communes, want 96", len(got))
	}
	if got := Communes(""); len(got) != 0 {
		t.Errorf("no province has %d communes", len(got))
	}
	for _, f := range ProvincesOf2025() {
		u, ok := UnitByID(UnitID(f.Code, CurrentFrom))
		if !ok || len(Communes(u.ID)) != f.Communes || u.Form != f.FormNow {
			t.Errorf("%s: %d communes and a %s, want %d and a %s", f.NameVI, len(Communes(u.ID)), u.Form, f.Communes, f.FormNow)
		}
		var names []string
		for _, id := range u.Predecessors {
			p, _ := UnitByID(id)
			names = append(names, p.NameVI)
		}
		slices.Sort(names)
		formed := slices.Clone(f.FormedFrom)
		slices.Sort(formed)
		if !slices.Equal(names, formed) {
			t.Errorf("%s was formed from %v, but its predecessors are %v", f.NameVI, formed, names)
		}
	}
}

// TestSevenCodesChangedMeaning is why the code alone is never a key.
func TestSevenCodesChangedMeaning(t *testing.T) {
	t.Parallel()
	var changed []string
	for _, old := range Provinces(FormerUntil) {
		now, ok := UnitByID(UnitID(old.Code, CurrentFrom))
		if ok && foldName(now.NameVI) != foldName(old.NameVI) {
			changed = append(changed, old.Code+" "+old.NameVI+" > "+now.NameVI)
		}
	}
	want := []string{
		"15 Yên Bái > Lào Cai", "24 Bắc Giang > Bắc Ninh", "44 Quảng Bình > Quảng Trị", "52 Bình Định > Gia Lai",
		"80 Long An > Tây Ninh", "82 Tiền Giang > Đồng Tháp", "91 Kiên Giang > An Giang",
	}
	if !slices.Equal(changed, want) {
		t.Errorf("codes with another meaning:\n got %q\nwant %q", changed, want)
	}
	for _, m := range mappingRows() {
		now, ok := UnitByID(UnitID(m.code, CurrentFrom))
		names := ok && foldName(now.NameVI) != foldName(m.nameVI)
		if names != m.codeNamesAnother {
			t.Errorf("%s: the mapping says otherwise about its code", m.nameVI)
		}
		if m.keepsCode != (m.code == m.newCode) || m.keepsName != (foldName(m.nameVI) == foldName(m.newNameVI)) {
			t.Errorf("%s: the mapping contradicts itself", m.nameVI)
		}
	}
}

func TestSuccessors(t *testing.T) {
	t.Parallel()
	unchanged := 0
	for _, u := range Provinces(FormerUntil) {
		if len(u.Successors) != 1 {
			t.Fatalf("%s has %d successors", u.NameVI, len(u.Successors))
		}
		next, _ := UnitByID(u.Successors[0])
		if !slices.Contains(next.Predecessors, u.ID) {
			t.Errorf("%s became %s, which does not know it", u.NameVI, next.NameVI)
		}
		if u.Unchanged != (len(next.Predecessors) == 1) {
			t.Errorf("%s is unchanged: %v, but %s has %d predecessors", u.NameVI, u.Unchanged, next.NameVI, len(next.Predecessors))
		}
		if u.Unchanged {
			unchanged++
		}
	}
	if unchanged != 11 {
		t.Errorf("%d provinces continue unchanged, want 11", unchanged)
	}
	binhDuong, _ := UnitByID("74@2008-08-01")
	if next, _ := UnitByID(binhDuong.Successors[0]); next.NameVI != "Hồ Chí Minh" {
		t.Errorf("Bình Dương became %s", next.NameVI)
	}
}

func TestShapesMatchUnits(t *testing.T) {
	t.Parallel()
	for name, list := range map[string][]Shape{"provinces": ProvinceShapes(), "Tay Ninh": TayNinhShapes()} {
		seen := map[string]bool{}
		for _, s := range list {
			u, ok := UnitByID(s.Unit)
			if !ok || seen[s.Unit] || u.NameVI != s.NameVI || u.NameEN != s.NameEN {
				t.Errorf("%s: shape %s (%s) is unit %+v", name, s.Code, s.NameVI, u)
			}
			seen[s.Unit] = true
			if name == "Tay Ninh" && u.Parent != "80@2025-07-01" {
				t.Errorf("%s is not in Tay Ninh", s.NameVI)
			}
			if len(s.Polygons) == 0 {
				t.Errorf("%s has no boundary", s.NameVI)
			}
			for _, polygon := range s.Polygons {
				for _, ring := range polygon {
					if len(ring) < 4 || ring[0] != ring[len(ring)-1] {
						t.Errorf("%s: a ring is not closed", s.NameVI)
					}
					for _, p := range ring {
						if p[0] < 102 || p[0] > 118 || p[1] < 6 || p[1] > 24 {
							t.Errorf("%s: %v is not in Viet Nam", s.NameVI, p)
						}
					}
				}
			}
		}
	}
}

func TestParseShapesRefuses(t *testing.T) {
	t.Parallel()
	for name, doc := range map[string]string{
		"no JSON":       `{`,
		"no collection": `{"type":"Feature"}`,
		"unknown code":  `{"type":"FeatureCollection","features":[{"properties":{"code":"74"},"geometry":{"type":"Polygon","coordinates":[]}}]}`,
		"a line":        `{"type":"FeatureCollection","features":[{"properties":{"code":"80"},"geometry":{"type":"LineString","coordinates":[]}}]}`,
		"bad points":    `{"type":"FeatureCollection","features":[{"properties":{"code":"80"},"geometry":{"type":"Polygon","coordinates":[[["x"]]]}}]}`,
	} {
		if _, err := ParseShapes([]byte(doc)); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
