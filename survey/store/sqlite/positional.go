package sqlite

import (
	"regexp"
	"strconv"
)

var numbered = regexp.MustCompile(`\$([0-9]+)`)

// positional writes a statement whose parameters are numbered in the order in which they stand with bare question marks. SQLite takes
// "$1" for a name, and the driver asks for the name of every parameter at every run, for which SQLite walks the list of all
// of them. A statement that names a parameter twice, or out of order, stays as it is.
func positional(query string) string {
	for i, number := range numbered.FindAllStringSubmatch(query, -1) {
		if number[1] != strconv.Itoa(i+1) {
			return query
		}
	}
	return numbered.ReplaceAllLiteralString(query, "?")
}
