package export

import (
	"archive/zip"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"sipas/survey"
)

// EvidenceNames reads a cell that lists files: their names, parted by semicolons or upright strokes.
func EvidenceNames(cell string) []string {
	if rest, guarded := strings.CutPrefix(cell, "'"); guarded && Guard(rest) == cell {
		cell = rest
	}
	var names []string
	for _, part := range strings.FieldsFunc(cell, func(c rune) bool { return c == ';' || c == '|' }) {
		if part = strings.TrimSpace(part); part != "" {
			names = append(names, part)
		}
	}
	return names
}

// The files of a bundle that are about the whole of it.
const (
	bundleCriteria = "criteria.csv"
	bundleManifest = "manifest.csv"
)

// Bundle is an assessment as files: its table of criteria, as "sipas score --criteria" and "sipas assessment import" read it; its evidence,
// with a folder for each criterion; and a manifest with the hash of each.
type Bundle struct {
	Framework  *survey.Framework
	Assessment *survey.Assessment
	// Read writes the content of a file of evidence.
	Read func(file survey.EvidenceID, w io.Writer) error
}

// BundleFile is one file of a bundle.
type BundleFile struct {
	Path    string // with slashes
	Changed time.Time
	Write   func(io.Writer) error
}

// Files lists the files of a bundle, evidence last.
func (b Bundle) Files() []BundleFile {
	a := b.Assessment
	files := []BundleFile{{bundleCriteria, a.Changed, b.WriteCriteria}, {bundleManifest, a.Changed, b.writeManifest}}
	folders := EvidenceFolders(b.Framework)
	for _, e := range a.Files {
		files = append(files, BundleFile{path.Join(folders[e.Criterion], e.Name), e.Added, func(w io.Writer) error { return b.Read(e.ID, w) }})
	}
	return files
}

// EvidenceFolders names a folder for each criterion of a framework: its code, as far as every system can write it.
func EvidenceFolders(f *survey.Framework) map[string]string {
	folders, taken := map[string]string{}, []string{bundleCriteria, bundleManifest, ""}
	for _, n := range f.Root.Leaves() {
		name := strings.Trim(strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
				return r
			}
			return '-'
		}, n.Code), ".")
		name = name[:min(len(name), 60)]
		folder := name
		for i := 2; slices.Contains(taken, strings.ToLower(folder)); i++ {
			folder = fmt.Sprintf("%s-%d", name, i)
		}
		taken = append(taken, strings.ToLower(folder))
		folders[n.Code] = folder
	}
	return folders
}

// WriteCriteria writes the table of criteria, a line for each whether it has points or not.
func (b Bundle) WriteCriteria(w io.Writer) error {
	a := b.Assessment
	t := &sheet{name: "criteria", headings: []heading{{name: "unit"}, {name: "code"}}}
	for _, source := range survey.PointSources() {
		t.headings = append(t.headings, heading{name: string(source)})
	}
	t.headings = append(t.headings, heading{name: "evidence"})
	for _, n := range b.Framework.Root.Leaves() {
		row := []any{a.Office, n.Code}
		for _, source := range survey.PointSources() {
			row = append(row, a.Values[n.Code].Of(source))
		}
		var names []string
		for _, e := range a.FilesOf(n.Code) {
			names = append(names, e.Name)
		}
		t.add(append(row, strings.Join(names, "; "))...)
	}
	return t.writeCSV(w)
}

func (b Bundle) writeManifest(w io.Writer) error {
	t := &sheet{name: "manifest"}
	for _, name := range []string{"file", "criterion", "bytes", "sha256", "attached", "by"} {
		t.headings = append(t.headings, heading{name: name})
	}
	folders := EvidenceFolders(b.Framework)
	for _, e := range b.Assessment.Files {
		t.add(path.Join(folders[e.Criterion], e.Name), e.Criterion, strconv.FormatInt(e.Size, 10), e.SHA256, e.Added.UTC().Format(time.RFC3339), e.By)
	}
	return t.writeCSV(w)
}

// WriteZip writes the bundle as one archive, file by file. Evidence is mostly compressed already, so nothing is compressed again.
func (b Bundle) WriteZip(w io.Writer) error {
	z := zip.NewWriter(w)
	for _, f := range b.Files() {
		out, err := z.CreateHeader(&zip.FileHeader{Name: f.Path, Method: zip.Store, Modified: f.Changed.In(survey.Zone)})
		if err != nil {
			return err
		}
		if err := f.Write(out); err != nil {
			return fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	return z.Close()
}
