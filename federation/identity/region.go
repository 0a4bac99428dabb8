package identity

import (
	"slices"
	"strings"
)

// Nation is the code of the nation as a whole. It is no region: [Regions] leaves it out.
const Nation = "00"

// Region is a province-level division of GB/T 2260.
type Region struct {
	Code    string // two digits
	Name    string // full Chinese name
	English string
	Pinyin  string // of the short name, lower-case, without tones or spaces, for search while typing
}

// regions is the table, in the order of codes. Nothing writes to it.
var regions = [...]Region{
	{"11", "北京市", "Beijing", "beijing"},
	{"12", "天津市", "Tianjin", "tianjin"},
	{"13", "河北省", "Hebei", "hebei"},
	{"14", "山西省", "Shanxi", "shanxi"},
	{"15", "内蒙古自治区", "Inner Mongolia", "neimenggu"},
	{"21", "辽宁省", "Liaoning", "liaoning"},
	{"22", "吉林省", "Jilin", "jilin"},
	{"23", "黑龙江省", "Heilongjiang", "heilongjiang"},
	{"31", "上海市", "Shanghai", "shanghai"},
	{"32", "江苏省", "Jiangsu", "jiangsu"},
	{"33", "浙江省", "Zhejiang", "zhejiang"},
	{"34", "安徽省", "Anhui", "anhui"},
	{"35", "福建省", "Fujian", "fujian"},
	{"36", "江西省", "Jiangxi", "jiangxi"},
	{"37", "山东省", "Shandong", "shandong"},
	{"41", "河南省", "Henan", "henan"},
	{"42", "湖北省", "Hubei", "hubei"},
	{"43", "湖南省", "Hunan", "hunan"},
	{"44", "广东省", "Guangdong", "guangdong"},
	{"45", "广西壮族自治区", "Guangxi", "guangxi"},
	{"46", "海南省", "Hainan", "hainan"},
	{"50", "重庆市", "Chongqing", "chongqing"},
	{"51", "四川省", "Sichuan", "sichuan"},
	{"52", "贵州省", "Guizhou", "guizhou"},
	{"53", "云南省", "Yunnan", "yunnan"},
	{"54", "西藏自治区", "Xizang", "xizang"},
	{"61", "陕西省", "Shaanxi", "shaanxi"},
	{"62", "甘肃省", "Gansu", "gansu"},
	{"63", "青海省", "Qinghai", "qinghai"},
	{"64", "宁夏回族自治区", "Ningxia", "ningxia"},
	{"65", "新疆维吾尔自治区", "Xinjiang", "xinjiang"},
	{"71", "台湾省", "Taiwan", "taiwan"},
	{"81", "香港特别行政区", "Hong Kong", "xianggang"},
	{"82", "澳门特别行政区", "Macao", "aomen"},
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
