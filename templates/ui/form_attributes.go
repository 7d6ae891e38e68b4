package ui

import (
	"strings"

	"github.com/a-h/templ"
)

// describedBy ties a question to its hint and its error.
func describedBy(p RadioProps) templ.Attributes {
	var ids []string
	if p.Hint != "" {
		ids = append(ids, p.ID+"-hint")
	}
	if p.Error != "" {
		ids = append(ids, p.ID+"-error")
	}
	if len(ids) == 0 {
		return nil
	}
	return templ.Attributes{"aria-describedby": strings.Join(ids, " ")}
}
