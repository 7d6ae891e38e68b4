package analysis_test

import (
	"errors"
	"testing"

	"sipas/analysis/design"
	"sipas/analysis/estimate"
)

var _ = register(func(a answers, all map[string]study) { a.domainLonely(a.t) })

// domainLonely is a domain that touches one of the two units of stratum 7, in a design whose stratum 3 has one unit, with R's
// survey.adjust.domain.lonely set.
func (a answers) domainLonely(t *testing.T) {
	f := readFrame(t, "apilonely")
	spec := design.Spec{
		Weights:      f.num("pw"),
		Stages:       []design.Stage{{Strata: design.Strings(f.cols["str"]), Clusters: design.Strings(f.cols["psu"])}},
		DomainLonely: true,
	}
	for name, policy := range map[string]design.Lonely{
		"fail": design.LonelyFail, "remove": design.LonelyRemove, "certainty": design.LonelyCertainty,
		"adjust": design.LonelyAdjust, "average": design.LonelyAverage,
	} {
		spec.Lonely = policy
		d, err := design.New(spec)
		if policy == design.LonelyFail {
			var lonely *design.LonelyError
			if !errors.As(err, &lonely) || len(lonely.Strata) != 1 || lonely.Strata[0] != "3" {
				t.Errorf("lonely stratum: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		in := func(i int) bool { return f.cols["str"][i] != "7" || f.cols["psu"][i] != "1" }
		a.single("lonely_domain_"+name, "api00", study{f, d}, in, estimate.Mean, f.num("api00"), false)
	}
}
