package pages

import (
	"sipas/templates/i18n"
	"sipas/templates/ui"
)

func (v AdminView) lead() string {
	l := v.Shell.Lang
	return i18n.Count(l, "admin.lead_users", len(v.Users)) + ", " +
		i18n.Count(l, "admin.lead_points", v.Kiosks) + ", " +
		i18n.Count(l, "admin.lead_waves", len(v.Waves)) + "."
}

func (v AdminView) facts() []ui.Fact {
	l := v.Shell.Lang
	out := make([]ui.Fact, 0, len(v.Counts))
	for _, c := range v.Counts {
		out = append(out, ui.Fact{Name: i18n.T(l, "count."+c.Key), Value: i18n.Integer(l, c.Value)})
	}
	return out
}

func activeText(l i18n.Lang, active bool) string {
	if active {
		return i18n.T(l, "admin.active")
	}
	return i18n.T(l, "admin.inactive")
}

func orDash(s string) string {
	if s == "" {
		return i18n.Unknown
	}
	return s
}
