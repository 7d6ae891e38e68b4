package report

import (
	"fmt"
	"strconv"
	"sync"

	"sipas/analysis/index"
	"sipas/data"
	"sipas/survey"
)

// shipped parses the frameworks that the program brings, once. A broken one is a broken build.
var shipped = sync.OnceValue(func() map[survey.FrameworkRef]*survey.Framework {
	all := map[survey.FrameworkRef]*survey.Framework{}
	for _, id := range data.Frameworks() {
		doc, _ := data.Framework(id)
		f, err := survey.ParseFramework(doc)
		if err != nil {
			panic(fmt.Sprintf("report: framework %s: %v", id, err))
		}
		all[f.Ref()] = f
	}
	return all
})

// ShippedFramework returns a version of a framework that the program brings.
func ShippedFramework(ref survey.FrameworkRef) (*survey.Framework, bool) {
	f, ok := shipped()[ref]
	return f, ok
}

// FrameworksOf finds frameworks among those at hand, and then among those that the program brings.
func FrameworksOf(own []*survey.Framework) survey.Frameworks {
	return func(ref survey.FrameworkRef) (*survey.Framework, bool) {
		for _, f := range own {
			if f.Ref() == ref {
				return f, true
			}
		}
		return ShippedFramework(ref)
	}
}

// Compile makes the tree that computes a framework, its derived nodes included. It finds what the document alone does not
// show: attainable bounds that are not those which the weights allow, and rules that have nothing to rest on. The cause of its error is
// survey.Faults where the document is at fault.
func Compile(f *survey.Framework) (*index.Tree, error) {
	const op = "compile framework"
	derived := make([]index.Node, len(f.Derived))
	for i, d := range f.Derived {
		derived[i] = index.Node{
			Code: d.Code, Combine: combinations[d.Combine], Intercept: d.Intercept, Missing: missingRules[d.Missing],
			Round: d.Round, Rounding: index.Rounding(d.Rounding), Nominal: boundsOf(d.Nominal),
		}
		for _, t := range d.Terms {
			derived[i].Terms = append(derived[i].Terms, index.Term{Code: t.Node, Coefficient: t.Coefficient})
		}
	}
	tree, err := index.New(indexNode(f.Measure, &f.Root), derived...)
	if err != nil {
		return nil, &survey.Error{Code: survey.CodeDocumentInvalid, Op: op, Params: map[string]string{"document": f.ID}, Err: err}
	}
	var faults survey.Faults
	f.Walk(func(n *survey.Node, above []*survey.Node) {
		reach, _ := tree.Reach(n.Code)
		if n.Attainable == nil || agree(reach.Min, n.Attainable.Min) && agree(reach.Max, n.Attainable.Max) {
			return
		}
		path := ""
		for _, a := range above {
			path += a.Code + "/"
		}
		text := func(x float64) string { return strconv.FormatFloat(x, 'g', 12, 64) }
		faults = append(faults, survey.Fault{
			Path: path + n.Code, Field: "attainable", Code: survey.FaultAttainable,
			Params: map[string]string{"min": text(reach.Min), "max": text(reach.Max), "stated": text(n.Attainable.Min) + " to " + text(n.Attainable.Max)},
		})
	})
	if len(faults) > 0 {
		return nil, &survey.Error{Code: survey.CodeDocumentInvalid, Op: op, Params: map[string]string{"document": f.ID}, Err: faults}
	}
	return tree, nil
}

// agree reports whether two numbers are the same but for the digits that a document keeps.
func agree(a, b float64) bool {
	d := a - b
	return d <= 1e-8 && d >= -1e-8
}
