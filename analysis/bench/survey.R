# Measures R's survey package on the benchmark's data: Rscript survey.R DIR RUNS. Every line of the output is a word, the
# task's name and what was measured; the command beside this file reads them. Times are of data in memory.
args <- commandArgs(trailingOnly = TRUE)
dir <- args[1]
runs <- as.integer(args[2])
suppressMessages(library(survey))

say <- function(...) cat(..., "\n")
say("version", "R", as.character(getRversion()))
say("version", "survey", as.character(packageVersion("survey")))

# A task of a minute or more is not repeated: no chance could change its digit.
seconds <- function(task, f) {
  taken <- c()
  while (length(taken) < runs && (length(taken) == 0 || taken[1] < 60)) {
    gc()
    start <- proc.time()[["elapsed"]]
    value <- f()
    taken <- c(taken, proc.time()[["elapsed"]] - start)
  }
  say("time", task, taken)
  invisible(value)
}
figures <- function(task, x) say("figures", task, format(as.numeric(x), digits = 17))

start <- proc.time()[["elapsed"]]
data <- read.csv(file.path(dir, "data.csv"))
say("time", "read", proc.time()[["elapsed"]] - start)
margins <- read.csv(file.path(dir, "margins.csv"))
items <- as.formula(paste("~", paste0("i", 1:22, collapse = " + ")))

full <- seconds("design", function() svydesign(ids = ~psu, strata = ~stratum, weights = ~w, data = data, nest = TRUE))
one <- seconds("means 1x100", function() svyby(~i1, ~group, full, svymean, na.rm = TRUE))
figures("means 1x100", c(rbind(coef(one), SE(one))))
seconds("means 22x100", function() svyby(items, ~group, full, svymean, na.rm = TRUE))

q <- seconds("quantiles", function() svyquantile(~y, full, c(0.25, 0.5, 0.75)))
figures("quantiles", coef(q))

population <- function(name) {
  m <- margins[margins$variable == name, ]
  out <- data.frame(m$level, Freq = m$total)
  names(out)[1] <- name
  out
}
raked <- seconds("raking", function() {
  rake(full, list(~age, ~region), list(population("age"), population("region")), control = list(maxit = 100, epsilon = 1e-10))
})
figures("raking", weights(raked)[1:50])
rm(raked)
totals <- c(sum(population("age")$Freq), population("age")$Freq[-1], population("region")$Freq[-1])
calibrated <- seconds("calibration", function() calibrate(full, ~ factor(age) + factor(region), totals))
figures("calibration", weights(calibrated)[1:50])
rm(calibrated)

chisq <- seconds("table test", function() svychisq(~ age + i1, full))
figures("table test", c(chisq$statistic, chisq$p.value))
fit <- seconds("linear model", function() svyglm(y ~ x + z + factor(age), full))
figures("linear model", c(rbind(coef(fit), SE(fit))))
fit <- seconds("logistic model", function() svyglm(z ~ x + y + factor(age), full, family = quasibinomial()))
figures("logistic model", c(rbind(coef(fit), SE(fit))))
rm(fit)

twentieth <- svydesign(ids = ~psu, strata = ~stratum, weights = ~w, data = data[seq(1, nrow(data), 20), ], nest = TRUE)
fine <- seconds("means 1x6760", function() svyby(~y, ~fine, twentieth, svymean))
figures("means 1x6760", coef(fine))
rm(twentieth)

tenth <- svydesign(ids = ~psu, strata = ~stratum, weights = ~w, data = data[seq(1, nrow(data), 10), ], nest = TRUE)
boot <- seconds("replicates", function() as.svrepdesign(tenth, type = "subbootstrap", replicates = 200))
write.table(boot$repweights$weights, file.path(dir, "factors.csv"), sep = ",", row.names = FALSE, col.names = FALSE)
writeLines(as.character(boot$repweights$index), file.path(dir, "index.csv"))
many <- seconds("replicate means", function() svyby(~y, ~region, boot, svymean))
figures("replicate means", c(rbind(coef(many), SE(many))))

status <- readLines("/proc/self/status")
say("memory", "peak", as.numeric(gsub("[^0-9]", "", status[grepl("^VmHWM", status)])) * 1024)
