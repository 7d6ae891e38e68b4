package export

import (
	"io"
	"slices"

	"sipas/survey"
)

// Comments writes the remarks of a wave as CSV, apart from the answers and in an order of their own that the system's
// randomness draws. names may be the zero Names.
func Comments(w io.Writer, comments []survey.CommentRow, names Names) error {
	rows := slices.Clone(comments)
	shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	f := newCSV(w)
	if err := f.line("wave", "unit", "unit_name", "language", "comment"); err != nil {
		return err
	}
	for _, c := range rows {
		if err := f.line(string(c.Wave), string(c.Unit), names.Unit(c.Unit, survey.Vietnamese), string(c.Language), c.Text); err != nil {
			return err
		}
	}
	return f.close()
}

// TokenLink is one line of the list that an office delivers: whom to send which link.
type TokenLink struct {
	Dossier string
	Token   survey.Token
	Link    string
}

// Tokens writes the list of tokens as CSV, in the order given.
func Tokens(w io.Writer, list []TokenLink) error {
	f := newCSV(w)
	if err := f.line("dossier", "token", "link"); err != nil {
		return err
	}
	for _, t := range list {
		if err := f.line(t.Dossier, string(t.Token), t.Link); err != nil {
			return err
		}
	}
	return f.close()
}
