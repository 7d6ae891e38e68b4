package survey

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestNewAssessmentID(t *testing.T) {
	t.Parallel()
	taken := map[AssessmentID]bool{}
	for _, c := range []struct{ office, want string }{
		{"Sở Nội vụ", "so-noi-vu-2026"}, {"Sở nội  vụ", "so-noi-vu-2026-2"}, {"UBND xã Đông Hòa (mới)", "ubnd-xa-dong-hoa-moi-2026"}, {"办公室", "assessment-2026"},
		{strings.Repeat("Đ", 200), strings.Repeat("d", 51) + "-2026"},
	} {
		id := NewAssessmentID(c.office, 2026, func(id AssessmentID) bool { return taken[id] })
		if taken[id] = true; string(id) != c.want {
			t.Errorf("%q is %q, want %q", c.office, id, c.want)
		}
	}
}

// A name that is taken is one that every system can write and that changes no more, whatever somebody calls his file.
func FuzzEvidenceName(f *testing.F) {
	for _, name := range []string{
		"Kế hoạch.pdf", "../../etc/passwd.txt", `C:\a\b.docx`, "a\u202efdp.exe.pdf", "a\x00b.csv", "=1+2.csv", "''=a.csv", "nul.txt", "CON.PDF", ".pdf", "..pdf", "a.exe",
		strings.Repeat("ộ", 300) + ".pdf", "a\u200d\u0301.pdf", "\u037e.pdf", "\xff\xfe.zip", " . a ; b | c .tif", "a.pdf\u2028", "\u00a0.png", "",
	} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		name, err := CleanEvidenceName(raw)
		if err != nil {
			if !IsCode(err, CodeEvidenceKind) {
				t.Fatalf("%q: %v", raw, err)
			}
			return
		}
		again, err := CleanEvidenceName(name)
		if err != nil || again != name {
			t.Errorf("%q is %q, and that is %q: %v", raw, name, again, err)
		}
		switch {
		case len(name) > 200 || !utf8.ValidString(name) || !norm.NFC.IsNormalString(name):
			t.Errorf("%q is %q", raw, name)
		case strings.ContainsAny(name, "/\\;|<>:\"?*%") || strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }):
			t.Errorf("%q is %q", raw, name)
		case strings.HasPrefix(name, "'") || strings.HasPrefix(name, ".") || strings.HasPrefix(name, " ") || strings.Contains(name, ".."+"/"):
			t.Errorf("%q is %q", raw, name)
		}
	})
}
