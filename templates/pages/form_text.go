package pages

import (
	"strconv"

	"sipas/templates/i18n"
	"sipas/templates/ui"
)

func (v FormView) intro() string {
	l := v.Shell.Lang
	switch {
	case v.Shell.Office != "" && v.Unit != "":
		return i18n.T(l, "form.intro", "office", v.Shell.Office, "unit", v.Unit)
	case v.Shell.Office != "":
		return i18n.T(l, "form.intro_office", "office", v.Shell.Office)
	}
	return i18n.T(l, "form.intro_plain")
}

// errors lists what is wrong in the order of the page.
func (v FormView) errors() []ui.FieldError {
	var out []ui.FieldError
	for _, s := range v.Sections {
		for _, item := range s.Items {
			if item.ErrorCode != "" {
				out = append(out, ui.FieldError{ID: "q-" + item.Code + "-1", Text: v.itemError(item)})
			}
		}
	}
	if v.CommentError != "" {
		out = append(out, ui.FieldError{ID: "comment", Text: i18n.T(v.Shell.Lang, "error."+v.CommentError, "max", v.CommentMax)})
	}
	return out
}

func (v FormView) itemError(item Item) string {
	return i18n.T(v.Shell.Lang, "error."+item.ErrorCode, "item", item.Text)
}

func (v FormView) radio(item Item) ui.RadioProps {
	p := ui.RadioProps{ID: "q-" + item.Code, Name: "a." + item.Code, Legend: item.Text, Selected: item.Selected}
	if item.Required {
		p.Hint = i18n.T(v.Shell.Lang, "form.required")
	}
	if item.ErrorCode != "" {
		// The summary names the question; here it stands right above.
		p.Error = openPlace.ReplaceAllString(i18n.T(v.Shell.Lang, "error."+item.ErrorCode), "")
	}
	for _, o := range item.Options {
		p.Options = append(p.Options, ui.RadioOption{
			Value: strconv.Itoa(o.Code), Text: o.Text, Face: o.Face, Quiet: o.Code < 0,
		})
	}
	return p
}

func (v FormView) commentNotes() string {
	if v.CommentError != "" {
		return "comment-hint comment-error"
	}
	return "comment-hint"
}

func (v ClosedView) reason() string {
	if v.Reason == "closed" || v.Reason == "not_open" {
		return v.Reason
	}
	return "unknown"
}
