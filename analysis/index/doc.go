// Package index evaluates composite indices that are given as data: trees of nodes
// with coefficients, intercepts, scales, directions, rounding and a rule for what is
// missing. Nothing in it knows an index by name; SIPAS, PAPI, a PAPI-style score and
// the one-stop evaluation of Circular 01/2018 are four trees.
//
// Every node is a linear function of the leaves that are present, rounding aside,
// and comes with that function: constant and gradient. The standard error of a
// composite follows from the gradient and the joint covariance of the leaves
// (estimate.Linear), never from adding variances.
//
// Nominal bounds are what is printed; attainable bounds are what the
// coefficients allow. They differ in official indices, and both are returned.
package index
