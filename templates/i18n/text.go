package i18n

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
)

//go:embed vi.json en.json zh.json
var files embed.FS

// catalogues are read once; a broken file is a broken build, so it stops the program.
var catalogues = mustLoad()

func mustLoad() map[Lang]map[string]string {
	all := map[Lang]map[string]string{}
	for _, l := range Languages() {
		b, err := files.ReadFile(string(l) + ".json")
		if err != nil {
			panic("i18n: read catalogue: " + err.Error())
		}
		m := map[string]string{}
		if err := json.Unmarshal(b, &m); err != nil {
			panic("i18n: catalogue " + string(l) + ": " + err.Error())
		}
		all[l] = m
	}
	return all
}

// fallbacks is the order in which a text is looked for. A text in another language
// can be read; a bare key cannot.
func fallbacks(l Lang) []Lang {
	if l == ZH {
		return []Lang{ZH, EN, VI}
	}
	return []Lang{l, VI, EN}
}

// Has reports whether any catalogue that l falls back to has the key.
func Has(l Lang, key string) bool {
	for _, f := range fallbacks(l) {
		if _, ok := catalogues[f][key]; ok {
			return true
		}
	}
	return false
}

// T returns the text of a key. Arguments are names and values in turn:
//
//	T(lang, "wave.answers", "n", 6980)
//
// Integers are written with the language's thousands sign, other values as they
// are: format a float with Number or Percent first. A key that no catalogue holds
// comes back as it is; the tests find it.
func T(l Lang, key string, args ...any) string {
	for _, f := range fallbacks(l) {
		if text, ok := catalogues[f][key]; ok {
			return fill(l, text, args)
		}
	}
	return key
}

// Count returns the text of key.one or key.other by the plural of the language, with
// "n" already filled in. Vietnamese and Chinese have no plural.
func Count(l Lang, key string, n int, args ...any) string {
	suffix := ".other"
	if l == EN && n == 1 {
		suffix = ".one"
	}
	return T(l, key+suffix, append([]any{"n", n}, args...)...)
}

// Section returns every text whose key starts with prefix, in language l with its
// fallbacks, by the rest of the key. The kiosk's script gets its words this way.
func Section(l Lang, prefix string) map[string]string {
	out := map[string]string{}
	order := fallbacks(l)
	for i := len(order) - 1; i >= 0; i-- {
		for key, text := range catalogues[order[i]] {
			if rest, ok := strings.CutPrefix(key, prefix); ok {
				out[rest] = text
			}
		}
	}
	return out
}

func fill(l Lang, text string, args []any) string {
	if len(args) == 0 {
		return text
	}
	pairs := make([]string, 0, len(args))
	for i := 0; i+1 < len(args); i += 2 {
		pairs = append(pairs, "{"+fmt.Sprint(args[i])+"}", write(l, args[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

func write(l Lang, v any) string {
	if n, ok := v.(int); ok {
		return Integer(l, n)
	}
	return fmt.Sprint(v)
}
