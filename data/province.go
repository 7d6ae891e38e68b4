package data

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// NameError says why a name is not the name of one province, and what may have been meant.
type NameError struct {
	Name       string
	Candidates []Unit // the provinces that an ambiguous name may mean
	Near       []Unit // the provinces with the nearest names, for a name that nothing bears
	Gone       *Unit  // the province that bore the name on another day
}

func (e *NameError) Error() string {
	switch {
	case len(e.Candidates) > 0:
		return fmt.Sprintf("%q may mean %s: write the whole name", e.Name, joinNames(e.Candidates))
	case e.Gone != nil && e.Gone.To != "":
		next, _ := UnitByID(e.Gone.Successors[0])
		return fmt.Sprintf("%q ended on %s and is now part of %s", e.Name, e.Gone.To, next.NameVI)
	case e.Gone != nil:
		return fmt.Sprintf("%q exists only since %s", e.Name, e.Gone.From)
	case len(e.Near) > 0:
		return fmt.Sprintf("no province is called %q; near names: %s", e.Name, joinNames(e.Near))
	default:
		return fmt.Sprintf("no province is called %q, and no name comes near", e.Name)
	}
}

func joinNames(list []Unit) string {
	names := make([]string, len(list))
	for i, u := range list {
		names[i] = u.NameVI
	}
	return strings.Join(names, ", ")
}

// Province returns the province that a name means in the list of a day (empty: today's). The name may
// be Vietnamese with or without its marks, English, an alias of units/aliases.csv, the initials, and
// may carry "Tỉnh", "TP", "Province" or "City"; case, spaces, hyphens and dots do not count. A name
// that means none or several is a *NameError.
func Province(name, day string) (Unit, error) {
	edition := CurrentFrom
	if day != "" && day < CurrentFrom {
		edition = FormerFrom
	}
	if day != "" && day < FormerFrom {
		return Unit{}, fmt.Errorf("provinces before %s are not known, so not on %s", FormerFrom, day)
	}
	folded := foldName(name)
	index := provinceIndexes()[edition]
	if ids := index.names[folded]; len(ids) > 0 {
		return pick(name, ids)
	}
	if ids := index.initials[folded]; len(ids) > 0 {
		return pick(name, ids)
	}
	other := FormerFrom
	if edition == FormerFrom {
		other = CurrentFrom
	}
	if ids := provinceIndexes()[other].names[folded]; len(ids) == 1 {
		u, _ := UnitByID(ids[0])
		return Unit{}, &NameError{Name: name, Gone: &u}
	}
	return Unit{}, &NameError{Name: name, Near: index.near(folded)}
}

func pick(name string, ids []string) (Unit, error) {
	candidates := make([]Unit, len(ids))
	for i, id := range ids {
		candidates[i], _ = UnitByID(id)
	}
	if len(candidates) > 1 {
		return Unit{}, &NameError{Name: name, Candidates: candidates}
	}
	return candidates[0], nil
}

// nameIndex maps folded names to the ids of the units that bear them.
type nameIndex struct {
	names, initials map[string][]string
}

var provinceIndexes = sync.OnceValue(func() map[string]nameIndex {
	indexes := map[string]nameIndex{}
	for _, day := range []string{FormerFrom, CurrentFrom} {
		index := nameIndex{names: map[string][]string{}, initials: map[string][]string{}}
		for _, u := range Provinces(day) {
			for _, name := range []string{u.NameVI, u.NameEN, u.FullVI, u.FullEN} {
				index.add(index.names, foldName(name), u.ID)
			}
			index.add(index.initials, initials(u.NameVI), u.ID)
		}
		for _, a := range aliasRows() {
			if u, ok := UnitByID(a.unit); ok && u.From == day {
				index.add(index.names, foldName(a.name), u.ID)
			}
		}
		indexes[day] = index
	}
	return indexes
})

func (nameIndex) add(to map[string][]string, key, id string) {
	if !slices.Contains(to[key], id) {
		to[key] = append(to[key], id)
	}
}

// near returns up to three units whose names are fewest edits away, at most a third of the
// letters; the list is empty where everything is further off.
func (x nameIndex) near(folded string) []Unit {
	type found struct {
		id    string
		edits int
	}
	var best []found
	for name, ids := range x.names {
		edits := editDistance(folded, name)
		if edits > max(1, len(name)/3) {
			continue
		}
		for _, id := range ids {
			best = append(best, found{id, edits})
		}
	}
	slices.SortFunc(best, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.edits, b.edits), cmp.Compare(a.id, b.id))
	})
	var near []Unit
	for _, f := range best {
		u, _ := UnitByID(f.id)
		if len(near) < 3 && !slices.ContainsFunc(near, func(v Unit) bool { return v.ID == u.ID }) {
			near = append(near, u)
		}
	}
	return near
}

// words splits a name into lower-case words of unmarked letters and digits.
func words(name string) []string {
	var b strings.Builder
	for _, r := range norm.NFD.String(name) {
		r = unicode.ToLower(r)
		switch {
		case r == 'đ':
			b.WriteByte('d')
		case unicode.Is(unicode.Mn, r): // a mark of the letter before it
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		default:
			b.WriteByte(' ')
		}
	}
	return strings.Fields(b.String())
}

// foldName reduces a name to what tells provinces apart: unmarked letters without spaces, and
// without the words for province and city.
func foldName(name string) string {
	w := words(name)
	for _, prefix := range [][]string{{"tinh"}, {"thanh", "pho"}, {"tp"}} {
		if len(w) > len(prefix) && slices.Equal(w[:len(prefix)], prefix) {
			w = w[len(prefix):]
			break
		}
	}
	if n := len(w) - 1; n > 0 && (w[n] == "province" || w[n] == "city") {
		w = w[:n]
	}
	return strings.Join(w, "")
}

// initials returns the first letters of the words of a name: "bd" for Bình Dương.
func initials(name string) string {
	var b strings.Builder
	for _, w := range words(name) {
		b.WriteByte(w[0])
	}
	return b.String()
}

// editDistance counts the insertions, deletions, replacements and swaps of neighbors that turn
// one string into the other.
func editDistance(a, b string) int {
	s, t := []rune(a), []rune(b)
	var before []int
	last := make([]int, len(t)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(s); i++ {
		row := make([]int, len(t)+1)
		row[0] = i
		for j := 1; j <= len(t); j++ {
			replace := last[j-1]
			if s[i-1] != t[j-1] {
				replace++
			}
			row[j] = min(last[j]+1, row[j-1]+1, replace)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(t)]
}
