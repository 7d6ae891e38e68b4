package analysis_test

// Each line goes when its area computes the numbers.
var _ = register(func(answers, map[string]study) {},
	left{`^((w_|design:)(jk1|jkn|brr|fay|boot|subboot|mrb)|rep_(mean|total|ratio|by|with|var)_|lonely_jkn|hadamard|cal_[a-z]+_jk1)`, "pending: replicates"},
	left{`^((w|design:|cal_(mean|total|ratio|by))_?(agg1|sinh2|trim[123]|ratio_cal|trimopt)|bounds_const|rake_not_converged|ratio_cal_total)`, "pending: weights"},
	left{`^(rep_quant|rep_ciprop|quant_|by_quant|var_|cdf|by_unwtd|na_rm_mean|ratio_common|ratio_separate|standardize|ciprop_(inf|zero)|ciprop_\w+_logit_|confint_z|cv_|lonely_domain)`, "pending: estimates"},
	left{`^(rep_glm|rep_olr|glm|olr|termtest|aic|psrsq|predict|predmeans)`, "pending: models"},
	left{`^(rep_chisq|rep_ttest|chisq|table|ttest|rank|gof|kappa|cralpha|loglin|pchisqsum|pFsum)`, "pending: tests"},
)
