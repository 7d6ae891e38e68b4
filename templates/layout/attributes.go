package layout

import "github.com/a-h/templ"

// open marks a place or view: the page itself, or the place that the page is a view of.
func open(t Tab) templ.Attributes {
	if t.Current && len(t.Views) > 0 {
		return templ.Attributes{"aria-current": "true"}
	}
	return current(t.Current)
}

// current marks the link that leads to the page itself.
func current(yes bool) templ.Attributes {
	if !yes {
		return nil
	}
	return templ.Attributes{"aria-current": "page"}
}
