package web

import (
	"net/http"
	"net/url"
	"time"

	"golang.org/x/text/language"

	"sipas/survey"
	"sipas/templates/i18n"
	"sipas/templates/layout"
)

const languageCookie = "sipas_lang"

// tags are the offered languages as a matcher wants them. The first is taken when nothing matches.
var (
	tags    = []language.Tag{language.Vietnamese, language.English, language.Chinese}
	matcher = language.NewMatcher(tags)
)

// language says in which language to answer: the address asks first, then what was chosen before, then the browser's
// settings, and Vietnamese where nothing is known. Asking by the address is remembered.
func (s *Server) language(c *call) survey.Lang {
	if asked, ok := survey.ParseLang(c.query("lang")); ok {
		s.rememberLanguage(c, asked)
		return asked
	}
	if cookie, err := c.request().Cookie(languageCookie); err == nil {
		if chosen, ok := survey.ParseLang(cookie.Value); ok {
			return chosen
		}
	}
	wanted, _, err := language.ParseAcceptLanguage(c.request().Header.Get("Accept-Language"))
	if err != nil || len(wanted) == 0 {
		return survey.Vietnamese
	}
	_, i, _ := matcher.Match(wanted...)
	return survey.Languages()[i]
}

func (s *Server) rememberLanguage(c *call, l survey.Lang) {
	http.SetCookie(c.echo.Response(), &http.Cookie{
		Name: languageCookie, Value: string(l), Path: "/", MaxAge: int((365 * 24 * time.Hour).Seconds()),
		HttpOnly: true, Secure: s.cfg.Secure, SameSite: http.SameSiteLaxMode,
	})
}

// languageLinks lead to the same page in other languages. They are relative, so that the secret of a citizen's path
// does not stand in its page, and keep the filter of the address.
// An answer to something that was sent has none: it cannot be asked for by an address.
func languageLinks(c *call, current survey.Lang, offered []survey.Lang) []layout.LanguageLink {
	if c.request().Method != http.MethodGet {
		return nil
	}
	query := c.request().URL.Query()
	links := make([]layout.LanguageLink, 0, len(offered))
	for _, l := range offered {
		query.Set("lang", string(l))
		links = append(links, layout.LanguageLink{Lang: l, Href: "?" + query.Encode(), Current: l == current})
	}
	return links
}

// languagesOf lead to a page of staff's by its path, from the answer to one of its forms.
func languagesOf(c *call, path string) []layout.LanguageLink {
	var links []layout.LanguageLink
	for _, l := range i18n.StaffLanguages() {
		links = append(links, layout.LanguageLink{Lang: l, Href: path + "?lang=" + string(l), Current: l == c.lang})
	}
	return links
}

// citizenShell is the frame of a page for everybody. office says who asks.
func (s *Server) citizenShell(c *call, office string) layout.Citizen {
	return layout.Citizen{
		Lang: c.lang, Languages: languageLinks(c, c.lang, i18n.Languages()), Office: office, Demo: s.cfg.Demo,
	}
}

// address is a path of this program with a query.
func address(path string, query url.Values) string {
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}
