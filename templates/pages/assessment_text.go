package pages

import (
	"math"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"sipas/templates/i18n"
)

func (v AssessmentView) lead() string {
	l := v.Shell.Lang
	switch {
	case v.Total != "" && len(v.Lacking) == 0:
		return i18n.T(l, "assessment.lead_whole", "total", v.Total, "most", v.Most)
	case v.Total != "":
		return i18n.T(l, "assessment.lead_open", "total", v.Total, "most", v.Most)
	case v.Scored == 0:
		return i18n.Count(l, "assessment.lead_empty", v.Criteria)
	}
	return i18n.Count(l, "assessment.lead_partly", v.Criteria-v.Scored, "points", v.SoFar, "most", v.SoFarOf)
}

// wide is where a share of a scale ends on a bar of a hundred units.
func wide(share float64) string {
	if math.IsNaN(share) {
		return "0"
	}
	return strconv.FormatFloat(math.Round(share*1000)/10, 'f', -1, 64)
}

func known(x float64) bool { return !math.IsNaN(x) }

// pointAttributes are what the field of points has besides its name.
func pointAttributes(f PointField) templ.Attributes {
	a := templ.Attributes{}
	var described []string
	if f.Error != "" {
		a["aria-invalid"], described = "true", append(described, f.ID+"-error")
	}
	if f.Stored != "" {
		described = append(described, f.ID+"-stored")
	}
	if f.Unread {
		described = append(described, f.ID+"-unread")
	}
	if len(described) > 0 {
		a["aria-describedby"] = strings.Join(described, " ")
	}
	return a
}

// attachAttributes tie the field of files to its hint and its error.
func attachAttributes(n AssessmentNode) templ.Attributes {
	a := templ.Attributes{"aria-describedby": n.ID + "-hint"}
	if n.Problem != "" {
		a["aria-describedby"], a["aria-invalid"] = n.ID+"-file-error "+n.ID+"-hint", "true"
	}
	return a
}
