package static

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

func TestSlim(t *testing.T) {
	script := `// What this is for.
"use strict";

/**
 * Adds. ** stars *
 * @param {number} a
 */
function add(a) {
  // Why.
  const link = "http://x"; /* stays */
  /** @type {any} */ (a).b = 1; /* this, too */

  return /** @type {number} */ (a) + 1;
}
/** One line. */
add(1);
`
	want := `"use strict";
function add(a) {
const link = "http://x"; /* stays */
(a).b = 1; /* this, too */
return (a) + 1;
}
add(1);
`
	if got := string(slim([]byte(script))); got != want {
		t.Errorf("slim gives\n%s\nwant\n%s", got, want)
	}
}

// slim looks at lines: a string over several lines would lose what looks like a comment or an indentation.
func TestNoStringGoesOverLines(t *testing.T) {
	regular := regexp.MustCompile("/[^/\n]*`[^/\n]*/[a-z]*")
	for _, name := range Names() {
		if path.Ext(name) != ".js" {
			continue
		}
		f, _ := Get(URL(name))
		for i, line := range strings.Split(string(f.Content), "\n") {
			if strings.Count(regular.ReplaceAllString(line, ""), "`")%2 != 0 {
				t.Errorf("%s, line %d as served: a string that goes on in the next line: %s", name, i+1, line)
			}
		}
	}
}
