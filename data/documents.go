package data

import (
	"io/fs"
	"path"
	"strings"
)

// Frameworks returns the ids of the frameworks that are shipped, in alphabetical order.
func Frameworks() []string { return documents("frameworks") }

// Instruments returns the ids of the starter instruments that are shipped, in alphabetical order.
// Their wording is the project's own until an office approves it.
func Instruments() []string { return documents("instruments") }

// Framework returns the JSON document of a framework by its id.
func Framework(id string) ([]byte, bool) { return document("frameworks", id) }

// Instrument returns the JSON document of an instrument by its id.
func Instrument(id string) ([]byte, bool) { return document("instruments", id) }

func documents(dir string) []string {
	entries := must(fs.ReadDir(files, dir))
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = strings.TrimSuffix(e.Name(), ".json")
	}
	return ids
}

func document(dir, id string) ([]byte, bool) {
	b, err := files.ReadFile(path.Join(dir, id+".json"))
	return b, err == nil
}
