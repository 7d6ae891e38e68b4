package model_test

import (
	"testing"

	"sipas/analysis/model"
)

// A million rows in 50 strata of 40 clusters, as R's svyglm is timed on.
func BenchmarkMillion(b *testing.B) {
	s := draw(1, 50, 40, 500)
	d, data := s.design(b), s.data(b)
	b.Run("gaussian", func(b *testing.B) {
		for b.Loop() {
			glm(b, d, data, "y ~ x + group + z", "gaussian", model.Options{})
		}
	})
	b.Run("logistic", func(b *testing.B) {
		for b.Loop() {
			glm(b, d, data, "binary ~ x + group + z", "binomial", model.Options{})
		}
	})
	b.Run("ordinal", func(b *testing.B) {
		for b.Loop() {
			ordinal(b, d, data, "ordered ~ x + group + z", model.Logit)
		}
	})
}

// Two hundred refits of 100,000 rows.
func BenchmarkReplicates(b *testing.B) {
	s := draw(1, 10, 20, 500)
	d, data := jackknifed(b, s), s.data(b)
	for b.Loop() {
		glm(b, d, data, "binary ~ x + group + z", "binomial", model.Options{})
	}
}
