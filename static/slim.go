package static

import (
	"bytes"
	"regexp"
)

var (
	blockComment = regexp.MustCompile(`(?m)^[ \t]*/\*(?:[^*]|\*+[^*/])*\*+/[ \t]*$`)
	lineComment  = regexp.MustCompile(`(?m)^[ \t]*//.*$`)
	typeComment  = regexp.MustCompile(`/\*\* @type .*?\*/ ?`)
	indentation  = regexp.MustCompile(`(?m)^[ \t]+|[ \t]*\n([ \t]*\n)*`)
)

// slim leaves out of a script or a style sheet what only its reader needs: the comments that have lines of their own, types, and
// indentation. It knows no grammar, so that it can break none; in return, a string must not go over several lines, which
// a test watches.
func slim(content []byte) []byte {
	for _, comment := range []*regexp.Regexp{blockComment, lineComment, typeComment} {
		content = comment.ReplaceAll(content, nil)
	}
	content = indentation.ReplaceAllFunc(content, func(space []byte) []byte {
		if bytes.ContainsRune(space, '\n') {
			return []byte("\n")
		}
		return nil
	})
	return bytes.TrimLeft(content, "\n")
}
