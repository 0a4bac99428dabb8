package web

import (
	"slices"
	"strings"

	"manyou/federation/identity"
)

// ProvincePage lets the citizen choose the issuer to sign in at (region). Actions: upstream, back.
type ProvincePage struct {
	Frame
	Action    string
	Provinces []Province
	// Suggested are the regions that this citizen probably comes from, the likeliest first; shown once more, on top.
	Suggested []string
	Detached  bool // the nation cannot be reached: these can be without it
}

func (*ProvincePage) template() string { return "province" }
func (*ProvincePage) title() string    { return "province.title" }

func (p *ProvincePage) script() string {
	if p.Searchable() {
		return assetProvinces
	}
	return ""
}

// Province is an issuer to sign in at.
type Province struct {
	Region string // "33"
	Name   string // shown if the region is none of GB/T 2260
}

// searchable is how many provinces it takes for the list to be grouped and searched.
const searchable = 9

// Searchable reports whether the list is long.
func (p *ProvincePage) Searchable() bool { return len(p.Provinces) >= searchable }

// Area is a group of provinces that lie together.
type Area struct {
	Key       string // of its message, "" for the only group of a short list
	Provinces []place
}

// place is a province as it is shown.
type place struct{ Region, Chinese, English, Search string }

// areas are the groups, by the first digits of the codes: GB/T 2260 is made that way. The last takes what is left.
var areas = [...]struct{ key, digits string }{
	{"north", "1"}, {"northeast", "2"}, {"east", "3"}, {"south", "4"}, {"southwest", "5"}, {"northwest", "6"}, {"islands", "78"},
	{"other", ""},
}

// areaOf is the group of a code.
func areaOf(region string) int {
	for i, a := range areas {
		if region != "" && strings.Contains(a.digits, region[:1]) {
			return i
		}
	}
	return len(areas) - 1
}

// short is the name that a region goes by: "内蒙古" for "内蒙古自治区".
func short(name string) string {
	for _, kind := range []string{"特别行政区", "维吾尔自治区", "壮族自治区", "回族自治区", "自治区", "省", "市"} {
		if s, ok := strings.CutSuffix(name, kind); ok {
			return s
		}
	}
	return name
}

// Areas are the provinces in groups, each in the order of codes.
func (p *ProvincePage) Areas() []Area {
	places := make([]place, 0, len(p.Provinces))
	for _, v := range p.Provinces {
		shown := place{Region: v.Region, Chinese: v.Name, English: v.Name, Search: strings.ToLower(v.Name + " " + v.Region)}
		if r, ok := identity.LookupRegion(v.Region); ok {
			shown.Chinese, shown.English = short(r.Name), r.English
			shown.Search = strings.ToLower(strings.Join([]string{r.Name, r.Pinyin, r.Initials, r.English, v.Name, v.Region}, " "))
		}
		places = append(places, shown)
	}
	slices.SortFunc(places, func(a, b place) int { return strings.Compare(a.Region, b.Region) })
	if !p.Searchable() {
		return []Area{{Provinces: places}}
	}
	groups := make([]Area, len(areas))
	for i, a := range areas {
		groups[i].Key = "area." + a.key
	}
	for _, v := range places {
		i := areaOf(v.Region)
		groups[i].Provinces = append(groups[i].Provinces, v)
	}
	suggested := Area{Key: "area.suggested"}
	for _, region := range p.Suggested {
		if i := slices.IndexFunc(places, func(v place) bool { return v.Region == region }); i >= 0 {
			suggested.Provinces = append(suggested.Provinces, places[i])
		}
	}
	groups = append([]Area{suggested}, groups...)
	return slices.DeleteFunc(groups, func(a Area) bool { return len(a.Provinces) == 0 })
}
