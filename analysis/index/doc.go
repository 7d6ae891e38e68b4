// Package index evaluates composite indices that are given as data: trees of nodes
// with coefficients, intercepts, scales, directions, targets, rounding and a rule for what is
// missing. Nothing in it knows an index by name; SIPAS, PAPI of every era, the evaluation of
// one-stop shops, the PAR Index and whatever an office makes up are trees.
//
// Every node is a linear function of what was given of the tree, rounding aside,
// and comes with that function: constant and gradient. The standard error of a
// composite follows from the gradient and the joint covariance of the leaves
// (estimate.Linear), never from adding variances. Where a leaf has passed its target, the function is flat there.
//
// What is missing does what the node says: it withholds the node (Fail), is left out without (Drop) or with a rescaling of
// the others (Rescale), or counts as the worst that it could be (Floor).
//
// Nominal bounds are what is printed; attainable bounds are what the
// coefficients allow. They differ in official indices, and both are returned: with nothing missing, and from what is there.
//
// Beside the tree there may be derived nodes, which combine nodes of it by their codes: a weighted total beside the plain
// one. None may rest on itself.
package index
