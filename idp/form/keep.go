package form

import (
	"net/http"
	"slices"
	"strings"

	"manyou/idp/web"
)

// keptPrefix marks fields that a page of the console sends along for later: they are labelled as what they are.
const keptPrefix = "kept_"

// Typed reports whether a form holds words that somebody would have to write again.
func Typed(values map[string][]string) bool {
	for name, list := range values {
		if slices.Contains(web.KeptTexts(), strings.TrimPrefix(name, keptPrefix)) && strings.TrimSpace(strings.Join(list, "")) != "" {
			return true
		}
	}
	return false
}

// Keep answers a form that cannot be taken now with the same form, for the same address, and with what was typed. It is sent again by the person
// alone: the page has no script that would. A form that did not say whom it was made for is sent for nobody, since nobody knows who wrote it.
func (f *Forms) Keep(w http.ResponseWriter, r *http.Request, values map[string][]string, page *web.KeptPage) {
	page.By = ""
	if said := values[field]; len(said) == 1 {
		page.By = said[0]
	}
	page.Action = r.URL.RequestURI()
	if page.To != "" {
		page.Action = page.To
	}
	for name, list := range values {
		for _, v := range list {
			one := web.KeptField{Name: name, Value: v}
			if label := strings.TrimPrefix(name, keptPrefix); slices.Contains(web.KeptTexts(), label) && v != "" {
				one.Label, one.Long = label, slices.Contains(web.KeptLong(), label)
			}
			if name != field {
				page.Fields = append(page.Fields, one)
			}
		}
	}
	slices.SortFunc(page.Fields, func(a, b web.KeptField) int { return strings.Compare(a.Name, b.Name) })
	f.c.Web.Render(w, r, http.StatusForbidden, page)
}
