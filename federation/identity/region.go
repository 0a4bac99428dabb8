package identity

import (
	"slices"
	"strings"
	"time"
)

// Nation is the code of the nation as a whole. It is no region: [Regions] leaves it out.
const Nation = "00"

// Region is a province-level division of GB/T 2260.
type Region struct {
	Code    string // two digits
	Name    string // full Chinese name
	English string
	Pinyin  string // of the short name, lower-case, without tones or spaces, for search while typing
	// Initials are those of the pinyin's syllables: "sc". Several regions share some.
	Initials string
}

// regions is the table, in the order of codes. Nothing writes to it.
var regions = [...]Region{
	{"11", "北京市", "Beijing", "beijing", "bj"},
	{"12", "天津市", "Tianjin", "tianjin", "tj"},
	{"13", "河北省", "Hebei", "hebei", "hb"},
	{"14", "山西省", "Shanxi", "shanxi", "sx"},
	{"15", "内蒙古自治区", "Inner Mongolia", "neimenggu", "nmg"},
	{"21", "辽宁省", "Liaoning", "liaoning", "ln"},
	{"22", "吉林省", "Jilin", "jilin", "jl"},
	{"23", "黑龙江省", "Heilongjiang", "heilongjiang", "hlj"},
	{"31", "上海市", "Shanghai", "shanghai", "sh"},
	{"32", "江苏省", "Jiangsu", "jiangsu", "js"},
	{"33", "浙江省", "Zhejiang", "zhejiang", "zj"},
	{"34", "安徽省", "Anhui", "anhui", "ah"},
	{"35", "福建省", "Fujian", "fujian", "fj"},
	{"36", "江西省", "Jiangxi", "jiangxi", "jx"},
	{"37", "山东省", "Shandong", "shandong", "sd"},
	{"41", "河南省", "Henan", "henan", "hn"},
	{"42", "湖北省", "Hubei", "hubei", "hb"},
	{"43", "湖南省", "Hunan", "hunan", "hn"},
	{"44", "广东省", "Guangdong", "guangdong", "gd"},
	{"45", "广西壮族自治区", "Guangxi", "guangxi", "gx"},
	{"46", "海南省", "Hainan", "hainan", "hn"},
	{"50", "重庆市", "Chongqing", "chongqing", "cq"},
	{"51", "四川省", "Sichuan", "sichuan", "sc"},
	{"52", "贵州省", "Guizhou", "guizhou", "gz"},
	{"53", "云南省", "Yunnan", "yunnan", "yn"},
	{"54", "西藏自治区", "Xizang", "xizang", "xz"},
	{"61", "陕西省", "Shaanxi", "shaanxi", "sx"},
	{"62", "甘肃省", "Gansu", "gansu", "gs"},
	{"63", "青海省", "Qinghai", "qinghai", "qh"},
	{"64", "宁夏回族自治区", "Ningxia", "ningxia", "nx"},
	{"65", "新疆维吾尔自治区", "Xinjiang", "xinjiang", "xj"},
	{"71", "台湾省", "Taiwan", "taiwan", "tw"},
	{"81", "香港特别行政区", "Hong Kong", "xianggang", "xg"},
	{"82", "澳门特别行政区", "Macao", "aomen", "am"},
}

// RegionOfResidentID is the region whose office issued a resident ID, by its first two digits (GB 11643 §4.1). It is a guess at where
// the citizen lives, and no more.
func RegionOfResidentID(number string, now time.Time) (Region, bool) {
	d, err := ParseDocument(string(ResidentID), number, now)
	if err != nil {
		return Region{}, false
	}
	return LookupRegion(d.Number[:2])
}

// Regions lists the 34 province-level divisions in the order of their codes.
func Regions() []Region { return slices.Clone(regions[:]) }

// LookupRegion finds a region by its code. It finds neither the nation nor a code of more digits.
func LookupRegion(code string) (Region, bool) {
	i, ok := slices.BinarySearchFunc(regions[:], code, func(r Region, code string) int { return strings.Compare(r.Code, code) })
	if !ok {
		return Region{}, false
	}
	return regions[i], true
}
