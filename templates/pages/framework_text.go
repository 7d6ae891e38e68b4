package pages

import "github.com/a-h/templ"

// fieldAttributes are what a field has besides its name.
func fieldAttributes(f NodeField) templ.Attributes {
	a := templ.Attributes{}
	if f.Numeric {
		a["inputmode"] = "decimal"
	}
	if len(f.List) > 0 {
		a["list"] = "l-" + f.Name
	}
	if f.Error != "" {
		a["aria-invalid"], a["aria-describedby"] = "true", "f-"+f.Name+"-error"
	}
	return a
}
