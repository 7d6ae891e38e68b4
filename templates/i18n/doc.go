// Package i18n holds every word of the pages, by dotted key, in Vietnamese, English
// and Chinese, and writes numbers, per cents and dates as each language does.
//
// The language is an argument of every function: there is no current language, so
// two requests can never see each other's. A text may hold parameters in braces,
// "{n}"; English has a plural, so a counted text has two entries, "key.one" and
// "key.other", of which Vietnamese and Chinese have only the second.
//
// Citizens' pages exist in all three languages. Pages behind the sign-in exist in
// Vietnamese and English; Chinese falls back to English there. Tests hold the
// catalogues whole: nothing missing, empty, unused or with other parameters.
package i18n
