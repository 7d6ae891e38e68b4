package model_test

import (
	"errors"
	"math/rand/v2"
	"testing"

	"sipas/analysis/model"
)

// Small samples on every scale: each fit is found, or proved not to exist.
func TestFoundOrSeparated(t *testing.T) {
	t.Parallel()
	for seed := range uint64(150) {
		s := draw(seed, 2, 2, 3+int(seed%5))
		src := rand.New(rand.NewPCG(seed, 3))
		for i := range s.z {
			s.z[i] *= []float64{1, 1e6, 1e-6}[seed%3]
			s.y[i] = 1 + 10*s.count[i] + src.Float64()
		}
		d, data := s.design(t), s.data(t)
		for _, c := range [][2]string{
			{"binary ~ x + z", "binomial"}, {"binary ~ group * z", "binomial(probit)"}, {"binary ~ x + group", "binomial(cloglog)"},
			{"count ~ x * group + z", "poisson"}, {"y ~ x + z", "Gamma(log)"}, {"y ~ x + group", "Gamma"}, {"y ~ x * z * group", "gaussian"},
		} {
			family, err := model.ParseFamily(c[1])
			check(t, err)
			_, err = model.GLM(d, parse(t, c[0]), data, family, model.Options{})
			var separated *model.SeparationError
			if err != nil && !errors.As(err, &separated) {
				t.Errorf("draw %d, %s, %s: %v", seed, c[0], family, err)
			}
		}
		for _, link := range []model.Link{model.Logit, model.Probit, model.Cloglog, model.Loglog} {
			_, err := model.Ordinal(d, parse(t, "ordered ~ x + z"), data, link, model.Options{})
			var separated *model.SeparationError
			if err != nil && !errors.As(err, &separated) {
				t.Errorf("draw %d, %s: %v", seed, link, err)
			}
		}
	}
}
