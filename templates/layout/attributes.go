package layout

import "github.com/a-h/templ"

// current marks the link that leads to the page itself.
func current(yes bool) templ.Attributes {
	if !yes {
		return nil
	}
	return templ.Attributes{"aria-current": "page"}
}
